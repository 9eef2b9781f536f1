"""The walls of the house: who may import whom, and what no room does."""

from __future__ import annotations

import ast
import itertools
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "pprl").rglob("*.py"))
COMMANDS = sorted((ROOT / "cli").rglob("*.py"))
WITH_NAMES = [path for path in SOURCES if path.name != "__init__.py"]

FORBIDDEN_NAMES = {"print", "eval", "exec", "input", "breakpoint", "exit", "quit", "__import__"}
FORBIDDEN_MODULES = {"pickle", "dill", "cloudpickle", "shelve", "marshal", "joblib", "random"}
FORBIDDEN_ATTRIBUTES = {
    "os.environ",
    "os.environb",
    "os.getenv",
    "os._exit",
    "os.system",
    "sys.exit",
    "sys.argv",
    "sys.stdin",
    "sys.stdout",
    "sys.stderr",
}
PICKLE_METHODS = {"read_pickle", "to_pickle"}


def label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports_of(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Give every imported module and the names taken from it, at the top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, []
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", [name.name for name in node.names]


def loaded_after(statement: str) -> set[str]:
    """Run a statement in a fresh interpreter and give the modules that are loaded then."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{statement}\nimport json, sys\nprint(json.dumps(list(sys.modules)))",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return set(json.loads(done.stdout))


def test_import_contracts_hold() -> None:
    """The contracts of pyproject.toml, by the linter itself."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports; "
            "sys.exit(lint_imports(config_filename='pyproject.toml', no_cache=True))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    number = len(contracts["tool"]["importlinter"]["contracts"])
    assert f"Contracts: {number} kept, 0 broken." in done.stdout


def test_contracts_name_every_room() -> None:
    """A new room must not slip past the contracts: whatever is not the party's may not see the key."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {
        contract["name"]: contract for contract in settings["tool"]["importlinter"]["contracts"]
    }
    above = contracts["Nothing imports the command line"]["source_modules"]
    modules = {
        f"pprl.{path.stem}"
        for path in (ROOT / "pprl").iterdir()
        if (path / "__init__.py").exists() or path.suffix == ".py"
    } - {"pprl.__init__", "pprl.base.version"}
    assert set(above) == modules


def rows_of_table(name: str) -> dict[str, list[set[str]]]:
    """Give the table behind a marker in architecture.md: room -> the rooms that each further column names."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = text.partition(f"<!-- imports: {name} -->")[2].strip().splitlines()
    table = list(itertools.takewhile(lambda line: line.startswith("|"), lines))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]
    return {
        row[0].strip("`"): [set(re.findall(r"`(\w+)`", cell)) for cell in row[1:]] for row in cells
    }


def arrows(package: str, folder: Path, commands: Path | None = None) -> dict[str, set[str]]:
    """Give for each room of a package the other rooms of it that its modules import, by the code itself."""
    found: dict[str, set[str]] = {}
    for path in [*folder.rglob("*.py"), *(commands.rglob("*.py") if commands else ())]:
        inside = path.relative_to(folder if path.is_relative_to(folder) else ROOT)
        room = inside.parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        known = found.setdefault(room, set())
        for module, names in imports_of(tree_of(path)):
            for whole in [module, *(f"{module}.{name}" for name in names)]:
                if whole.startswith(f"{package}."):
                    known.add(whole.split(".")[package.count(".") + 1])
    return {
        room: {other for other in others if other in found and other != room}
        for room, others in found.items()
    }


@pytest.mark.parametrize("name", ["rooms", "unit"])
def test_architecture_says_who_imports_whom(name: str) -> None:
    """Every arrow of the code is drawn in architecture.md, and every one that is drawn is there."""
    told = rows_of_table(name)
    if name == "rooms":
        real = arrows("pprl", ROOT / "pprl", ROOT / "cli")
    else:
        real = arrows("pprl.unit", ROOT / "pprl" / "unit")
    assert {room: columns[0] for room, columns in told.items()} == real


def test_architecture_forbids_what_is_not_imported() -> None:
    """Each room is either imported or ruled out, so that a new one has to be judged."""
    told = rows_of_table("rooms")
    for room, (imported, never) in told.items():
        assert not imported & never
        if never:  # the ground says "everything else", and the command line may import all
            assert imported | never | {room} == set(told)


