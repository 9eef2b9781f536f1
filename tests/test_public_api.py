"""What the package offers in Python beside the commands: its names, its threads, its tables, what objects show."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numba
import pandas as pd
import pyarrow as pa
import pytest

import pprl
from pprl.base.errors import DataError, UsageError
from pprl.base.threads import limited_threads
from pprl.tables.frames import as_frame

SAMPLE = Path(__file__).resolve().parent.parent / "sample_data"
AGREEMENT = pprl.Agreement.load(SAMPLE / "linkage.toml")
KEY = pprl.Key(bytes(range(32)))
ALL = int(numba.config.NUMBA_NUM_THREADS)
IDS = {"health": "patient_no", "education": "pupil_ref"}


def people(party: str, rows: int = 120) -> pd.DataFrame:
    return pprl.read_csv_text(SAMPLE / f"{party}.csv").head(rows)


def encoded(party: str, table: Any = None, rows: int = 120) -> pprl.Encoding:
    return pprl.encode(
        people(party, rows) if table is None else table,
        AGREEMENT,
        KEY,
        party=party,
        id_column=IDS[party],
        columns=pprl.load_column_map(SAMPLE / f"{party}.columns.toml"),
    )


@pytest.fixture(scope="module")
def made() -> dict[str, pprl.Encoding]:
    return {party: encoded(party) for party in IDS}


@pytest.fixture(scope="module")
def links(made: dict[str, pprl.Encoding]) -> pprl.Links:
    return pprl.match([of.encoded for of in made.values()])


def told(call: Callable[[], object]) -> UsageError:
    """Run a call that must be refused, and give the error."""
    with pytest.raises(UsageError) as caught:
        call()
    return caught.value


# --- names


def test_every_command_has_its_function() -> None:
    wanted = {
        "check", "draft_agreement", "resolve", "read_links", "read_truth", "read_id_maps", "write_report",
        "plan_match", "LinkageJob", "SparkEngine", "RunRecord", "ExpectedQuality", "check_file", "identify", "synth",
        "read_id_map", "write_id_map",
    }  # fmt: skip
    assert wanted <= set(pprl.__all__) == set(dir(pprl))
    for name in pprl.__all__:
        assert getattr(pprl, name) is not None


def test_whoever_catches_an_error_can_name_it() -> None:
    """Every error and every kind of argument that a docstring names, without a look into the rooms."""
    from pprl.base import errors

    assert set(errors.__all__) <= set(pprl.__all__)
    for name in errors.__all__:
        assert getattr(pprl, name) is getattr(errors, name)
    assert {"Engine", "LinkTables", "Progress", "RowCounts", "Table", "Unfinished"} <= set(
        pprl.__all__
    )
    assert pprl.synth.__name__ == "pprl.synth"


def test_spark_engine_without_pyspark_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    error = told(lambda: pprl.SparkEngine().open())
    assert "pprl-kit[spark]" in str(error.hint)


# --- threads


def test_a_run_uses_the_threads_it_is_given_and_leaves_the_number_as_it_was(
    made: dict[str, pprl.Encoding],
) -> None:
    files = [of.encoded for of in made.values()]
    before = numba.get_num_threads()
    run = pprl.match(files, threads=1).run
    assert run.parameters.threads == 1
    assert numba.get_num_threads() == before
    seen = []
    job = pprl.LinkageJob(
        files, threads=1, progress=lambda *_: seen.append(numba.get_num_threads())
    )
    job.link()
    assert set(seen) == {1}
    assert numba.get_num_threads() == before


def test_a_party_s_work_uses_the_threads_it_is_given(tmp_path: Path) -> None:
    columns = pprl.load_column_map(SAMPLE / "health.columns.toml")
    before = numba.get_num_threads()
    seen: dict[str, set[int]] = {"encode_file": set(), "check_file": set()}

    def hears(name: str) -> Callable[..., None]:
        def hear(stage: str, *_: float) -> None:
            if stage not in ("looking at the file", "done"):
                seen[name].add(numba.get_num_threads())

        return hear

    pprl.encode_file(
        SAMPLE / "health.csv",
        AGREEMENT,
        KEY,
        party="health",
        id_column="patient_no",
        outputs=pprl.EncodedPaths(encoded=tmp_path / "a.parquet", id_map=tmp_path / "a.ids.csv"),
        reading=pprl.ReadingOptions(columns=columns, threads=1),
        progress=hears("encode_file"),
    )
    pprl.check_file(
        SAMPLE / "health.csv",
        AGREEMENT,
        columns=columns,
        threads=1,
        progress=hears("check_file"),
    )
    assert seen == {"encode_file": {1}, "check_file": {1}}
    assert numba.get_num_threads() == before


@pytest.mark.parametrize("threads", [0, ALL + 1])
def test_a_party_can_not_use_threads_that_the_machine_does_not_have(
    threads: int, tmp_path: Path
) -> None:
    outputs = pprl.EncodedPaths(encoded=tmp_path / "a.parquet", id_map=tmp_path / "a.ids.csv")
    reading = pprl.ReadingOptions(threads=threads)
    for call in (
        lambda: pprl.check(people("health"), AGREEMENT, threads=threads),
        lambda: pprl.check_file(SAMPLE / "health.csv", AGREEMENT, threads=threads),
        lambda: pprl.encode_file(
            SAMPLE / "health.csv",
            AGREEMENT,
            KEY,
            party="health",
            id_column="patient_no",
            outputs=outputs,
            reading=reading,
        ),
    ):
        assert f"this machine has {ALL} core" in told(call).problem
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("threads", [0, -1, ALL + 1])
def test_threads_that_the_machine_does_not_have_are_refused_at_once(
    threads: int, made: dict[str, pprl.Encoding]
) -> None:
    error = told(lambda: pprl.LinkageJob([made["health"].encoded], threads=threads))
    assert f"this machine has {ALL} core" in error.problem
    assert error.hint
    told(lambda: pprl.match(made["health"].encoded, threads=threads))


def test_the_number_of_threads_comes_back_after_an_error() -> None:
    before = numba.get_num_threads()
    with pytest.raises(ZeroDivisionError), limited_threads(1):
        assert numba.get_num_threads() == 1
        _ = 1 / 0
    assert numba.get_num_threads() == before


# --- tables


@pytest.mark.parametrize("path", ["people.csv", Path("people.csv")])
def test_a_path_in_place_of_a_table_is_answered_with_the_right_function(
    path: Any, made: dict[str, pprl.Encoding], links: pprl.Links
) -> None:
    maps = {party: of.id_map for party, of in made.items()}
    truth = pprl.read_truth(SAMPLE / "truth.csv")
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: encoded("health", path), "pprl.encode_file"),
        (lambda: pprl.check(path, AGREEMENT), "pprl.read_csv_text"),
        (lambda: pprl.draft_agreement(path, project="x"), "pprl.read_csv_text"),
        (lambda: pprl.resolve(path, maps["health"]), "pprl.read_csv_text"),
        (lambda: pprl.resolve(links.links, path), "pprl.read_csv_text"),
        (lambda: pprl.evaluate(links, truth=path, ids=maps), "pprl.read_truth"),
        (lambda: pprl.evaluate(links, truth=truth, ids=path), "pprl.read_id_maps"),
        (
            lambda: pprl.evaluate(links, truth=truth, ids={**maps, "health": path}),
            "pprl.read_id_maps",
        ),
    ]
    for call, right in calls:
        assert right in str(told(call).hint)


def test_what_is_no_table_is_refused() -> None:
    for given in (None, [["Ada"]], {"a": ["1"]}, pd.Series(["1"])):
        assert type(given).__name__ in told(lambda given=given: as_frame(given, what="f")).problem  # type: ignore[misc]


def test_an_encoding_in_place_of_its_encoded_file_is_refused(
    made: dict[str, pprl.Encoding],
) -> None:
    error = told(lambda: pprl.match([made["health"], made["education"]]))  # type: ignore[list-item]
    assert ".encoded" in str(error.hint)


TEXTS = ["007", "NA", " Zoë\u0301 ", "", "\U0001f600", "a\x00b"]


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())],
    ids=str,
)
def test_text_of_an_arrow_table_stays_as_it_is(kind: pa.DataType) -> None:
    column = pa.array([*TEXTS, None], pa.string()).cast(kind)
    frame = as_frame(pa.table({"a": column}), what="f")
    assert frame["a"].dtype == object
    assert list(frame["a"][:-1]) == TEXTS
    assert all(type(value) is str for value in frame["a"][:-1])
    assert frame["a"].isna().tolist() == [False] * len(TEXTS) + [True]


def test_columns_that_pandas_would_make_an_index_stay_columns() -> None:
    table = pa.Table.from_pandas(pd.DataFrame({"id": ["1"], "name": ["x"]}).set_index("id"))
    assert set(as_frame(table, what="f").columns) == {"id", "name"}


def test_an_arrow_table_is_judged_like_a_frame() -> None:
    numbers = pa.table(people("health").assign(last_name=range(120)))
    with pytest.raises(DataError, match="'last_name' holds integer values instead of text"):
        encoded("health", numbers)
    twice = pa.table([pa.array(["x"]), pa.array(["y"])], names=["a", "a"])
    with pytest.raises(DataError, match="two columns have the same name"):
        pprl.check(twice, AGREEMENT)


def test_broken_text_in_an_arrow_table_is_refused_and_not_quoted() -> None:
    array = pa.array([b"Secret\xff"], pa.binary()).view(pa.string())
    with pytest.raises(DataError, match="not UTF-8") as caught:
        as_frame(pa.table({"a": array}), what="f")
    assert "Secret" not in str(caught.value)


def bits(encoding: pprl.Encoding) -> dict[str, bytes]:
    """Return id -> filter: pseudonyms are new in each run."""
    rows = (row.tobytes() for row in encoding.encoded.filters)
    return dict(zip(encoding.id_map["id"], rows, strict=True))


def test_an_arrow_table_gives_the_bits_of_the_same_frame(made: dict[str, pprl.Encoding]) -> None:
    assert bits(encoded("health", pa.Table.from_pandas(people("health")))) == bits(made["health"])


def test_a_polars_frame_gives_the_bits_of_the_same_frame(made: dict[str, pprl.Encoding]) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.from_arrow(pa.Table.from_pandas(people("health")))
    assert bits(encoded("health", frame)) == bits(made["health"])
    assert "LazyFrame" in told(lambda: encoded("health", frame.lazy())).problem


def test_a_polars_frame_is_known_by_its_type_alone() -> None:
    """Also where polars is not installed: a stand-in has the module's name and the method that is used."""
    table = pa.table({"a": pa.array(TEXTS, pa.string_view())})
    members = {"__module__": "polars.dataframe.frame", "to_arrow": lambda self: table}
    assert list(as_frame(type("DataFrame", (), members)(), what="f")["a"]) == TEXTS
    lazy = type("LazyFrame", (), {"__module__": "polars.lazyframe.frame"})()
    assert "collect()" in str(told(lambda: as_frame(lazy, what="f")).hint)


