"""What is this file? Tells what any artefact of a linkage is, without a key."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from pprl.base.errors import DataError, PprlError
from pprl.exchange.agreement.model import Agreement, only_plain
from pprl.exchange.encoded.file import read_encoded
from pprl.exchange.links.folder import read_links

__all__ = ["identify"]

_HEAD = 4096
"""Bytes by which a file is recognised. Chosen: a report's mark is within its first 300; if the header row of a table is
longer, not all of its columns are counted."""

_SIZE_LIMIT = 16 << 20
"""Bytes of a JSON or TOML file at most, as for ``run.json`` (SPEC.md, section 8.2)."""

_REPORT = b'<meta name="generator" content="pprl">'


def identify(path: Path | str) -> dict[str, Any]:
    """Return what an artefact is and what it says about itself; never key material or a personal value.

    All texts are plain text (SPEC.md, section 1), whatever the artefact holds: they can safely be shown on a terminal.
    The entry ``kind`` is one of ``agreement``, ``encoded file``, ``links folder``, ``run record``, ``report``,
    ``secret key``, ``id map``, ``returned links``, ``truth``, ``column map`` and ``table``.

    Raises:
        PprlError: the file is missing, damaged, or not one that this toolkit knows.

    Example:
        >>> facts = pprl.identify("health.parquet")
        >>> facts["kind"], facts["party"]
        ('encoded file', 'health')
    """
    facts = _facts(Path(path))
    return {name: _plain(value) for name, value in facts.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return only_plain(value)
    if isinstance(value, dict):
        return {only_plain(str(name)): _plain(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return value


def _facts(path: Path) -> dict[str, Any]:
    if path.is_dir():
        return _links_folder(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", hint="Check the path and the spelling.") from None
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror}") from None
    if head.startswith(b"pprl-secret-key"):
        return {
            "kind": "secret key",
            "advice": "It stays with the parties; never send it to the linkage unit. "
            "`pprl keygen KEY --fingerprint` shows its fingerprint.",
        }
    if head.startswith(b"PAR1"):
        return _encoded(path)
    if _REPORT in head:
        return {
            "kind": "report",
            "advice": "Open it in a browser; the same numbers are in the JSON beside it.",
        }
    if path.suffix == ".json" or head.lstrip().startswith(b"{"):
        return _json(path)
    if path.suffix == ".toml":
        return _toml(path)
    return _table(path, head)


def _encoded(path: Path) -> dict[str, Any]:
    if (path.parent / "run.json").exists():
        raise DataError(
            f"{path} is part of a links folder",
            hint=f"Inspect the folder: pprl inspect {path.parent}",
        )
    encoded = read_encoded(path)
    header = encoded.header
    return {
        "kind": "encoded file",
        "party": header.party,
        "records": header.records,
        "rows_read": header.rows_read,
        "filter_bits": encoded.agreement.filter_bits(),
        "filters_per_record": encoded.agreement.filters_per_record(),
        "blocking_passes": len(encoded.agreement.blocking),
        "records_with_key": [
            int((encoded.keys[:, n] != 0).sum()) for n in range(encoded.keys.shape[1])
        ],
        "software": header.software,
        "key_check": header.key_check,
        "content_sha256": header.content_sha256,
        **_agreement_facts(encoded.agreement),
    }


def _agreement_facts(agreement: Agreement) -> dict[str, Any]:
    return {
        "project": agreement.project,
        "agreement_fingerprint": agreement.fingerprint(),
        "profile": agreement.profile,
        "hardening": agreement.hardening.method,
        "fields": [f"{item.name} ({item.type}, budget {item.budget})" for item in agreement.field],
        "blocking": [" + ".join(step.keys) for step in agreement.blocking],
        "matching": agreement.matching.model_dump(mode="json"),
    }


def _links_folder(path: Path) -> dict[str, Any]:
    run = read_links(path).run
    expected = run.expected_quality
    return {
        "kind": "links folder",
        "format": run.format,
        "parties": {entry.party: entry.records for entry in run.inputs},
        "score": run.score_name,
        "threshold": run.threshold.value,
        "threshold_method": run.threshold.method,
        "blocking": run.parameters.blocking,
        "assign": run.parameters.assign,
        **run.counts.model_dump(mode="json"),
        "expected_quality": None if expected is None else expected.model_dump(mode="json"),
        "agreement_fingerprint": run.agreement_fingerprint,
        "software": run.software,
        "warnings": list(run.warnings),
    }


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_read_text(path))
        stated = str(content["format"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise _unknown(path) from None
    if stated.startswith("pprl-links/"):
        return {
            "kind": "run record",
            "format": stated,
            "advice": "Inspect the links folder itself.",
        }
    if stated.startswith("pprl-report/"):
        return {
            "kind": "report",
            "format": stated,
            "advice": "The same numbers as the HTML beside it.",
        }
    raise _unknown(path)


def _read_text(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(_SIZE_LIMIT + 1)
    if len(content) > _SIZE_LIMIT:
        raise ValueError("longer than any file of ours")
    return content.decode("utf-8-sig")


def _toml(path: Path) -> dict[str, Any]:
    try:
        agreement = Agreement.load(path)
    except PprlError:
        if not _is_column_map(path):
            raise
        return {"kind": "column map", "advice": "It belongs to one party; check and encode use it."}
    facts = _agreement_facts(agreement)
    return {"kind": "agreement", **facts, "filter_bits": agreement.filter_bits()}


def _is_column_map(path: Path) -> bool:
    try:
        content = tomllib.loads(_read_text(path))
    except (OSError, ValueError, RecursionError):
        return False
    return bool(content) and set(content) <= {"columns", "dates", "missing"}


def _table(path: Path, head: bytes) -> dict[str, Any]:
    try:
        header = head.split(b"\n", 1)[0].decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise _unknown(path) from None
    columns = 1 + max(header.count(delimiter) for delimiter in ",;\t|")
    if "\0" in header or columns == 1:
        raise _unknown(path)
    kinds = {
        "pseudonym,id": ("id map", "It stays with the party; the unit must never hold it."),
        "link_id,pseudonym": ("returned links", "It goes back to the party: `pprl resolve`."),
        "party,id,person": (
            "truth",
            "For `pprl evaluate --truth`; it holds ids, so treat it as personal data.",
        ),
    }
    kind, advice = kinds.get(
        header, ("table", "It looks like plain data, which must not leave the department.")
    )
    with path.open("rb") as stream:
        rows = sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b"")) - 1
    return {"kind": kind, "lines": max(rows, 0), "columns": columns, "advice": advice}


def _unknown(path: Path) -> DataError:
    return DataError(
        f"{path} is not a file that pprl makes or reads",
        hint="It knows an agreement, an encoded file, a links folder, an id map, a report, a key and a CSV table.",
    )
