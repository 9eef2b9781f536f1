"""Privacy-preserving record linkage: encode, match, evaluate.

The complete workflow in Python, on DataFrames::

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
    from pprl import synth
    from pprl.base.errors import (
        AgreementError,
        DataError,
        EncodedFileError,
        GateError,
        KeyFileError,
        LinksError,
        MismatchError,
        OutputError,
        PprlError,
        UsageError,
    )
    from pprl.base.progress import Progress
    from pprl.base.unfinished import Unfinished
    from pprl.engines.options import SparkOptions
    from pprl.engines.spark import SparkEngine
    from pprl.exchange.agreement.model import Agreement
    from pprl.exchange.encoded.file import EncodedFile, read_encoded, write_encoded
    from pprl.exchange.identify import identify
    from pprl.exchange.links.folder import Links, read_links, write_links
    from pprl.exchange.links.run_entries import ExpectedQuality
    from pprl.exchange.links.run_record import RunRecord
    from pprl.exchange.links.tables import LinkTables
    from pprl.party.drafting.draft import Draft, draft_agreement
    from pprl.party.encoding.check import TableCheck, check, check_file
    from pprl.party.encoding.encode import EncodedPaths, Encoding, encode, encode_file
    from pprl.party.encoding.row_counts import RowCounts
    from pprl.party.keys.id_map import read_id_map, resolve, write_id_map
    from pprl.party.keys.key import Key
    from pprl.party.reading.people import ReadingOptions
    from pprl.quality.judging.evaluate import evaluate
    from pprl.quality.judging.evaluation import Evaluation
    from pprl.quality.judging.explain import Explanation, explain
    from pprl.quality.judging.truth import read_id_maps, read_truth
    from pprl.quality.report.page import write_report
    from pprl.tables import ColumnMap, load_column_map, read_csv_text
    from pprl.tables.frames import Table
    from pprl.unit.blocking.engine import Engine
    from pprl.unit.run.job import LinkageJob, match
    from pprl.unit.run.options import MatchOptions
    from pprl.unit.run.plan import MatchPlan, plan_match

__version__ = _version.VERSION

__all__ = [
    "Agreement",
    "AgreementError",
    "ColumnMap",
    "DataError",
    "Draft",
    "EncodedFile",
    "EncodedFileError",
    "EncodedPaths",
    "Encoding",
    "Engine",
    "Evaluation",
    "ExpectedQuality",
    "Explanation",
    "GateError",
    "Key",
    "KeyFileError",
    "LinkTables",
    "LinkageJob",
    "Links",
    "LinksError",
    "MatchOptions",
    "MatchPlan",
    "MismatchError",
    "OutputError",
    "PprlError",
    "Progress",
    "ReadingOptions",
    "RowCounts",
    "RunRecord",
    "SparkEngine",
    "SparkOptions",
    "Table",
    "TableCheck",
    "Unfinished",
    "UsageError",
    "__version__",
    "check",
    "check_file",
    "draft_agreement",
    "encode",
    "encode_file",
    "evaluate",
    "explain",
    "identify",
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
    "synth",
    "write_encoded",
    "write_id_map",
    "write_links",
    "write_report",
]

_HOMES = {
    "AgreementError": "pprl.base.errors",
    "DataError": "pprl.base.errors",
    "EncodedFileError": "pprl.base.errors",
    "GateError": "pprl.base.errors",
    "KeyFileError": "pprl.base.errors",
    "LinksError": "pprl.base.errors",
    "MismatchError": "pprl.base.errors",
    "OutputError": "pprl.base.errors",
    "PprlError": "pprl.base.errors",
    "UsageError": "pprl.base.errors",
    "Progress": "pprl.base.progress",
    "Unfinished": "pprl.base.unfinished",
    "SparkOptions": "pprl.engines.options",
    "SparkEngine": "pprl.engines.spark",
    "Agreement": "pprl.exchange.agreement.model",
    "EncodedFile": "pprl.exchange.encoded.file",
    "read_encoded": "pprl.exchange.encoded.file",
    "write_encoded": "pprl.exchange.encoded.file",
    "identify": "pprl.exchange.identify",
    "Links": "pprl.exchange.links.folder",
    "read_links": "pprl.exchange.links.folder",
    "write_links": "pprl.exchange.links.folder",
    "ExpectedQuality": "pprl.exchange.links.run_entries",
    "RunRecord": "pprl.exchange.links.run_record",
    "LinkTables": "pprl.exchange.links.tables",
    "Draft": "pprl.party.drafting.draft",
    "draft_agreement": "pprl.party.drafting.draft",
    "TableCheck": "pprl.party.encoding.check",
    "check": "pprl.party.encoding.check",
    "check_file": "pprl.party.encoding.check",
    "EncodedPaths": "pprl.party.encoding.encode",
    "Encoding": "pprl.party.encoding.encode",
    "encode": "pprl.party.encoding.encode",
    "encode_file": "pprl.party.encoding.encode",
    "RowCounts": "pprl.party.encoding.row_counts",
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
    "Table": "pprl.tables.frames",
    "Engine": "pprl.unit.blocking.engine",
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