def test_figures_are_measured_of_arrow_tables_and_never_of_paths() -> None:
    from pprl.synth import measure

    columns = {"surname": ("last_name",)}
    frame = people("health", 400)
    assert measure(pa.table(frame), columns=columns) == measure(frame, columns=columns)
    hint = told(lambda: measure("people.csv", columns=columns)).hint  # type: ignore[arg-type]
    assert "pprl.read_csv_text" in str(hint)


def test_every_function_takes_arrow_tables(
    made: dict[str, pprl.Encoding], links: pprl.Links
) -> None:
    table = pa.Table.from_pandas(people("health"))
    columns = pprl.load_column_map(SAMPLE / "health.columns.toml")
    checks = [
        pprl.check(one, AGREEMENT, id_column="patient_no", columns=columns)
        for one in (table, people("health"))
    ]
    assert checks[0].fields == checks[1].fields
    assert checks[0].repeated_ids == checks[1].repeated_ids == 0
    drafts = [pprl.draft_agreement(one, project="x").toml for one in (table, people("health"))]
    assert drafts[0] == drafts[1]
    returned = links.links.query("party == 'health'")[["link_id", "pseudonym"]]
    own = [
        pprl.resolve(tables[0], tables[1])
        for tables in (
            (returned.reset_index(drop=True), made["health"].id_map),
            (pa.Table.from_pandas(returned, preserve_index=False), pa.table(made["health"].id_map)),
        )
    ]
    assert own[0].to_dict("list") == own[1].to_dict("list")
    truth = pprl.read_truth(SAMPLE / "truth.csv")
    maps = {party: of.id_map for party, of in made.items()}
    results = [
        pprl.evaluate(links, truth=truth, ids=maps),
        pprl.evaluate(
            links, truth=pa.table(truth), ids={party: pa.table(ids) for party, ids in maps.items()}
        ),
    ]
    assert results[0].quality == results[1].quality


