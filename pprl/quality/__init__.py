"""The statistician's side: truth, estimates, the clear-text baseline and the report.

It holds no key and never sees what a party sees, unless a baseline is asked for
(:mod:`pprl.quality.baseline.run`); then it says so.
"""

from pprl.quality.baseline.plain import read_plain
from pprl.quality.baseline.run import BASELINE_NOTICE, Baseline, run_baseline
from pprl.quality.judging.evaluate import evaluate
from pprl.quality.judging.evaluation import Evaluation
from pprl.quality.judging.explain import Explanation, explain
from pprl.quality.judging.gates import enforce_gates, judge_gates
from pprl.quality.judging.truth import read_id_maps, read_truth
from pprl.quality.report.content import report_content, to_json
from pprl.quality.report.page import render_report, write_report
from pprl.quality.report.verdict import summarise

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
    "report_content",
    "run_baseline",
    "summarise",
    "to_json",
    "write_report",
]
