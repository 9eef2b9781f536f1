"""Column kernels of pprl beside the libraries that one would ask first: why these two are not taken from a library.

Run in the root of the tree, with `pprl` installed:

    python benchmarks/columns.py

- Quotes of a CSV file (`pprl.tables.quotes`) beside the standard library's strict reader and pyarrow's reader.
- Soundex and Metaphone (`pprl.party.blocking.sounds`) beside jellyfish.

Times are CPU seconds on one thread, the best of three. The answers are compared before anything is timed.
"""

from __future__ import annotations

import csv
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jellyfish
import pyarrow as pa
from pyarrow import csv as pa_csv

from pprl.party.blocking.sounds import metaphone_texts, soundex_texts
from pprl.party.reading.folding import fold
from pprl.tables.quotes import quotes_are_sound
from pprl.tables.texts import Texts

MEGABYTES = 100
WORDS = 1_000_000
PEOPLE = Path("sample_data/health.csv")
UNSOUND = ('a,b\n1,"x\n2,y\n', 'a,b\n1,"x"y\n2,z\n', 'a,b\n1,x\n2,"y')
"""CSV files that the standard library's strict reader refuses."""


def seconds(work: Callable[[], object]) -> float:
    """Give the CPU time of the best of three runs."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def arrow(source: Path | io.BytesIO) -> pa.Table:
    """Read with pyarrow, line ends in values allowed."""
    pa.set_cpu_count(1)
    return pa_csv.read_csv(
        source,
        read_options=pa_csv.ReadOptions(use_threads=False),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
    )


def strict(path: Path) -> None:
    """Read with the standard library."""
    with path.open(encoding="utf-8", newline="") as stream:
        for _ in csv.reader(stream, strict=True):
            pass


def quotes(folder: Path) -> None:
    """Show what pyarrow makes of unsound files, and time a long sound one."""
    for number, text in enumerate(UNSOUND):
        path = folder / f"{number}.csv"
        path.write_text(text)
        assert not quotes_are_sound(path, ",")
        print(f"{text!r}: pyarrow reads {arrow(io.BytesIO(text.encode())).to_pylist()}")
    header, *rows = PEOPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    body = "".join(rows)
    path = folder / "long.csv"
    path.write_text(header + body * (MEGABYTES * 1_000_000 // len(body)), encoding="utf-8")
    assert quotes_are_sound(path, ",")
    for name, work in (
        ("pprl", lambda: quotes_are_sound(path, ",")),
        ("csv, strict", lambda: strict(path)),
        ("pyarrow.csv", lambda: arrow(path)),
    ):
        print(f"  {name:12} {seconds(work):6.2f} s for {MEGABYTES} MB")


def sounds() -> None:
    """Compare and time the sound codes of surnames."""
    with PEOPLE.open(encoding="utf-8", newline="") as stream:
        names = [fold(row["last_name"]) for row in csv.DictReader(stream)]
    names = ["".join(ch for ch in name if "a" <= ch <= "z") for name in names]
    names = [name for name in names if name]
    names = (names * (WORDS // len(names) + 1))[:WORDS]
    texts = Texts.of(names)
    for name, kernel, library in (
        ("Soundex", soundex_texts, jellyfish.soundex),
        ("Metaphone", metaphone_texts, jellyfish.metaphone),
    ):
        other = sum(code != library(word) for word, code in zip(names, kernel(texts), strict=True))
        ours = seconds(lambda kernel=kernel: kernel(texts))  # type: ignore[misc]
        theirs = seconds(lambda library=library: [library(word) for word in names])  # type: ignore[misc]
        print(
            f"{name}: pprl {ours:.2f} s, jellyfish {theirs:.2f} s for {WORDS:,} surnames; {other} codes differ"
        )


def main() -> None:
    """Print both comparisons."""
    with tempfile.TemporaryDirectory() as folder:
        quotes(Path(folder))
    sounds()


if __name__ == "__main__":
    main()