def test_an_id_map_of_other_columns_is_refused(links: pprl.Links) -> None:
    returned = links.links[links.links["party"] == "health"][["link_id", "pseudonym"]]
    with pytest.raises(DataError, match="no columns pseudonym and id"):
        pprl.resolve(returned, pd.DataFrame({"a": ["1"]}))


def test_functions_that_take_paths_take_them_as_text_too(
    tmp_path: Path, made: dict[str, pprl.Encoding], links: pprl.Links
) -> None:
    pprl.encode_file(
        str(SAMPLE / "health.csv"),
        AGREEMENT,
        KEY,
        party="health",
        id_column="patient_no",
        reading=pprl.ReadingOptions(columns=pprl.load_column_map(SAMPLE / "health.columns.toml")),
        outputs=pprl.EncodedPaths(
            encoded=str(tmp_path / "health.parquet"), id_map=str(tmp_path / "health.all.csv")
        ),
    )
    assert len(pprl.read_encoded(str(tmp_path / "health.parquet"))) > 120
    path = tmp_path / "health.ids.csv"
    made["health"].id_map.to_csv(path, index=False)
    for given in (path, str(path), [path]):
        assert list(pprl.read_id_maps(given, links)) == ["health"]
    assert not pprl.read_truth(str(SAMPLE / "truth.csv")).empty
    pprl.write_report(pprl.evaluate(links), str(tmp_path / "report.html"))
    assert (tmp_path / "report.json").exists()


