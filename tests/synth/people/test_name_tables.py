"""The frozen tables of names: well formed, drawable in every decade, and right where the facts are known."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

DATA = Path(__file__).parents[3] / "pprl" / "synth" / "data"
POOLS = sorted(path.parent.name for path in (DATA / "names").glob("*/meta.tsv"))
LANGUAGES = ["de", "en", "es", "fr", "it", "nl", "pl", "sv"]
DECADES = [str(year) for year in range(1920, 2030, 10)]
REQUIRED = ["american", "british", "french", "german"]


def read(*parts: str) -> tuple[list[str], list[list[str]]]:
    """Return a table's header and rows."""
    data = DATA.joinpath(*parts).read_bytes()
    assert data.endswith(b"\n")
    assert b"\r" not in data
    lines = data.decode("utf-8")[:-1].split("\n")
    rows = [line.split("\t") for line in lines[1:]]
    header = lines[0].split("\t")
    assert all(len(row) == len(header) for row in rows)
    return header, rows


def curve(pool: str, sex: str, name: str) -> dict[int, int]:
    """Return a given name's weights by decade."""
    _, rows = read("names", pool, "given.tsv")
    row = next(row for row in rows if row[:2] == [sex, name])
    return {1920 + 10 * at: int(cell) for at, cell in enumerate(row[2:])}


def peak(pool: str, sex: str, name: str) -> int:
    weights = curve(pool, sex, name)
    return max(weights, key=lambda decade: weights[decade])


def check_text(text: str) -> None:
    """Raise unless the text is composed Latin script without control characters or stray blanks."""
    assert text == text.strip()
    assert unicodedata.is_normalized("NFC", text)
    assert len(text) >= 2
    for char in text:
        assert char in "-' " or "LATIN" in unicodedata.name(char), ascii(text)


def test_the_pools_that_countries_name_are_all_there() -> None:
    minorities = (
        "irish hispanic polish turkish arabic south-asian west-african chinese italian romanian"
    )
    others = "dutch swedish spanish portuguese"
    assert {*POOLS} == {*REQUIRED, *minorities.split(), *others.split()}


