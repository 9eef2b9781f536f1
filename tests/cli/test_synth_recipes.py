"""Every command line and every script of docs/synth.md does what it says, in the order in which it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_house import ROOT, SAMPLE, pprl, python

GUIDE = ROOT / "docs" / "synth.md"
MOST_PEOPLE = 3000

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COUNT = re.compile(r"(--people[ =]|^people = |population\()([0-9][0-9_]*)", re.MULTILINE)
_PLAN = re.compile(r"# (\S+\.toml)\n")


def scaled(text: str) -> str:
    """The same with fewer people, so that the test takes seconds."""
    return _COUNT.sub(lambda found: f"{found[1]}{min(int(found[2]), MOST_PEOPLE)}", text)


def blocks() -> list[tuple[str, str]]:
    """The code blocks of the guide: language and text."""
    return [
        (found[1], scaled(found[2])) for found in _BLOCK.finditer(GUIDE.read_text(encoding="utf-8"))
    ]


def commands(text: str) -> Iterator[list[str]]:
    """The command lines of a bash block, continued lines joined, comments left out."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words:
            yield words


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with what the guide takes for granted: the parties' agreement, a people file, an office's tables."""
    shutil.copy(SAMPLE / "linkage.toml", tmp_path / "linkage.toml")
    shutil.copy(SAMPLE / "health.csv", tmp_path / "people.csv")
    shutil.copy(SAMPLE / "health.columns.toml", tmp_path / "people.columns.toml")
    ages = "".join(f"{age},{5000 - 45 * age}\n" for age in range(0, 105, 5))
    tables = {
        "surnames.csv": "surname,count\nQuibble,900\nFernsby,500\nOakshott,40\n",
        "given_names.csv": "sex,given_name,count\nF,Ottoline,700\nF,Mary,300\nM,Peregrine,600\n",
        "ages.csv": f"age,count\n{ages}",
    }
    for name, text in tables.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_guides_recipes_work_as_they_stand(desk: Path) -> None:
    done = {"bash": 0, "python": 0, "toml": 0}
    for language, text in blocks():
        done[language] = done.get(language, 0) + 1
        if language == "bash":
            for words in commands(text):
                assert words[0] == "pprl", f"the guide has another command than pprl: {words}"
                if words[1] == "synth" and not {"--people", "--plan", "--list-errors"} & set(words):
                    words += ["--people", str(MOST_PEOPLE)]
                outcome = pprl(*words[1:], cwd=desk)
                assert outcome.code == 0, (shlex.join(words), outcome.err)
                if words[1] == "synth":
                    assert "warning" not in outcome.err, (shlex.join(words), outcome.err)
        elif language == "python":
            outcome = python(text, cwd=desk)
            assert outcome.code == 0, (text, outcome.err)
            assert "Warning" not in outcome.err, outcome.err
        elif language == "toml" and (name := _PLAN.match(text)):
            (desk / name[1]).write_text(text, encoding="utf-8")
    assert done["bash"] >= 3, "three recipes"
    assert done["python"] >= 1
    assert not [path for path in desk.rglob("*") if path.name.endswith((".partial", ".old"))]


def test_the_guide_writes_plans_before_it_uses_them() -> None:
    written: set[str] = set()
    used: set[str] = set()
    for language, text in blocks():
        if language == "toml" and (name := _PLAN.match(text)):
            written.add(name[1])
        elif language == "bash":
            for words in commands(text):
                if "--plan" in words:
                    plan = words[words.index("--plan") + 1]
                    assert plan in written
                    used.add(plan)
    assert used == written


def test_the_guide_takes_only_what_there_is() -> None:
    """Its links within the tree lead somewhere."""
    text = GUIDE.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (GUIDE.parent / target).exists(), target


@pytest.mark.parametrize(
    ("text", "less"),
    [
        ("pprl synth --people 100_000 -o x", "pprl synth --people 3000 -o x"),
        ("people = 100_000\n", "people = 3000\n"),
        ("pprl.synth.population(1_000, seed=7)", "pprl.synth.population(1000, seed=7)"),
        ("--seed 100_000 --rate sex_wrong=0.2", "--seed 100_000 --rate sex_wrong=0.2"),
    ],
)
def test_counts_of_people_are_scaled_down_and_nothing_else(text: str, less: str) -> None:
    assert scaled(text) == less
