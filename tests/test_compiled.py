"""A kernel that is kept for the next process is used there only if all the code in it is still the same."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pprl.base.compiled import kernel, taken_in

ROOT = Path(__file__).resolve().parent.parent

CALLER = """
from pprl.base.compiled import kernel
from kernel_helper import LIMIT, bits, scaled

@kernel
def answer(x):
    return indirectly(x) + LIMIT + bits(x)

@kernel
def indirectly(x):
    return scaled(x)
"""

HELPER = """
import kernel_ground
from numba import types
from numba.extending import intrinsic
from pprl.base.compiled import kernel

LIMIT = 5
_WIDTH = 0

@kernel
def scaled(x):
    return x * kernel_ground.FACTOR

def _added(width):
    def generate(context, builder, signature, args):
        return args[0].type(width)
    return generate

@intrinsic
def bits(typingctx, x):
    return types.int64(types.int64), _added(_WIDTH)
"""

GROUND = """
FACTOR = 2
"""

Load = Callable[[], ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Give what imports the caller as a new process would."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name, text in (("caller", CALLER), ("helper", HELPER), ("ground", GROUND)):
        (tmp_path / f"kernel_{name}.py").write_text(text)

    def loaded() -> ModuleType:
        forget()
        importlib.invalidate_caches()
        return importlib.import_module("kernel_caller")

    def forget() -> None:
        for name in ("caller", "helper", "ground"):
            sys.modules.pop(f"kernel_{name}", None)

    yield loaded
    forget()


def kept(module: ModuleType) -> bool:
    """Say whether the kernel came from the cache."""
    return sum(module.answer.stats.cache_hits.values()) > 0


@pytest.mark.parametrize(
    ("file", "before", "after", "gives"),
    [
        ("helper", "LIMIT = 5", "LIMIT = 6", 21 + 5),
        ("helper", "return x * ", "return x + ", 17),
        ("helper", "_WIDTH = 0", "_WIDTH = 100", 120 + 5),
        ("helper", "args[0].type(width)", "args[0].type(width + 1)", 21 + 5),
        ("ground", "FACTOR = 2", "FACTOR = 3", 35),
    ],
    ids=["constant", "kernel", "constant of a primitive", "primitive", "constant of a kernel"],
)
def test_a_change_in_another_file_is_seen(
    load: Load, tmp_path: Path, file: str, before: str, after: str, gives: int
) -> None:
    """numba alone would go on with the kernel of before: the file that it stands in is the same."""
    assert load().answer(10) == 25
    again = load()
    assert again.answer(10) == 25
    assert kept(again)
    path = tmp_path / f"kernel_{file}.py"
    path.write_text(path.read_text().replace(before, after))
    changed = load()
    assert changed.answer(10) == gives
    assert not kept(changed)


def test_another_error_model_is_another_kernel() -> None:
    def shared(x: float) -> float:
        return 1 / x

    strict, ieee = kernel(shared), kernel(shared, error_model="numpy")
    assert taken_in(strict) == taken_in(kernel(shared)) != taken_in(ieee)
    assert ieee(0.0) == float("inf")
    with pytest.raises(ZeroDivisionError):
        strict(0.0)


LISTED = """
import importlib, json, pkgutil, numba.extending, pprl
from pprl.base.compiled import taken_in
made = {}
for found in pkgutil.walk_packages(pprl.__path__, "pprl."):
    if found.name.startswith(("pprl.party.", "pprl.unit.", "pprl.tables.")):
        for name, value in vars(importlib.import_module(found.name)).items():
            if numba.extending.is_jitted(value):
                made[f"{value.__module__}.{name}"] = taken_in(value)
print(json.dumps(made))
"""


def test_every_process_gives_a_kernel_the_same_digest() -> None:
    """Else nothing would ever be found again: neither addresses nor the order of a set may count."""
    made = [
        subprocess.run(
            [sys.executable, "-c", LISTED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    ]
    digests = json.loads(made[0])
    assert digests == json.loads(made[1])
    assert len(digests) > 40


def test_all_kernels_are_made_in_one_place() -> None:
    others = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pprl").rglob("*.py")
        if "njit" in path.read_text(encoding="utf-8")
    ]
    assert others == ["pprl/base/compiled.py"]
