"""A plan's bytes are pinned, so that a change of what a seed means is a choice and not an accident.

To renew the digests after a deliberate change (of the name or place tables, the rates, or the order of the draws), run
the test, take the new digests from its message, and say in the change log that seeds mean other files from here on.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pprl.synth.making.make import make_files
from pprl.synth.making.plan import PopulationPlan

DIGESTS = {
    "truth.csv": "6dddb2fd441f2561480c3d0a6410fa079298acd674ea27e286f5382a0922f506",
    "a.csv": "bb8401649ebfa02b1cee47908a783215597bf6695ca5632fb6b66c815e00d29d",
}


def test_the_bytes_of_a_plan_are_the_pinned_ones(tmp_path: Path) -> None:
    plan = PopulationPlan(people=200, seed=7, country="gb", profile="typical")
    make_files(plan, tmp_path / "out")
    made = {
        name: hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() for name in DIGESTS
    }
    assert made == DIGESTS
