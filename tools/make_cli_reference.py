"""Write docs/cli.md from the commands' own help; with --check, fail when the file is not up to date.

python tools/make_cli_reference.py docs/cli.md
"""

import sys
from pathlib import Path

import click
from pprl.cli.main import COMMANDS, main


def reference() -> str:
    """Return the reference: the help of `pprl` and of every command."""
    parts = [
        "# Command reference",
        "",
        "Written by `make docs-update` from the commands' own `--help`; do not edit.",
        "",
        "Exit codes: 0 done, 1 data or input error, 2 usage, 3 a quality gate failed, 130 interrupted.",
        "Results go to stdout, messages and progress to stderr.",
    ]
    context = click.Context(main, info_name="pprl", max_content_width=100, terminal_width=100)
    parts += ["", "## pprl", "", "```text", main.get_help(context), "```"]
    for name in COMMANDS:
        command = main.get_command(context, name)
        if command is None:
            raise SystemExit(f"no command {name}")
        own = click.Context(
            command, info_name=name, parent=context, max_content_width=100, terminal_width=100
        )
        parts += ["", f"## pprl {name}", "", "```text", command.get_help(own), "```"]
    return "\n".join(parts) + "\n"


def run(arguments: list[str]) -> int:
    """Write or check the reference."""
    path = Path(arguments[-1])
    text = reference()
    if "--check" not in arguments:
        path.write_text(text, encoding="utf-8", newline="\n")
        return 0
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        print(f"{path} is not up to date: run `make docs-update` and commit it", file=sys.stderr)
        return 1
    print(f"{path} is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
