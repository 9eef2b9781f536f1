"""Privacy-preserving record linkage: encode, match, evaluate.

The whole road in Python, on DataFrames::

    import pprl

    agreement = pprl.Agreement.load("linkage.toml")
    key = pprl.Key.load("parties.key")                       # at the parties only
    a = pprl.encode(people_a, agreement, key, party="health", id_column="id")
    b = pprl.encode(people_b, agreement, key, party="education", id_column="id")
    links = pprl.match([a.encoded, b.encoded])               # at the unit, which has no key
    result = pprl.evaluate(links, truth=truth, ids={"health": a.id_map, "education": b.id_map})
    pprl.write_report(result, "report.html")
    why = pprl.explain(links, links.links["link_id"][0])

Names are loaded when they are first used, so that the unit's program never imports the parties' code.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pprl.base import version as _version

if TYPE_CHECKING:
    from pprl.base.errors import PprlError
    from pprl.engines.options import SparkOptions
    from pprl.engines.spark import SparkEngine
    from pprl.exchange.agreement.model import Agreement
    from pprl.exchange.encoded.file import EncodedFile, read_encoded, write_encoded
    from pprl.exchange.links.folder import Links, read_links, write_links
    from pprl.exchange.links.run_entries import ExpectedQuality
    from pprl.exchange.links.run_record import RunRecord
    from pprl.party.drafting.draft import Draft, draft_agreement
    from pprl.party.encoding.check import TableCheck, check
    from pprl.party.encoding.encode import EncodedPaths, Encoding, encode, encode_file
    from pprl.party.keys.id_map import read_id_map, resolve, write_id_map
    from pprl.party.keys.key import Key
    from pprl.party.reading.people import ReadingOptions
    from pprl.quality.judging.evaluate import evaluate
    from pprl.quality.judging.evaluation import Evaluation
    from pprl.quality.judging.explain import Explanation, explain
    from pprl.quality.judging.truth import read_id_maps, read_truth
    from pprl.quality.report.page import write_report
    from pprl.tables import ColumnMap, load_column_map, read_csv_text
    from pprl.unit.run.job import LinkageJob, match
    from pprl.unit.run.options import MatchOptions
    from pprl.unit.run.plan import MatchPlan, plan_match

__version__ = _version.VERSION

__all__ = [
    "Agreement",
    "ColumnMap",
    "Draft",
    "EncodedFile",
    "EncodedPaths",
    "Encoding",
    "Evaluation",
    "ExpectedQuality",
    "Explanation",
    "Key",
    "LinkageJob",
    "Links",
    "MatchOptions",
    "MatchPlan",
    "PprlError",
    "ReadingOptions",
    "RunRecord",
    "SparkEngine",
    "SparkOptions",
    "TableCheck",
    "__version__",
    "check",
    "draft_agreement",
    "encode",
    "encode_file",
    "evaluate",
    "explain",
    "load_column_map",
    "match",
    "plan_match",
    "read_csv_text",
    "read_encoded",
    "read_id_map",
    "read_id_maps",
    "read_links",
    "read_truth",
    "resolve",
    "write_encoded",
    "write_id_map",
    "write_links",
    "write_report",
]

_HOMES = {
    "PprlError": "pprl.base.errors",
    "SparkOptions": "pprl.engines.options",
    "SparkEngine": "pprl.engines.spark",
    "Agreement": "pprl.exchange.agreement.model",
    "EncodedFile": "pprl.exchange.encoded.file",
    "read_encoded": "pprl.exchange.encoded.file",
    "write_encoded": "pprl.exchange.encoded.file",
    "Links": "pprl.exchange.links.folder",
    "read_links": "pprl.exchange.links.folder",
    "write_links": "pprl.exchange.links.folder",
    "ExpectedQuality": "pprl.exchange.links.run_entries",
    "RunRecord": "pprl.exchange.links.run_record",
    "Draft": "pprl.party.drafting.draft",
    "draft_agreement": "pprl.party.drafting.draft",
    "TableCheck": "pprl.party.encoding.check",
    "check": "pprl.party.encoding.check",
    "EncodedPaths": "pprl.party.encoding.encode",
    "Encoding": "pprl.party.encoding.encode",
    "encode": "pprl.party.encoding.encode",
    "encode_file": "pprl.party.encoding.encode",
    "read_id_map": "pprl.party.keys.id_map",
    "resolve": "pprl.party.keys.id_map",
    "write_id_map": "pprl.party.keys.id_map",
    "Key": "pprl.party.keys.key",
    "ReadingOptions": "pprl.party.reading.people",
    "evaluate": "pprl.quality.judging.evaluate",
    "Evaluation": "pprl.quality.judging.evaluation",
    "Explanation": "pprl.quality.judging.explain",
    "explain": "pprl.quality.judging.explain",
    "read_id_maps": "pprl.quality.judging.truth",
    "read_truth": "pprl.quality.judging.truth",
    "write_report": "pprl.quality.report.page",
    "ColumnMap": "pprl.tables",
    "load_column_map": "pprl.tables",
    "read_csv_text": "pprl.tables",
    "LinkageJob": "pprl.unit.run.job",
    "match": "pprl.unit.run.job",
    "MatchOptions": "pprl.unit.run.options",
    "MatchPlan": "pprl.unit.run.plan",
    "plan_match": "pprl.unit.run.plan",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "synth":  # made-up populations: pprl.synth.population(...)
        return import_module("pprl.synth")
    raise AttributeError(f"module 'pprl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
