"""Truth files and id maps: what is read, what is refused, and that no id is told."""

from __future__ import annotations

import pytest
from quality_world import make_ids, make_truth, make_world

from pprl.base.errors import DataError, UsageError
from pprl.quality import evaluate, read_id_maps, read_truth, report_content


def told(error: DataError | UsageError) -> str:
    return f"{error.problem} {error.hint}"


def test_a_truth_file_is_read_as_text(tmp_path):
    """Leading zeros and an id named NA stay."""
    path = tmp_path / "truth.csv"
    path.write_text("party,id,person\na,007,NA\nb,NA,NA\n")
    frame = read_truth(path)
    assert frame.to_dict("list") == {
        "party": ["a", "b"],
        "id": ["007", "NA"],
        "person": ["NA", "NA"],
    }


def test_a_missing_truth_column_is_named_with_the_nearest_one(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text("party,id,Persons\na,1,2\n")
    with pytest.raises(DataError, match="no column 'person'") as caught:
        read_truth(path)
    assert "Did you mean 'Persons'?" in caught.value.hint


def test_an_empty_value_is_refused_with_its_row(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text("party,id,person\na,secret1,2\na,,3\n")
    with pytest.raises(DataError, match="no 'id' in data row 2") as caught:
        read_truth(path)
    assert "secret1" not in told(caught.value)


def test_a_missing_id_map_column_is_named(tmp_path, world):
    path = tmp_path / "a.ids.csv"
    path.write_text("pseudonyms,id\nx,1\n")
    with pytest.raises(DataError, match="no column 'pseudonym'") as caught:
        read_id_maps([str(path)], world.links)
    assert "Did you mean 'pseudonyms'?" in caught.value.hint


class TestPartyOfAnIdMap:
    """``--ids`` may name the party, or leave it to be seen."""

    def write(self, folder, world, name, party):
        world.ids[party].to_csv(folder / name, index=False)
        return str(folder / name)

    def test_it_is_the_party_whose_pseudonyms_the_file_holds(self, tmp_path, world):
        options = [self.write(tmp_path, world, f"{p}-map.csv", p) for p in ("b", "a")]
        found = read_id_maps(options, world.links)
        assert {party: len(frame) for party, frame in found.items()} == {"a": 100, "b": 103}

    def test_it_may_be_named(self, tmp_path, world):
        path = self.write(tmp_path, world, "map.csv", "a")
        assert list(read_id_maps([f"a={path}"], world.links)) == ["a"]

    def test_it_is_taken_from_the_file_name_when_no_pseudonym_tells(self, tmp_path, world):
        (tmp_path / "b.ids.csv").write_text("pseudonym,id\nunlinked,1\n")
        assert list(read_id_maps([str(tmp_path / "b.ids.csv")], world.links)) == ["b"]

    def test_a_path_with_an_equals_sign_is_a_path(self, tmp_path, world):
        path = self.write(tmp_path, world, "x=y.csv", "a")
        assert list(read_id_maps([path], world.links)) == ["a"]

    def test_a_party_that_can_not_be_told_is_asked_for(self, tmp_path, world):
        (tmp_path / "map.csv").write_text("pseudonym,id\nunlinked,1\n")
        with pytest.raises(UsageError, match="whose id map") as caught:
            read_id_maps([str(tmp_path / "map.csv")], world.links)
        assert "--ids party=FILE" in caught.value.hint

    def test_an_unknown_party_is_refused(self, world):
        with pytest.raises(UsageError, match="not in the run") as caught:
            read_id_maps(["c=nowhere.csv"], world.links)
        assert "a, b" in caught.value.hint

    def test_a_party_without_a_file_is_refused(self, world):
        with pytest.raises(UsageError, match="names no file"):
            read_id_maps(["a="], world.links)

    def test_two_maps_of_one_party_are_refused(self, tmp_path, world):
        path = self.write(tmp_path, world, "map.csv", "a")
        with pytest.raises(UsageError, match="two id maps"):
            read_id_maps([path, path], world.links)


def test_a_record_twice_in_the_truth_is_refused_without_its_id(world):
    twice = make_truth([("a", "secret1", "x"), ("a", "secret1", "y"), ("b", "z", "x")])
    with pytest.raises(DataError, match=r"holds a record twice.*data row 2") as caught:
        evaluate(world.links, truth=twice, ids=world.ids)
    assert "secret1" not in told(caught.value)


def test_a_party_of_the_run_that_the_truth_lacks_is_refused(world):
    only_a = world.truth[world.truth["party"] == "a"]
    with pytest.raises(DataError, match="no row for the party 'b'"):
        evaluate(world.links, truth=only_a, ids=world.ids)


def test_parties_that_took_no_part_are_left_out_and_counted(world):
    more = make_truth([*world.truth.itertuples(index=False, name=None), ("c", "C-1", "p0")])
    plain = evaluate(world.links, truth=world.truth, ids=world.ids)
    found = evaluate(world.links, truth=more, ids=world.ids)
    assert found.quality == plain.quality
    assert found.coverage.truth_records_of_other_parties == 1
    assert any("took no part" in note for note in report_content(found)["notes"])


@pytest.mark.parametrize("column", ["pseudonym", "id"])
def test_a_value_twice_in_an_id_map_is_refused_without_the_value(world, column):
    frame = world.ids["a"].copy()
    frame.loc[4, column] = value = frame.loc[2, column]
    with pytest.raises(DataError, match=f"the {column} of data row 5") as caught:
        evaluate(world.links, truth=world.truth, ids={**world.ids, "a": frame})
    assert value not in told(caught.value)


def test_a_linked_pseudonym_that_no_map_knows_is_refused(world):
    with pytest.raises(DataError, match="95 pseudonyms of the party 'b'") as caught:
        evaluate(world.links, truth=world.truth, ids={"a": world.ids["a"]})
    assert "--ids b=FILE" in caught.value.hint


def test_a_map_of_a_party_that_took_no_part_is_refused(world):
    with pytest.raises(DataError, match="'c', which is not in the run"):
        evaluate(world.links, truth=world.truth, ids={**world.ids, **make_ids([("c", "C-1")])})


def test_ids_that_are_written_otherwise_in_the_truth_are_told(world):
    """A truth that lost its ids' form shares none of them with the map."""
    stripped = world.truth.assign(id=world.truth["id"].str.replace("A-", ""))
    with pytest.raises(DataError, match="no id in the id map of 'a' is in the truth") as caught:
        evaluate(world.links, truth=stripped, ids=world.ids)
    assert "A-0" not in told(caught.value)


def test_encoded_records_without_truth_are_counted_and_their_pairs_not_judged(world):
    """Ten people are taken out of the truth: their ten found pairs are neither right nor wrong."""
    gone = {f"p{n}" for n in range(10)}
    some = world.truth[~world.truth["person"].isin(gone)]
    found = evaluate(world.links, truth=some, ids=world.ids)
    assert found.coverage.encoded_without_truth == 20
    assert found.unjudged_pairs == 10
    assert found.curve.unjudged == 10
    assert (found.quality.found_pairs, found.quality.true_positives) == (85, 80)
    assert any("could not be judged" in note for note in report_content(found)["notes"])


def test_numbers_as_ids_are_compared_as_text():
    """A frame of integers, as `pandas.read_csv` makes it, fits a map of text."""
    world = make_world()
    digits = {"A-": "1", "B-": "2"}

    def number(ids):
        return ids.replace(digits, regex=True).astype(int)

    truth = world.truth.assign(id=number(world.truth["id"]))
    ids = {p: f.assign(id=number(f["id"]).astype(str)) for p, f in world.ids.items()}
    assert evaluate(world.links, truth=truth, ids=ids).quality.true_positives == 90
