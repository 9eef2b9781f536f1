"""Every fast function that names a slow twin has one, and a test that knows both."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMED = re.compile(r"^Twin: :(?:func|data):`~?([\w.]+)`", re.MULTILINE)


def twins() -> Iterator[tuple[str, str]]:
    """Give each (fast name, name of its twin)."""
    for path in sorted((ROOT / "pprl").rglob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(body):
            if isinstance(node, ast.FunctionDef):
                for twin in NAMED.findall(ast.get_docstring(node) or ""):
                    yield node.name, twin.rpartition(".")[2]
        before = ""
        for node in body.body:  # a constant's docstring stands below it
            if isinstance(node, ast.AnnAssign | ast.Assign):
                target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                before = ast.unparse(target)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                for twin in NAMED.findall(str(node.value.value)):
                    yield before, twin


def test_every_twin_is_there_and_a_test_knows_both() -> None:
    """A twin that is renamed or no longer compared is found."""
    found = list(twins())
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    sources = [*(ROOT / "pprl").rglob("*.py"), *(ROOT / "tests").rglob("slow_*.py")]
    defined = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert len(found) >= 15
    for fast, slow in found:
        assert re.search(rf"^(def {slow}\(|{slow}\b.* = )", defined, re.MULTILINE), slow
        together = [re.search(rf"\b{fast}\b", t) and re.search(rf"\b{slow}\b", t) for t in texts]
        assert any(together), f"no test knows {fast} and {slow}"
