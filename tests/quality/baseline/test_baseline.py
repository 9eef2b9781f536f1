"""The clear-text baseline: it links, it says what it is, and it tells no value."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from quality_world import AGREEMENT, make_ids, make_links, make_truth

from pprl.base.errors import DataError, UsageError
from pprl.base.words import percent
from pprl.exchange.agreement.model import Agreement
from pprl.quality import (
    evaluate,
    read_plain,
    read_truth,
    render_report,
    report_content,
    run_baseline,
)
from pprl.quality.baseline.candidates import find_candidates
from pprl.quality.baseline.ecm import AGREE, DISAGREE, MISSING, match_probabilities, quiet
from pprl.quality.baseline.plain import tidy
from pprl.tables import ColumnMap, load_column_map

SAMPLE = Path(__file__).parents[3] / "sample_data"
GIVEN = "anna ben carla david emma frank gina henry iris jonas klara leo mia noah olga paul"
FAMILY = "adams baker clark dixon evans foster green harris irving jones keller lewis moore nolan"


def people(seed: int = 1, both: int = 150, alone: int = 60):
    """Return two plain frames and their truth; the second file has typing errors and gaps."""
    rng = np.random.default_rng(seed)

    def person():
        return {
            "given_name": str(rng.choice(GIVEN.split())),
            "surname": str(rng.choice(FAMILY.split())) + str(rng.choice(["", "son", "ley", "man"])),
            "date_of_birth": f"{rng.integers(1940, 2010)}-{rng.integers(1, 13):02d}-"
            f"{rng.integers(1, 29):02d}",
            "town": str(rng.choice(["northam", "eastby", "weston"])),
            "postcode": f"{rng.integers(100, 180)}",
        }

    def worn(values):
        values = dict(values)
        field = str(rng.choice(list(values)))
        if rng.random() < 0.3:
            values[field] = ""
        elif field in ("given_name", "surname") and rng.random() < 0.5:
            values[field] = values[field][:2] + "x" + values[field][3:]
        return values

    shared = [person() for _ in range(both)]
    left = [*shared, *(person() for _ in range(alone))]
    right = [*map(worn, shared), *(person() for _ in range(alone))]
    frames, truth = {}, []
    for party, rows in (("a", left), ("b", right)):
        frame = pd.DataFrame(rows, dtype=object)
        frame.insert(0, "id", [f"{party.upper()}{n:04d}" for n in range(len(rows))])
        frames[party] = frame
        for n in range(len(rows)):
            truth.append((party, f"{party.upper()}{n:04d}", f"{'' if n < both else party}{n}"))
    return frames, make_truth(truth)


def test_it_finds_most_pairs_and_few_false_ones():
    frames, truth = people()
    found = run_baseline(frames, AGREEMENT, truth)
    assert found.quality.true_pairs == 150
    assert found.quality.precision.value > 0.9
    assert found.quality.recall.value > 0.85
    assert found.candidate_recall > 0.95
    assert found.candidate_pairs < 210 * 210


def test_it_links_the_sample_departments_well():
    """Different column names and date formats, realistic errors: F1 of at least 0.95."""
    fields = {
        "given_name": "given-name",
        "surname": "surname",
        "date_of_birth": "date",
        "sex": "sex",
        "address": "address",
        "locality": "locality",
        "postcode": "postcode",
    }
    agreement = Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": "sample",
            "field": [{"name": name, "type": kind} for name, kind in fields.items()],
        }
    )
    frames = {
        party: read_plain(
            SAMPLE / f"{party}.csv",
            agreement=agreement,
            columns=load_column_map(SAMPLE / f"{party}.columns.toml"),
            id_column=column,
        )
        for party, column in (("health", "patient_no"), ("education", "pupil_ref"))
    }
    found = run_baseline(frames, agreement, read_truth(SAMPLE / "truth.csv"))
    assert found.quality.f1.value > 0.95
    assert not [note for note in found.notes if "warned" in note or "did not" in note]


@pytest.mark.parametrize("assign", ["one-to-one", "one-to-many", "many-to-many"])
def test_it_keeps_the_runs_assignment_rule(assign):
    frames, truth = people()
    found = run_baseline(frames, AGREEMENT, truth, assign=assign).quality
    if assign != "many-to-many":
        assert found.found_pairs <= len(frames["b"])
    assert found.recall.value > 0.85


def test_the_same_files_give_the_same_result():
    frames, truth = people(seed=3)
    assert run_baseline(frames, AGREEMENT, truth) == run_baseline(frames, AGREEMENT, truth)


def test_progress_rises_to_one():
    frames, truth = people()
    told: list[float] = []
    run_baseline(frames, AGREEMENT, truth, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_field_that_is_empty_throughout_is_left_out_and_told():
    frames, truth = people()
    for frame in frames.values():
        frame["postcode"] = ""
    found = run_baseline(frames, AGREEMENT, truth)
    assert found.quality.recall.value > 0.8
    assert any("empty in all" in note for note in found.notes)


def test_it_is_for_two_parties_only():
    frames, truth = people()
    with pytest.raises(UsageError, match="exactly two"):
        run_baseline({**frames, "c": frames["a"]}, AGREEMENT, truth)


def test_a_missing_field_is_named():
    frames, truth = people()
    frames["b"] = frames["b"].drop(columns="surname")
    with pytest.raises(DataError, match="'b' have no field 'surname'"):
        run_baseline(frames, AGREEMENT, truth)


def test_files_given_in_the_wrong_order_are_told():
    """The ids of party a are looked for in the file of party b."""
    frames, truth = people()
    swapped = {"a": frames["b"], "b": frames["a"]}
    with pytest.raises(DataError, match="no id in the plain file of 'a'"):
        run_baseline(swapped, AGREEMENT, truth)


def test_run_and_baseline_stand_side_by_side():
    """Same truth, difference in F1, the notice and the notes, in page and JSON."""
    frames, truth = people()
    baseline = run_baseline(frames, AGREEMENT, truth)
    records = [(row[0], row[1]) for row in truth.itertuples(index=False)]
    groups = [[("a", f"A{n:04d}"), ("b", f"B{n:04d}")] for n in range(120)]
    pairs = [("a", f"A{n:04d}", "b", f"B{n:04d}", 0.9) for n in range(120)]
    links = make_links(["a", "b"], groups, pairs)
    found = evaluate(links, truth=truth, ids=make_ids(records), baseline=baseline)
    difference = baseline.quality.f1.value - found.quality.f1.value
    assert found.f1_difference == pytest.approx(difference)
    content = report_content(found)
    best = found.curve.best().f1
    assert content["baseline"]["best_threshold"]["f1"] == best
    assert content["baseline"]["f1_difference"] == pytest.approx(difference)
    assert content["baseline"]["encoded"]["true_positives"] == 120
    assert "legal basis" in content["baseline"]["notice"]
    told = next(text for text in content["summary"] if "textbook" in text)
    assert told.startswith("This run's F1 is ")
    assert "its blocking reached 100.0 % of the true pairs" in told
    assert "differ in threshold, blocking and method." in told
    assert (
        f"At the best threshold of its curve, 0.65, this run's F1 would be {percent(best)}" in told
    )
    html = render_report(found)
    assert "Compared with a textbook linkage of the clear text" in html
    assert "This run at the best threshold of its curve" in html
    assert "What encoding costs" not in html
    assert "legal basis" in html
    texts = html + json.dumps(content)
    for frame in frames.values():
        for values in frame.drop(columns=["town", "postcode"]).to_numpy().tolist():
            assert not [value for value in values if value and f" {value} " in texts]


def test_a_baseline_without_truth_is_refused():
    frames, truth = people()
    with pytest.raises(UsageError, match="can't be judged without truth"):
        evaluate(make_links(["a", "b"], []), baseline=run_baseline(frames, AGREEMENT, truth))


class TestEcm:
    """The fitted model."""

    def levels(self, missing: bool):
        rng = np.random.default_rng(5)
        match = rng.random(4000) < 0.2
        table = {
            f"f{k}": np.where(rng.random(4000) < np.where(match, 0.95, 0.08), AGREE, DISAGREE)
            for k in range(6)
        }
        if missing:
            for name in table:
                table[name] = np.where(rng.random(4000) < 0.1, MISSING, table[name])
        return pd.DataFrame(table), match

    @pytest.mark.parametrize("missing", [False, True])
    def test_it_tells_matches_from_non_matches(self, missing):
        levels, match = self.levels(missing)
        fit = match_probabilities(levels)
        assert fit.notes == ()
        assert np.mean((fit.probabilities > 0.5) == match) > 0.97

    def test_a_missing_comparison_weighs_nothing(self):
        """Missing lies between agreeing and disagreeing; all missing gives the prior."""
        levels, match = self.levels(missing=True)
        rows = [[AGREE] * 3 + [level] + [DISAGREE] * 2 for level in (DISAGREE, MISSING, AGREE)]
        rows.append([MISSING] * 6)
        probe = pd.concat([levels, pd.DataFrame(rows, columns=levels.columns)], ignore_index=True)
        low, middle, high, prior = match_probabilities(probe).probabilities[-4:]
        assert low < middle < high
        assert prior == pytest.approx(match.mean(), abs=0.03)

    def test_one_kind_of_pairs_only_is_told_and_not_linked_by_accident(self):
        levels = pd.DataFrame({"f": [DISAGREE] * 50, "g": [DISAGREE] * 50})
        fit = match_probabilities(levels)
        assert fit.notes
        assert (fit.probabilities < 0.5).all()

    def test_nothing_to_compare_gives_no_match(self):
        fit = match_probabilities(pd.DataFrame({"f": [MISSING] * 3}))
        assert fit.probabilities.tolist() == [0, 0, 0]

    def test_warnings_of_the_tools_are_gathered_without_their_words(self):
        with quiet() as told:
            warnings.warn("secret value", FutureWarning, stacklevel=1)
            logging.getLogger("recordlinkage").warning("secret value")
        assert len(told) == 2
        assert any("FutureWarning" in text for text in told)
        assert "secret" not in " ".join(told)


class TestCandidates:
    """Blocking passes of the plain files."""

    def frame(self, rows):
        return pd.DataFrame(rows, columns=["surname", "born", "born.year"], dtype=object)

    def test_pairs_share_a_pass_and_are_listed_once(self):
        left = self.frame([("moore", "1990-01-01", "1990"), ("nolan", None, None)])
        right = self.frame([("moore", "1990-01-01", "1990"), ("moone", "1990-05-01", "1990")])
        found = find_candidates(left, right, {"surname": "surname", "born": "date"})
        # the second is a neighbour in the sorting of surnames, within the year
        assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == [(0, 0), (0, 1)]

    def test_a_pass_that_is_too_large_is_left_out_and_told(self, monkeypatch):
        monkeypatch.setattr("pprl.quality.baseline.candidates.MAX_PAIRS", 5)
        rows = [(f"name{n}", "1990-01-01", "1990") for n in range(4)]
        found = find_candidates(
            self.frame(rows), self.frame(rows), {"surname": "surname", "born": "date"}
        )
        assert found.skipped
        assert len(found.left) <= 5

    def test_no_bounded_set_of_pairs_is_an_error(self, monkeypatch):
        monkeypatch.setattr("pprl.quality.baseline.candidates.MAX_PAIRS", 5)
        rows = [("same", "1990-01-01", "1990")] * 4
        with pytest.raises(DataError, match="few enough pairs"):
            find_candidates(
                self.frame(rows), self.frame(rows), {"surname": "surname", "born": "date"}
            )

    def test_small_files_without_a_shared_key_are_compared_whole(self):
        left = pd.DataFrame({"c": ["x", None]}, dtype=object)
        right = pd.DataFrame({"c": ["y"]}, dtype=object)
        found = find_candidates(left, right, {"c": "code"})
        assert found.used == ("all pairs",)
        assert len(found.left) == 2


class TestPlainFiles:
    """Reading a party's own file."""

    def write(self, folder, text):
        path = folder / "people.csv"
        path.write_text(text)
        return path

    COLUMNS = ColumnMap(
        columns={
            "given_name": ("first",),
            "surname": ("last",),
            "date_of_birth": ("dob",),
            "town": ("no", "street"),
            "postcode": ("plz",),
        }
    )

    def read(self, folder, rows, columns=None, **more):
        text = "ref,first,last,dob,no,street,plz\n" + rows
        return read_plain(
            self.write(folder, text),
            agreement=AGREEMENT,
            columns=columns or self.COLUMNS,
            id_column="ref",
            **more,
        )

    def test_columns_are_mapped_and_joined(self, tmp_path):
        frame = self.read(tmp_path, "1,Ann,O'Neil,1990-02-03,12,High St,0123\n")
        assert list(frame.columns) == [
            "id", "given_name", "surname", "date_of_birth", "town", "postcode",
        ]  # fmt: skip
        assert frame.iloc[0].tolist() == ["1", "Ann", "O'Neil", "1990-02-03", "12 High St", "0123"]

    @pytest.mark.parametrize(
        ("spec", "text", "expected"),
        [
            ("DD/MM/YYYY", "03/02/1990", "1990-02-03"),
            ("MM/DD/YYYY", "03/02/1990", "1990-03-02"),
            ("DDMMYYYY", "03021990", "1990-02-03"),
            ("DD MON YYYY", "3 Feb 1990", "1990-02-03"),
            ("YYYY-MM-DD", "1990-02-03 00:00:00", "1990-02-03"),
            ("YYYY-MM-DD", "1990-02", "1990-02-00"),
            ("YYYY-MM-DD", "1990", "1990-00-00"),
            ("DD/MM/YYYY", "??/02/1990", "1990-02-00"),
            ("DD/MM/YYYY", "99/99/9999", ""),
            ("DD/MM/YYYY", "unknown", ""),
            (None, "25.12.1990", "1990-12-25"),
            (None, "12/25/1990", "1990-12-25"),
        ],
    )
    def test_dates_come_in_one_form(self, tmp_path, spec, text, expected):
        dates = {"date_of_birth": spec} if spec else {}
        columns = self.COLUMNS.merged(ColumnMap(dates=dates))
        frame = self.read(tmp_path, f"1,Ann,Lee,{text},1,x,1\n", columns)
        assert frame["date_of_birth"].tolist() == [expected]

    def test_what_a_party_declares_missing_is_missing(self, tmp_path):
        columns = self.COLUMNS.merged(
            ColumnMap(
                missing={"all": ["unknown"], "date_of_birth": ["01/01/1900"], "town": ["no road"]}
            )
        )
        rows = "1,Ann,UNKNOWN,01/01/1900,1, Unknown ,1\n2,Ann,Lee,12/25/1990,no,road,2\n"
        frame = self.read(tmp_path, rows, columns)
        assert frame["surname"].tolist() == ["", "Lee"]
        assert frame["date_of_birth"].tolist() == ["", "1990-12-25"]
        assert frame["town"].tolist() == ["1", ""]

    def test_a_missing_id_column_is_named_with_the_nearest_one(self, tmp_path):
        path = self.write(tmp_path, "ident,first\n1,Ann\n")
        with pytest.raises(DataError, match="no column 'id'") as caught:
            read_plain(path, agreement=AGREEMENT)
        assert "Did you mean 'ident'?" in caught.value.hint

    def test_ids_that_are_empty_or_twice_there_are_refused(self, tmp_path):
        with pytest.raises(DataError, match="is missing or occurs twice") as caught:
            self.read(tmp_path, "secret1,A,B,,,,\nsecret1,C,D,,,,\n")
        assert "secret1" not in caught.value.problem + str(caught.value.hint)

    @pytest.mark.parametrize(
        ("kind", "text", "expected"),
        [
            ("surname", " O'Néill-Smith ", "oneill smith"),
            ("postcode", "qv1 6yq", "qv16yq"),
            ("sex", "Female", "f"),
            ("email", " A.B@x.org", "a.b@x.org"),
            ("surname", "", None),
            ("surname", "--", None),
            ("date", "", None),
        ],
    )
    def test_values_come_in_one_form(self, kind, text, expected):
        assert tidy(pd.Series([text], dtype=object), kind).tolist() == [expected]
