"""Write docs/errors.md from the generator's own tables: every error, its rates by profile, its source.

python tools/make_error_reference.py docs/errors.md
python tools/make_error_reference.py --check docs/errors.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from pprl.synth.errors.catalogue import all_errors
from pprl.synth.errors.profiles import PROFILES

HEAD = """# The errors of `pprl synth`

<!-- Made by tools/make_error_reference.py (`make docs-update`); `make docs` checks it. -->

A rate is a share of the records *in which the error is possible*, in one file's copy: a nickname needs a given name
that has one, a lost accent needs an accent. A record gets at most one error of a slot (a field, most often).
`--rate ERROR=SHARE` sets a rate; [synth.md](synth.md) says how errors depend on each other.

No study gives all of these rates. The sources say what is known about the kind of error; each number is our own choice,
and none is fitted to a data set. A rate of 0.3 for a cut column means that three records in ten came from a system with
narrower columns; set it to 1 for a file whose own columns are narrow.

The profile `register` is `typical` with placeholders, records of which hardly anything is left, and more swapped names.
In every second file the postcode is missing in 30 % of the rows (`postcode_missing`), and 20 % of the pairs of
relatives are put into different files, beside those that chance splits.

"""


def text() -> str:
    """Return the whole page."""
    table = all_errors()
    lines = [
        "| error | fields | slot | light | typical | heavy | register | what it is | source |",
        "|---|---|---|---:|---:|---:|---:|---|---|",
    ]
    for row in table.itertuples():
        levels = (row.light, row.typical, row.heavy, row.register)
        rates = " | ".join(f"{100 * rate:g} %" for rate in levels)
        lines.append(
            f"| `{row.error}` | {row.fields} | {row.slot} | {rates} | {row.title} | {row.source} |"
        )
    more = [
        "",
        "| profile | dependence | people with a second row |",
        "|---|---:|---:|",
        *(
            f"| `{name}` | {profile.dependence:g} | {100 * profile.duplicates:g} % |"
            for name, profile in PROFILES.items()
        ),
    ]
    return HEAD + "\n".join([*lines, *more]) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    check = arguments[:1] == ["--check"]
    path = Path(arguments[-1])
    made = text()
    if check:
        if path.read_text(encoding="utf-8") != made:
            print(f"{path} is not up to date: run `make docs-update`", file=sys.stderr)
            return 1
        return 0
    path.write_text(made, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
