"""The statistician's side: truth, estimates, the clear-text baseline and the report.

Holds no key and never sees what a party sees, except where a baseline is asked for
(:mod:`pprl.quality.baseline`), and says so then.
"""

from pprl.quality.baseline import BASELINE_NOTICE, Baseline, run_baseline
from pprl.quality.evaluate import Evaluation, evaluate
from pprl.quality.explain import Explanation, explain
from pprl.quality.gates import enforce_gates, judge_gates
from pprl.quality.plain import read_plain
from pprl.quality.report import render_report, to_json, write_report
from pprl.quality.truth import read_id_maps, read_truth

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
