"""Measure what a match takes in memory beside what its plan says, in a process of its own.

    python tests/unit/measure_memory.py crowd record frames 1400
    python tests/unit/measure_memory.py people record tables 200000

``crowd``: all pairs of two small files are kept, so that pairs are what takes the memory; ``people``: two large files
of the same people, so that linked records are. ``frames`` is the way of :func:`pprl.unit.run.match.match`, which gives
DataFrames; ``tables`` that of the command line.
"""

from __future__ import annotations

import json
import sys

import numpy as np

from pprl.base.resources import peak_memory, restart_peak
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.file import EncodedFile, seal_header
from pprl.exchange.links.folder import Links
from pprl.unit.run.match import run_match
from pprl.unit.run.options import MatchOptions
from pprl.unit.run.plan import plan_match

BITS = 256
FIELDS = [
    {"name": "surname", "type": "surname", "budget": 60},
    {"name": "born", "type": "date", "budget": 60},
]


def encoded(party: str, filters: np.ndarray, profile: str) -> EncodedFile:
    """Return an encoded file of these filters, with a key a record."""
    rows = len(filters)
    agreement = Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": "test",
            "profile": profile,
            "filter": {"bits": BITS},
            "field": FIELDS,
            "blocking": [{"keys": ["soundex(surname)"]}],
        }
    )
    pseudonyms = np.zeros((rows, 16), np.uint8)
    pseudonyms[:, :4] = np.arange(rows, dtype=">u4").view(np.uint8).reshape(rows, 4)
    pseudonyms[:, 4:] = np.frombuffer(party.ljust(12, "-").encode(), np.uint8)
    keys = np.arange(1, rows + 1, dtype=np.uint64)[:, None]
    header = seal_header(
        agreement, pseudonyms, filters, keys,
        key_check="0" * 32, party=party, rows_read=rows, software="test",
    )  # fmt: skip
    return EncodedFile(
        header=header, agreement=agreement, pseudonyms=pseudonyms, filters=filters, keys=keys
    )


def main(case: str, profile: str, way: str, rows: int) -> dict[str, float]:
    """Match two files, and return what it took: bytes, and pairs."""
    width = BITS // 8 * (1 if profile == "record" else len(FIELDS))
    filters = np.random.default_rng(1).integers(0, 256, (rows, width), np.uint8)
    options = MatchOptions(
        threshold=0.3 if profile == "record" else 1e-6,
        assign="many-to-many" if case == "crowd" else "one-to-one",
        blocking="exhaustive" if case == "crowd" else "keys",
        sample=200,
        memory=1 << 40,
    )
    files = [encoded(party, filters, profile) for party in ("a", "b")]
    restart_peak()
    plan = plan_match(files, options, frames=way == "frames")
    tables = run_match(plan)
    links = Links.of(tables) if way == "frames" else tables
    return {
        "planned": plan.memory,
        "peak": peak_memory(),
        "pairs": len(links.pairs) + len(links.near),
        "linked": len(links.links),
        "expected": plan.pairs_expected,
    }


if __name__ == "__main__":
    made = main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
    sys.stdout.write(json.dumps(made) + "\n")
