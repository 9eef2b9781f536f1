"""`make bench`: all speed benchmarks in one process, side by side with the peers; `--json DIR` keeps the numbers."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import blocking
import dice
import encode
import numpy as np
import synth
from town import agreement, clean_rows

import pprl


def real_filters(folder: Path, rows: int = 20_000) -> list[str]:
    """Encode two tables of made-up people, a fifth of them common, and return the files of their filters."""
    key = pprl.Key.generate()
    pool = clean_rows(rows * 9 // 5, seed=3)
    paths = []
    for name, start in (("a", 0), ("b", rows * 4 // 5)):
        frame = pool.iloc[start : start + rows].reset_index(drop=True)
        made = pprl.encode(
            frame,
            agreement(blocking=False),
            key,
            party=name,
            id_column="rec_id",
        )
        paths.append(str(folder / f"{name}.npy"))
        np.save(paths[-1], made.encoded.words(), allow_pickle=False)
    return paths


def main() -> None:
    """Run them in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="DIR", help="also write the numbers here")
    parser.add_argument("--peers", help="Python of the environment with Faker and gecko-syndata")
    options = parser.parse_args()

    def kept(name: str) -> list[str]:
        return ["--json", str(options.json / f"{name}.json")] if options.json else []

    print("== Encoding, against clkhash")
    encode.main(kept("encode"))
    print("\n== Dice over a threshold, random-like filters, against anonlink and faiss")
    dice.main(kept("dice-random"))
    print("\n== Dice over a threshold, encoded made-up people, against anonlink and faiss")
    with tempfile.TemporaryDirectory() as folder:
        dice.main(["--filters", *real_filters(Path(folder)), *kept("dice-real")])
    print("\n== Blocked against exhaustive, all cores")
    blocking.main([])
    print("\n== Making people up, against Faker and gecko-syndata")
    synth.main([*(["--peers", options.peers] if options.peers else []), *kept("synth")])


if __name__ == "__main__":
    main()