@pytest.mark.parametrize("pool", POOLS)
def test_given_names_are_sorted_unique_and_drawable_in_every_decade(pool: str) -> None:
    header, rows = read("names", pool, "given.tsv")
    assert header == ["sex", "name", *DECADES]
    keys = [(row[0], row[1]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert keys == sorted(keys, key=lambda key: ("FM".index(key[0]), key[1]))
    for sex in "FM":
        own = [[int(cell) for cell in row[2:]] for row in rows if row[0] == sex]
        assert 40 <= len(own) <= 700
        assert all(min(weights) >= 0 and max(weights) > 0 for weights in own)
        for at in range(len(DECADES)):
            column = [weights[at] for weights in own]
            assert 40_000 <= sum(column) <= 110_000
            assert max(column) <= 15_000
            assert sum(weight > 0 for weight in column) >= 35
    for _, name in keys:
        check_text(name)


@pytest.mark.parametrize("pool", REQUIRED)
def test_large_pools_have_a_tail_of_given_names_in_every_decade(pool: str) -> None:
    _, rows = read("names", pool, "given.tsv")
    for sex in "FM":
        for at in range(len(DECADES)):
            assert sum(row[0] == sex and row[2 + at] != "0" for row in rows) >= 200


@pytest.mark.parametrize("pool", POOLS)
def test_surnames_fall_in_weight_and_stay_below_a_million(pool: str) -> None:
    header, rows = read("names", pool, "surnames.tsv")
    gendered = dict(read("names", pool, "meta.tsv")[1])["gendered_surnames"]
    assert header == ["name", "weight", *(["female"] if gendered == "polish-style" else [])]
    assert gendered in {"none", "polish-style"}
    names = [row[0] for row in rows]
    weights = [int(row[1]) for row in rows]
    assert len(set(names)) == len(names) >= 100
    assert rows == sorted(rows, key=lambda row: (-int(row[1]), row[0]))
    assert min(weights) >= 1
    assert sum(weights) <= 1_000_000
    for row in rows:
        check_text(row[0])
        check_text(row[-1] if gendered != "none" else row[0])


@pytest.mark.parametrize("pool", POOLS)
def test_the_listed_share_is_what_the_weights_add_up_to(pool: str) -> None:
    meta = dict(read("names", pool, "meta.tsv")[1])
    weights = [int(row[1]) for row in read("names", pool, "surnames.tsv")[1]]
    share = float(meta["listed_share"])
    if read("names", pool, "tail.tsv")[1]:
        assert 0.2 < share < 1
        assert share == pytest.approx(sum(weights) / 1e6, abs=0.01)
    else:
        assert share == 1


@pytest.mark.parametrize("pool", POOLS)
def test_tails_have_positive_parts_that_stand_once(pool: str) -> None:
    header, rows = read("names", pool, "tail.tsv")
    assert header == ["part", "text", "weight"]
    assert {row[0] for row in rows} in ({"stem", "ending"}, set())
    assert len({(row[0], row[1]) for row in rows}) == len(rows)
    assert all(int(row[2]) > 0 for row in rows)
    for part, text, _ in rows:
        assert text == text.strip()
        assert text[0].isupper() or part == "ending"


@pytest.mark.parametrize("pool", REQUIRED)
def test_large_pools_make_very_many_rare_surnames(pool: str) -> None:
    _, rows = read("names", pool, "tail.tsv")
    stems = {row[1] for row in rows if row[0] == "stem"}
    endings = {row[1] for row in rows if row[0] == "ending"}
    assert len({stem + ending for stem in stems for ending in endings}) > 40_000


def test_most_frequent_surnames_are_the_known_ones() -> None:
    first = {pool: read("names", pool, "surnames.tsv")[1][0][0] for pool in POOLS}
    known = {
        "american": "Smith", "british": "Smith", "german": "Müller", "french": "Martin", "irish": "Murphy",
        "hispanic": "Garcia", "polish": "Nowak", "italian": "Rossi", "spanish": "García", "turkish": "Yılmaz",
        "romanian": "Popa", "dutch": "de Jong", "swedish": "Andersson", "portuguese": "Silva", "south-asian": "Patel",
    }  # fmt: skip
    assert {pool: first[pool] for pool in known} == known


@pytest.mark.parametrize(
    ("pool", "sex", "name", "first", "last"),
    [
        ("british", "F", "Margaret", 1920, 1950),
        ("british", "F", "Gemma", 1980, 1980),
        ("british", "F", "Olivia", 2000, 2020),
        ("british", "F", "Poppy", 2010, 2020),
        ("british", "M", "Nigel", 1950, 1960),
        ("british", "M", "Callum", 1990, 2000),
        ("british", "M", "Muhammad", 2010, 2020),
        ("american", "F", "Mary", 1920, 1930),
        ("american", "F", "Jennifer", 1970, 1980),
        ("american", "M", "Noah", 2010, 2020),
        ("german", "F", "Ursula", 1920, 1930),
        ("german", "M", "Kevin", 1990, 1990),
        ("german", "F", "Mia", 2010, 2010),
        ("french", "F", "Nathalie", 1960, 1970),
        ("french", "M", "Sébastien", 1970, 1980),
        ("french", "M", "Gabriel", 2010, 2020),
        ("polish", "M", "Stanisław", 1920, 1940),
        ("irish", "F", "Aoife", 1990, 2000),
    ],
)
def test_given_names_peak_when_they_did(
    pool: str, sex: str, name: str, first: int, last: int
) -> None:
    assert first <= peak(pool, sex, name) <= last


def test_women_of_a_polish_pool_bear_the_feminine_form() -> None:
    female = {row[0]: row[2] for row in read("names", "polish", "surnames.tsv")[1]}
    assert female["Kowalski"] == "Kowalska"
    assert female["Nowak"] == "Nowak"
    assert not any(name.endswith("ski") for name in female.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_nicknames_are_sorted_other_than_the_name_and_written_as_names(language: str) -> None:
    header, rows = read("nicknames", f"{language}.tsv")
    assert header == ["name", "nicknames"]
    names = [row[0] for row in rows]
    assert names == sorted(set(names))
    assert len(names) >= 40
    for name, cell in rows:
        shorts = cell.split(",")
        assert len(set(shorts)) == len(shorts)
        assert name not in shorts
        for short in [name, *shorts]:
            check_text(short)
            assert short[0].isupper()


def test_known_nicknames_are_there() -> None:
    english = {row[0]: row[1].split(",") for row in read("nicknames", "en.tsv")[1]}
    assert {"Bill", "Will"} <= set(english["William"])
    assert "Peggy" in english["Margaret"]


def test_all_tables_together_are_small() -> None:
    size = sum(
        path.stat().st_size
        for folder in ("names", "nicknames")
        for path in (DATA / folder).rglob("*.tsv")
    )
    assert size < 2_500_000


def test_every_table_is_named_with_its_source() -> None:
    text = (DATA / "SOURCES-names.md").read_text("utf-8")
    missing = [pool for pool in POOLS if f"`{pool}`" not in text]
    missing += [language for language in LANGUAGES if f"`nicknames/{language}.tsv`" not in text]
    assert missing == []
