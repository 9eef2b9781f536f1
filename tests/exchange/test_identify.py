"""What a foreign artefact says about itself can be shown on a terminal, and is read within bounds."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from run_records import record_content, to_record

from pprl.base.errors import DataError, LinksError, PprlError
from pprl.exchange.identify import identify
from pprl.exchange.links.folder import LINK_COLUMNS, PAIR_COLUMNS, Links, write_links

ESCAPE = "\x1b]0;owned\x07\u202e\x9b2J"


def links_folder(folder: Path, text: str) -> Path:
    """A links folder of nothing, whose run record holds the text wherever it may."""
    pairs = pd.DataFrame(columns=list(PAIR_COLUMNS)).astype(dict.fromkeys(PAIR_COLUMNS[4:], float))
    run = record_content(["a", "b"])
    run["counts"].update(linked_records=0, pairs_accepted=0)
    links = pd.DataFrame(columns=list(LINK_COLUMNS)).astype({"link_id": "int64"})
    write_links(Links(links=links, pairs=pairs, near=pairs, run=to_record(run)), folder, force=True)
    run.update(software={text: text}, warnings=[text])
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return folder


def test_a_links_folder_says_what_the_run_counted(tmp_path: Path) -> None:
    facts = identify(links_folder(tmp_path, "1"))
    assert json.loads(json.dumps(facts)) == facts
    assert facts["kind"] == "links folder"
    assert facts["parties"] == {"a": 100, "b": 100}
    assert (facts["threshold"], facts["threshold_method"]) == (0.75, "auto")
    assert (facts["blocking"], facts["assign"]) == ("exhaustive", "one-to-one")
    assert (facts["pairs_compared"], facts["passes"][0]["per_block_pass"]) == (10000, [10000])
    assert (facts["software"], facts["warnings"]) == ({"1": "1"}, ["1"])


def test_a_links_folder_with_a_terminal_escape_is_refused_unshown(tmp_path: Path) -> None:
    with pytest.raises(LinksError, match="invisible character") as caught:
        identify(links_folder(tmp_path, ESCAPE))
    assert (caught.value.problem + str(caught.value.hint)).isprintable()


def test_formats_in_json_show_no_terminal_escape(tmp_path: Path) -> None:
    for stated in ("pprl-links/", "pprl-report/"):
        path = tmp_path / "x.json"
        path.write_text(json.dumps({"format": stated + ESCAPE}), encoding="utf-8")
        assert json.dumps(identify(path), ensure_ascii=False).isprintable()


@pytest.mark.parametrize(("profile", "bits"), [("record", 1024), ("fields", 512)])
def test_an_agreement_names_its_profile(tmp_path: Path, profile: str, bits: int) -> None:
    path = tmp_path / "linkage.toml"
    path.write_text(
        f'format = "pprl-agreement/1"\nproject = "x"\nprofile = "{profile}"\n'
        '[[field]]\nname = "surname"\ntype = "surname"\n'
    )
    facts = identify(path)
    assert (facts["kind"], facts["profile"], facts["filter_bits"]) == ("agreement", profile, bits)


def test_a_project_of_escapes_is_refused_unshown(tmp_path: Path) -> None:
    path = tmp_path / "linkage.toml"
    path.write_text(
        'format = "pprl-agreement/1"\nproject = "\\u001b[2J"\n'
        '[[field]]\nname = "surname"\ntype = "surname"\n'
    )
    with pytest.raises(PprlError, match="project: may hold no control") as caught:
        identify(path)
    assert "\x1b" not in str(caught.value)


def test_endless_json_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b'{"format": "pprl-report/1"}' + b" " * (16 << 20))
    with pytest.raises(DataError, match="not a file that pprl makes"):
        identify(path)
