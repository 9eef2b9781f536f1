"""Make the sample data: two departments' files about made-up people, and the truth about them.

Examples:
    python sample_data/make_sample_data.py --seed 20261121
    python sample_data/make_sample_data.py --seed 7 --out /tmp/other
    python sample_data/make_sample_data.py --describe

The same seed gives the same bytes on every operating system and Python version.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from maker.describe import describe
from maker.files import make_sample

__all__ = ["DEFAULT_SEED", "main"]

DEFAULT_SEED = 20261121


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the three files, or describe them on stdout; return the exit code."""
    options = _parser().parse_args(arguments)
    sample = make_sample(options.seed)
    if options.describe:
        sys.stdout.write(describe(sample) + "\n")
        return 0
    try:
        return _write(sample.as_files(), options.out, force=options.force)
    except OSError as problem:
        sys.stderr.write(f"make_sample_data: error: cannot write: {problem}\n")
        return 1


def _write(files: dict[str, bytes], folder: Path, *, force: bool) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        if path.exists() and path.read_bytes() != content and not force:
            sys.stderr.write(
                f"make_sample_data: error: {path} holds something else\n"
                "hint: choose another folder with --out, or replace the files with --force\n"
            )
            return 1
    for name, content in files.items():
        draft = folder / f"{name}.draft"
        draft.write_bytes(content)
        draft.replace(folder / name)
        sys.stderr.write(f"wrote {folder / name}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make_sample_data",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--seed", type=_seed, default=DEFAULT_SEED, help=f"whole number (default {DEFAULT_SEED})"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", default=Path(__file__).parent,
        help="folder to write into (default: beside this script)",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace files that differ")
    parser.add_argument(
        "--describe", action="store_true", help="print measured properties, write nothing"
    )
    return parser


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise argparse.ArgumentTypeError("a seed is a whole number of at most 18 digits")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
