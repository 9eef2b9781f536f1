"""The `pprl` command: finds the sub-command and turns every failure into an error, a hint and an exit code."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import click

from pprl.base.errors import AgreementError, PprlError
from pprl.base.plain_text import only_plain
from pprl.base.version import VERSION

__all__ = ["call", "main", "run"]

COMMANDS = (
    "init",
    "keygen",
    "check",
    "encode",
    "inspect",
    "match",
    "evaluate",
    "explain",
    "resolve",
    "synth",
    "measure",
)

_MORE_MEMORY = "Close other programs, or use a machine with more memory."
_MEMORY_HINTS = {
    "match": "Use --blocking keys or lsh, or a higher threshold.",
    "evaluate": f"Leave --baseline out if you gave it. {_MORE_MEMORY}",
    "synth": f"Make fewer people (--people). {_MORE_MEMORY}",
}
"""What to do when a command runs out of memory, besides having more of it."""

EXIT_INTERRUPTED = 130
"""128 plus the number of SIGINT, as shells report it."""


class _Lazy(click.Group):
    """A group whose commands are imported when they are called for, in the order of the work."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which people use them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"pprl.cli.{cmd_name}"), cmd_name)
        return command


@click.group(
    cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(VERSION, prog_name="pprl", message="%(prog)s %(version)s")
def main() -> None:
    """Link records of the same people across organisations without showing them.

    \b
    A department:      pprl init, keygen, check, encode, resolve
    The linkage unit:  pprl match, inspect
    A statistician:    pprl evaluate, explain
    To try and train:  pprl synth (made-up people), measure (does a file look like yours?)

    Example: `make demo` takes two made-up departments through the complete workflow.
    """


def run() -> None:
    """Entry point of the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file or a pipe gets UTF-8 on every system, and no character stops the output.
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # a closed session must tidy up as an interrupt does
            signal.signal(getattr(signal, name), _interrupt)
    code = call(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()  # what could not be written would fail once more at exit, and change the exit code
    sys.exit(code)


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def call(arguments: list[str]) -> int:
    """Run a command line and return its exit code; errors go to stderr as `pprl: error:` and `pprl: hint:`."""
    try:
        result = main.main(args=arguments, prog_name="pprl", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except PprlError as error:
        return _fail(error.problem, error.hint or _general_hint(error), error.exit_code)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        return 2
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "pprl"
        return _fail(
            error.format_message().rstrip("."),
            f"`{command} --help` shows the options and an example.",
            2,
        )
    except (KeyboardInterrupt, click.Abort):
        return _interrupted()
    except BrokenPipeError:
        # The reader of our output has gone (`pprl inspect ... | head`): not our failure, and not worth a message.
        _drop_output()
        return 1
    except MemoryError:
        return _fail(
            "there is not enough memory",
            _MEMORY_HINTS.get(next(iter(arguments), ""), _MORE_MEMORY),
            1,
        )
    except OSError as error:
        return _fail(*_explain(error), 1)
    except Exception as error:  # the last resort: a message of ours, never a value of theirs
        if _came_of_interrupt(error):
            return _interrupted()
        return _fail(f"unexpected {type(error).__name__} {_place(error)}", "This is a defect in pprl. Please report "
                     "this line; it holds no data of yours.", 1)  # fmt: skip


def _interrupted() -> int:
    return _fail(
        "interrupted", "Nothing was left half-written; run the command again.", EXIT_INTERRUPTED
    )


def _came_of_interrupt(error: BaseException) -> bool:
    """Say whether this is what numba makes of an interrupt in the middle of a kernel."""
    cause: BaseException | None = error
    while isinstance(cause, SystemError):
        cause = cause.__cause__
    return isinstance(cause, KeyboardInterrupt)


def _explain(error: OSError) -> tuple[str, str]:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no space left on the disk", "Free some space; nothing was left half-written."
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or type(error).__name__}", "Check the path and its permissions."


def _general_hint(error: PprlError) -> str:
    if "can't be read" in error.problem:
        return "Check the path and that you may read it."
    if isinstance(error, AgreementError):
        return "`pprl init PEOPLE.csv -o linkage.toml` drafts a valid agreement to compare with."
    return "`pprl --help` lists the commands; each has an example in its own --help."


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _fail(problem: str, hint: str | None, code: int) -> int:
    # A file that another organisation sent may bear a name that a terminal would obey.
    click.echo(f"pprl: error: {only_plain(problem)}", err=True)
    if hint:
        click.echo(f"pprl: hint: {only_plain(hint)}", err=True)
    return code
