"""`pprl evaluate`: what it prints and writes, and how it ends."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from pprl.cli.evaluate import evaluate
from quality_world import AGREEMENT

from pprl.base.errors import DataError, GateError, LinksError, OutputError, UsageError


def run(*arguments):
    # The command remembers its help option from its first context: it must be that of `pprl`.
    return CliRunner().invoke(
        evaluate, [str(argument) for argument in arguments], help_option_names=["-h", "--help"]
    )


def test_help_has_an_example():
    found = run("--help")
    assert found.exit_code == 0
    assert "Example:\n" in found.output
    assert "pprl evaluate links" in found.output
    assert "legal basis" in " ".join(found.output.split())


def test_with_truth_it_writes_the_report_and_says_the_numbers(tmp_path, world):
    arguments = world.write(tmp_path)
    found = run(*arguments, "-o", tmp_path / "report.html")
    assert found.exit_code == 0, found.exception
    assert "90.0 % of the true pairs (90 of 100)" in found.stdout
    assert "report.html" in found.stderr
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    content = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert content["quality"]["true_positives"] == 90


def test_without_truth_it_says_that_quality_is_not_known(tmp_path, world):
    links, *_ = world.write(tmp_path)
    found = run(links, "-o", tmp_path / "report.html")
    assert found.exit_code == 0, found.exception
    assert "is not known" in found.stdout


def test_json_goes_to_stdout_alone_and_needs_no_file(tmp_path, world):
    found = run(*world.write(tmp_path), "--json")
    assert found.exit_code == 0, found.exception
    assert json.loads(found.stdout)["quality"]["found_pairs"] == 95
    assert not list(tmp_path.glob("*.html"))


def test_json_and_the_file_hold_the_same_numbers(tmp_path, world):
    found = run(*world.write(tmp_path), "--json", "-o", tmp_path / "r.html")
    assert found.stdout == (tmp_path / "r.json").read_text("utf-8")


def test_a_gate_fails_after_the_report_is_written(tmp_path, world):
    found = run(*world.write(tmp_path), "-o", tmp_path / "r.html", "--require-f1", "0.99")
    assert isinstance(found.exception, GateError)
    assert found.exception.exit_code == 3
    assert (tmp_path / "r.html").exists()
    assert "NOT reached" in found.stdout


def test_a_gate_that_is_met_ends_well(tmp_path, world):
    found = run(*world.write(tmp_path), "--json", "--require-recall", "0.9")
    assert found.exit_code == 0, found.exception
    assert json.loads(found.stdout)["gates"][0]["met"] is True


@pytest.mark.parametrize("option", ["precision", "recall", "f1"])
def test_a_gate_without_truth_is_a_usage_error(tmp_path, world, option):
    links, *_ = world.write(tmp_path)
    found = run(links, "-o", tmp_path / "r.html", f"--require-{option}", "0.9")
    assert isinstance(found.exception, UsageError)
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--truth", "t.csv", "--json"], "without --ids"),
        (["--ids", "a.csv", "--json"], "without --truth"),
        (["--baseline", "a.csv", "b.csv", "--json"], "--baseline can't be judged without --truth"),
        (["--columns", "a=x.toml", "--json"], "--columns belongs to --baseline"),
        (["--id", "a=ref", "--json"], "--id belongs to --baseline"),
        ([], "no output"),
    ],
)
def test_options_that_lack_their_partner_are_usage_errors(arguments, problem):
    found = run("links", *arguments)
    assert isinstance(found.exception, UsageError)
    assert problem in found.exception.problem
    assert found.exception.hint


def test_a_folder_that_is_none_of_links_is_told(tmp_path):
    found = run(tmp_path, "--json")
    assert isinstance(found.exception, LinksError)


@pytest.mark.parametrize("standing", ["r.html", "r.json"])
def test_an_output_that_exists_is_refused_before_any_work(tmp_path, standing):
    """Not even the links have to be there for it to be told."""
    (tmp_path / standing).write_text("mine")
    found = run(tmp_path / "nowhere", "-o", tmp_path / "r.html")
    assert isinstance(found.exception, OutputError)
    assert (tmp_path / standing).read_text() == "mine"


def test_force_replaces_an_output(tmp_path, world):
    links, *_ = world.write(tmp_path)
    (tmp_path / "r.html").write_text("old")
    found = run(links, "-o", tmp_path / "r.html", "--force")
    assert found.exit_code == 0, found.exception
    assert (tmp_path / "r.html").read_text("utf-8") != "old"


def test_bad_truth_leaves_no_report(tmp_path, world):
    arguments = world.write(tmp_path)
    (tmp_path / "truth.csv").write_text("party,id,person\na,1\n")
    found = run(*arguments, "-o", tmp_path / "r.html")
    assert isinstance(found.exception, DataError)
    assert not (tmp_path / "r.html").exists()


class TestBaseline:
    """``--baseline A.csv B.csv``."""

    def files(self, folder, world):
        names = ["anna", "berta", "clara", "dora", "emil", "fritz", "gustav", "hans", "ida", "jan"]
        for party, header in (("a", "id,given_name,surname,date_of_birth,town,postcode"),
                              ("b", "ref,given_name,last,date_of_birth,town,postcode")):  # fmt: skip
            lines = [header]
            for record in world.truth.loc[world.truth["party"] == party, "id"]:
                n = int(record[2:])
                lines.append(
                    f"{record},{names[n % 10]},{names[n // 10 % 10]}son,"
                    f"{1950 + n % 37}-{n % 12 + 1:02d}-{n % 28 + 1:02d},town{n % 3},{100 + n % 41}"
                )
            (folder / f"{party}.csv").write_text("\n".join(lines) + "\n")
        (folder / "b.toml").write_text('[columns]\nsurname = "last"\n')
        return [
            "--baseline", folder / "a.csv", folder / "b.csv",
            "--columns", f"b={folder / 'b.toml'}", "--id", "b=ref",
        ]  # fmt: skip

    def test_it_warns_and_reports_both_linkages(self, tmp_path, world):
        arguments = world.write(tmp_path) + self.files(tmp_path, world)
        found = run(*arguments, "-o", tmp_path / "r.html", "--json")
        assert found.exit_code == 0, found.exception
        assert "plain files of both parties" in found.stderr
        assert "legal basis" in found.stderr
        content = json.loads(found.stdout)["baseline"]
        assert content["quality"]["recall"]["value"] > 0.9
        assert "Compared with a textbook linkage" in (tmp_path / "r.html").read_text("utf-8")

    def test_bad_id_maps_are_told_before_the_plain_files_are_read(self, tmp_path, world):
        world.ids = {"a": world.ids["a"]}
        arguments = world.write(tmp_path) + self.files(tmp_path, world)
        found = run(*arguments, "--json")
        assert isinstance(found.exception, DataError)
        assert "plain files" not in found.stderr

    @pytest.mark.parametrize("option", ["b", "b=", "c=x", "=x"])
    def test_a_party_option_of_another_form_is_a_usage_error(self, tmp_path, world, option):
        arguments = world.write(tmp_path) + self.files(tmp_path, world)
        found = run(*arguments, "--json", "--columns", option)
        assert isinstance(found.exception, UsageError)

    def test_a_column_that_is_not_mapped_is_named(self, tmp_path, world):
        arguments = world.write(tmp_path) + self.files(tmp_path, world)
        arguments = [a for a in arguments if a != "--columns" and "b.toml" not in str(a)]
        found = run(*arguments, "--json")
        assert isinstance(found.exception, DataError)
        assert "'surname'" in found.exception.problem

    def test_it_is_for_runs_of_two_files(self, tmp_path):
        from quality_world import make_ids, make_links, make_truth

        from pprl.exchange.links.folder import write_links

        assert AGREEMENT.field
        write_links(make_links(["a"], []), tmp_path / "links")
        make_truth([("a", "1", "x")]).to_csv(tmp_path / "truth.csv", index=False)
        make_ids([("a", "1")])["a"].to_csv(tmp_path / "a.ids.csv", index=False)
        found = run(
            tmp_path / "links", "--truth", tmp_path / "truth.csv", "--ids",
            tmp_path / "a.ids.csv", "--baseline", "a.csv", "b.csv", "--json",
        )  # fmt: skip
        assert isinstance(found.exception, UsageError)
        assert "two files" in found.exception.problem
