"""The statistician's side: truth, estimates, the clear-text baseline and the report.

Holds no key and never sees what a party sees, except where a baseline is asked for
(:mod:`pprl.quality.baseline.run`), and says so then.
"""

from pprl.quality.baseline.plain import read_plain
from pprl.quality.baseline.run import BASELINE_NOTICE, Baseline, run_baseline
from pprl.quality.judging.evaluate import Evaluation, evaluate
from pprl.quality.judging.explain import Explanation, explain
from pprl.quality.judging.gates import enforce_gates, judge_gates
from pprl.quality.judging.truth import read_id_maps, read_truth
from pprl.quality.report.page import render_report, to_json, write_report

__all__ = [
    "BASELINE_NOTICE",
    "Baseline",
    "Evaluation",
    "Explanation",
    "enforce_gates",
    "evaluate",
    "explain",
    "judge_gates",
    "read_id_maps",
    "read_plain",
    "read_truth",
    "render_report",
    "run_baseline",
    "to_json",
    "write_report",
]
