"""What the documentation tells people to type works."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cli_house import ROOT, SAMPLE
from pprl.cli.main import main

README = ROOT / "README.md"
DOCUMENTS = [path for path in [README, *sorted((ROOT / "docs").glob("*.md"))] if path.exists()]
_FENCE = re.compile(
    r"^(`{3,}|~{3,})[ \t]*([\w-]*)[^\n]*\n(.*?)^\1[ \t]*$", re.DOTALL | re.MULTILINE
)


def blocks(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (language, content) of a document's fenced blocks."""
    for match in _FENCE.finditer(path.read_text(encoding="utf-8")):
        yield match[2], match[3]


def command_lines(path: Path) -> Iterator[list[str]]:
    """Yield the arguments of every `pprl ...` line in a document's blocks."""
    for language, content in blocks(path):
        if language in ("python", "toml", "json"):
            continue
        for line in re.sub(r"\\\n\s*", " ", content).splitlines():
            text = line.strip().removeprefix("$ ")
            if not re.match(r"pprl( [a-z-]|$)", text) or re.search(r"\S {4,}\S", text):
                continue  # no command, or a drawing with commands in it
            for each in unrolled(text, content):
                yield arguments_of(each)


def unrolled(line: str, block: str) -> Iterator[str]:
    """Yield the line once for each value of the shell loop it stands in."""
    for name, values in re.findall(r"\bfor (\w+) in ([^;\n]+)", block):
        if re.search(rf"\${name}\b", line):
            for value in values.split():
                yield from unrolled(re.sub(rf"\${name}\b", value, line), block)
            return
    yield line


def arguments_of(line: str) -> list[str]:
    """Return the arguments of one command line, up to the first pipe or redirection."""
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    words.commenters = "#"
    arguments: list[str] = []
    for word in words:
        if set(word) <= set("|&;<>()"):
            break
        arguments.append(word)
    return arguments[1:]


LINES = [(path.name, line) for path in DOCUMENTS for line in command_lines(path)]


@pytest.mark.skipif(not README.exists(), reason="no README")
def test_python_in_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scripts = [content for language, content in blocks(README) if language == "python"]
    assert scripts
    shutil.copytree(SAMPLE, tmp_path / "sample_data", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "readme"}
    for number, script in enumerate(scripts, start=1):
        exec(compile(script, f"README.md, block {number}", "exec"), names)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "line"), LINES, ids=[f"{name}: {' '.join(line)[:60]}" for name, line in LINES]
)
def test_documented_command_lines_parse(name: str, line: list[str]) -> None:
    """Every command, option and choice exists; placeholders in capitals or brackets are taken as they stand."""
    if not line or line[0].startswith("-"):
        assert set(line) <= {"--help", "--version", "-h"}
        return
    if "[OPTIONS]" in line or "COMMAND" in line:
        return  # click's own usage line
    context = click.Context(main, info_name="pprl", **main.context_settings)
    command = main.get_command(context, line[0])
    assert command is not None, f"{name}: no command {line[0]}"
    if {"--help", "-h"} & set(line):
        return
    command.make_context(line[0], list(line[1:]), parent=context)


def test_there_are_command_lines_to_check() -> None:
    assert len(LINES) >= 10 or not README.exists()
