"""The peers of `synth.py`, run in an environment of their own: two CSV files of made-up people, the second with errors.

    python benchmarks/peer_synth.py faker|gecko PEOPLE FOLDER

Both make the fields of a record: given name, surname, date of birth, sex, address, town, postcode. Faker has no
errors, so its second file is a copy. gecko draws each column from frequency tables (Faker's names, as many streets and
towns) and puts errors into a copy, with rates like those of the profile "typical".
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

FIELDS = ["id", "given_name", "surname", "date_of_birth", "sex", "address", "locality", "postcode"]


def files(people: int) -> tuple[int, int]:
    """Return rows a file and people in both, as for an overlap of 0.6."""
    both = round(people * 0.6 / 1.4)
    return (people + both) // 2, both


def with_faker(people: int, folder: Path) -> None:
    """Make one record after the other."""
    from faker import Faker

    fake = Faker("en_US")
    Faker.seed(7)
    rows = []
    for number in range(people):
        female = number % 2
        rows.append(
            [
                number,
                fake.first_name_female() if female else fake.first_name_male(),
                fake.last_name(),
                fake.date_of_birth(maximum_age=95).isoformat(),
                "F" if female else "M",
                fake.street_address(),
                fake.city(),
                fake.postcode(),
            ]
        )
    size, _ = files(people)
    for name, part in (("a", rows[:size]), ("b", rows[-size:])):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(FIELDS)
            writer.writerows(part)


def with_gecko(people: int, folder: Path) -> None:
    """Draw columns from frequency tables, then put errors into the second file."""
    import numpy as np
    import pandas as pd
    from faker.providers.address.en_US import Provider as Address
    from faker.providers.person.en_US import Provider as Person
    from gecko import generator, mutator

    draw = np.random.default_rng(7)

    def table(names: dict[str, float]) -> pd.DataFrame:
        return pd.DataFrame({"value": list(names), "freq": list(names.values())})

    def drawn(names: dict[str, float]) -> object:
        return generator.from_frequency_table(
            table(names), value_column="value", freq_column="freq", rng=draw
        )

    streets = {f"{at % 199 + 1} {name} {kind}": 1.0 for at, name in enumerate(list(Person.last_names)[:200])
               for kind in Address.street_suffixes[:50]}  # fmt: skip
    towns = {
        f"{name}{end}": 1.0
        for name in list(Person.last_names)[:100]
        for end in Address.city_suffixes
    }
    codes = {f"{number:05d}": 1.0 for number in range(3000)}
    frame = generator.to_data_frame(
        [
            ("given_name", drawn(dict(Person.first_names))),
            ("surname", drawn(dict(Person.last_names))),
            (
                "date_of_birth",
                generator.from_datetime_range(
                    "1930-01-01", "2025-12-31", "%Y-%m-%d", "D", rng=draw
                ),
            ),
            ("sex", drawn({"F": 0.5, "M": 0.5})),
            ("address", drawn(streets)),
            ("locality", drawn(towns)),
            ("postcode", drawn(codes)),
        ],
        people,
    )
    frame.insert(0, "id", [str(number) for number in range(people)])
    size, _ = files(people)
    slip = [mutator.with_insert(rng=draw), mutator.with_delete(rng=draw), mutator.with_transpose(rng=draw),
            mutator.with_substitute(rng=draw)]  # fmt: skip
    wrong = mutator.with_group(slip, rng=draw)
    gone = mutator.with_missing_value(value="")
    dirty = mutator.mutate_data_frame(
        frame.iloc[-size:],
        [
            *(
                (name, [(0.03, wrong)])
                for name in ("given_name", "surname", "address", "locality", "postcode")
            ),
            *((name, [(0.02, gone)]) for name in ("date_of_birth", "sex", "postcode")),
            (("given_name", "surname"), (0.01, mutator.with_permute(rng=draw))),
        ],
    )
    frame.iloc[:size].to_csv(folder / "a.csv", index=False)
    dirty.to_csv(folder / "b.csv", index=False)


if __name__ == "__main__":
    {"faker": with_faker, "gecko": with_gecko}[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))