# --- what objects show


def shown(made: dict[str, pprl.Encoding], links: pprl.Links) -> list[Any]:
    return [AGREEMENT, made["health"].encoded, links, pprl.evaluate(links)]


def test_objects_are_shown_in_a_few_lines(
    made: dict[str, pprl.Encoding], links: pprl.Links
) -> None:
    for thing in shown(made, links):
        lines = repr(thing).splitlines()
        assert lines[0].startswith(type(thing).__name__)
        assert 2 <= len(lines) <= 8
        assert max(map(len, lines)) <= 120
        assert str(thing) == repr(thing)
        assert thing._repr_html_().startswith("<table>")
    assert f"{len(made['health'].encoded)} of 120 rows" in repr(made["health"].encoded)
    assert "expected precision" in repr(links)


def test_an_evaluation_with_truth_shows_what_was_measured(
    made: dict[str, pprl.Encoding], links: pprl.Links
) -> None:
    truth = pprl.read_truth(SAMPLE / "truth.csv")
    result = pprl.evaluate(links, truth=truth, ids={party: of.id_map for party, of in made.items()})
    assert "with truth" in repr(result)
    assert result.quality is not None
    assert f"F1: {result.quality.f1.value:.3f}" in repr(result)


def test_what_is_shown_holds_no_person_no_pseudonym_and_no_key(
    made: dict[str, pprl.Encoding], links: pprl.Links
) -> None:
    encoding = made["health"]
    secret = {
        encoding.encoded.header.key_check,
        *encoding.id_map["pseudonym"],
        *encoding.id_map["id"],
    }
    secret |= set(people("health")["last_name"]) - {""}
    for thing in [*shown(made, links), encoding]:
        for text in (repr(thing), thing._repr_html_() if hasattr(thing, "_repr_html_") else ""):
            assert not {word for word in re.findall(r"[\w-]+", text) if word in secret}
            assert bytes(range(32)).hex() not in text


def test_html_is_escaped_and_refers_to_nothing(made: dict[str, pprl.Encoding]) -> None:
    project = '<script src="https://x.example">&'
    agreement = AGREEMENT.model_copy(update={"project": project})
    for thing in (agreement, replace(made["health"].encoded, agreement=agreement)):
        html = thing._repr_html_()
        assert "<script" not in html
        assert "&lt;script src=&quot;https://x.example&quot;&gt;&amp;" in html
        assert not re.search(r"<[^>]*(src|href|url)", html)
