"""Help: an example a command, and an answer at once."""

from __future__ import annotations

import json

import click
import pytest
from cli_house import pprl, python
from pprl.cli.main import COMMANDS, main

HEAVY = ("pandas", "numpy", "numba", "pyarrow", "pydantic", "scipy", "matplotlib", "cryptography")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_each_help_has_an_example(command: str, flag: str) -> None:
    done = pprl(command, flag)
    assert (done.code, done.err) == (0, "")
    assert f"  Example:\n    pprl {command} " in done.out


def test_main_help_lists_every_command_in_the_order_of_the_work() -> None:
    done = pprl("--help")
    assert done.code == 0
    listed = done.out.split("Commands:\n")[1].splitlines()
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    for who in ("A department:", "The linkage unit:", "A statistician:"):
        assert who in done.out


def test_every_option_says_what_it_is_for() -> None:
    context = click.Context(main, **main.context_settings)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str()
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, (name, option.opts)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["match", "--help"], ["mach"]])
def test_help_answers_at_once_and_loads_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import json, sys, time\n"
        "from pprl.cli.main import call\n"
        "call(sys.argv[1:])\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "print(json.dumps([time.process_time(), loaded]), file=sys.stderr)\n"
    )
    done = python(script, *arguments)
    seconds, loaded = json.loads(done.err.splitlines()[-1])
    assert loaded == []
    assert seconds < 0.5


def test_version_is_the_packages() -> None:
    import pprl as package

    assert pprl("--version").out == f"pprl {package.__version__}\n"


def test_no_command_shows_the_help_and_is_a_usage_error() -> None:
    done = pprl()
    assert done.code == 2
    assert done.out == ""
    assert "Commands:" in done.err