@pytest.mark.parametrize("room", ["unit", "party", "quality", "synth"])
def test_rooms_show_at_most_nine_entries(room: str) -> None:
    """More than a person can hold in mind wants rooms of its own."""
    here = [path for path in (ROOT / "pprl" / room).iterdir() if path.name != "__pycache__"]
    shown = [path for path in here if path.is_file() or any(path.rglob("*.*"))]
    assert len([path for path in shown if not only_caches(path)]) <= 9


def only_caches(path: Path) -> bool:
    """Say whether a folder holds nothing but what Python has compiled."""
    return path.is_dir() and all("__pycache__" in part.parts for part in path.rglob("*.*"))


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_library_never_prints_exits_or_reads_the_environment(path: Path) -> None:
    tree = tree_of(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            assert node.id not in FORBIDDEN_NAMES, f"line {node.lineno}: {node.id}"
        elif isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            assert dotted not in FORBIDDEN_ATTRIBUTES, f"line {node.lineno}: {dotted}"
            assert node.attr not in PICKLE_METHODS, f"line {node.lineno}: {dotted}"
    for module, names in imports_of(tree):
        assert module.split(".")[0] not in FORBIDDEN_MODULES, module
        assert not {f"{module}.{name}" for name in names} & FORBIDDEN_ATTRIBUTES, module
        assert module.split(".")[0] not in {"click", "socket", "urllib", "http", "requests"}, module


@pytest.mark.parametrize("path", COMMANDS, ids=label)
def test_commands_never_unpickle_or_evaluate(path: Path) -> None:
    tree = tree_of(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            assert node.id not in {"eval", "exec", "__import__"}, f"line {node.lineno}: {node.id}"
    for module, _ in imports_of(tree):
        assert module.split(".")[0] not in FORBIDDEN_MODULES, module


@pytest.mark.parametrize("path", WITH_NAMES, ids=label)
def test_every_module_says_what_is_public(path: Path) -> None:
    """A docstring, and an ``__all__`` whose names exist."""
    tree = tree_of(path)
    assert ast.get_docstring(tree), "no docstring"
    listed: list[str] | None = None
    defined: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in (part for whole in targets for part in ast.walk(whole)):
                if isinstance(target, ast.Name):
                    defined.add(target.id)
                    if target.id == "__all__":
                        assert node.value is not None
                        listed = ast.literal_eval(node.value)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {name.asname or name.name for name in node.names}
    assert listed is not None, "no __all__"
    assert len(set(listed)) == len(listed)
    assert set(listed) <= defined


@pytest.mark.parametrize("path", SOURCES + COMMANDS, ids=label)
def test_modules_stay_small(path: Path) -> None:
    """About 400 lines: one idea each."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 430


@pytest.mark.parametrize(
    "statement",
    [
        "import pprl.unit.run.match, pprl.unit.run.plan, pprl.exchange.encoded.file, pprl.exchange.links.folder",
        "import pprl.quality.judging.evaluate",
        "import pprl; pprl.match, pprl.read_encoded, pprl.Agreement, pprl.evaluate",
    ],
)
def test_unit_and_statistician_load_nothing_of_the_party(statement: str) -> None:
    """In a process of their own there is no code that derives a key or reads a name."""
    loaded = loaded_after(statement)
    assert "pprl" in loaded
    assert not {name for name in loaded if name.startswith("pprl.party")}
    assert "cryptography" not in loaded
    assert not {name for name in loaded if name.startswith("pprl.cli")}


def test_party_loads_nothing_of_the_unit() -> None:
    loaded = loaded_after("import pprl; pprl.encode, pprl.Key")
    assert "pprl.party.encoding.encode" in loaded
    assert not {name for name in loaded if name.startswith(("pprl.unit", "pprl.quality"))}


def test_package_itself_loads_no_heavy_library() -> None:
    """So that help and errors answer at once."""
    loaded = loaded_after("import pprl")
    heavy = {
        "numpy",
        "pandas",
        "numba",
        "pyarrow",
        "scipy",
        "pydantic",
        "matplotlib",
        "cryptography",
    }
    assert not loaded & heavy


def test_public_names_are_there() -> None:
    """Every name of the package can be had."""
    import pprl

    for name in pprl.__all__:
        assert getattr(pprl, name) is not None
    with pytest.raises(AttributeError):
        _ = pprl.nothing_of_this_name


def test_every_package_is_shipped() -> None:
    """The list of packages in pyproject.toml is kept by hand; a room left out would be missing from the wheel."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = {
        ".".join(p.parent.relative_to(ROOT).parts) for p in (ROOT / "pprl").rglob("__init__.py")
    }
    assert set(settings["tool"]["setuptools"]["packages"]) == found | {"pprl.cli"}
