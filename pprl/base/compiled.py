"""Kernels that numba compiles, kept for the next process only as long as all the code in them is the same.

numba keeps a compiled kernel by the file that it stands in. Code and constants of other files that were compiled into
it do not count there: after a change in one of them, the kernel would go on with those of yesterday. So what is kept
here bears a digest of all that a kernel takes in, too.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, Literal, TypeVar, cast

import numba
import numpy as np
from numba.core.caching import FunctionCache
from numba.extending import is_jitted

__all__ = ["kernel", "taken_in"]

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])

_COMPILERS = ("numba", "numpy", "llvmlite")
"""Packages whose own functions are not looked into: what numba keeps bears its version."""


def kernel(
    function: AnyFunction, *, error_model: Literal["python", "numpy"] = "python"
) -> AnyFunction:
    """Compile a function with numba when it is first called: without the GIL, and kept for the next process.

    Args:
        function: what to compile.
        error_model: what a division by zero does: raise an error, or give what IEEE 754 says, as NumPy does.
    """
    made = numba.njit(nogil=True, cache=True, error_model=error_model)(function)
    made._cache = _Cache(made)
    return cast(AnyFunction, made)


class _Cache(FunctionCache):  # type: ignore[misc]  # numba has no types
    """Where a kernel is kept, with the digest of what it takes in as a part of the key."""

    def __init__(self, kernel: Any) -> None:
        super().__init__(kernel.py_func)
        self._kernel = kernel

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        # Not before it is asked for: a kernel may call one that stands further down.
        return (*super()._index_key(sig, codegen), taken_in(self._kernel))


def taken_in(function: Callable[..., Any]) -> str:
    """Return a digest of a kernel's code, and of the code and the constants of other places that it takes in, hex.

    What is imported by name counts, and so do attributes of modules. Of an object that is neither a number, a text, an
    array, a function nor a collection of these, only its kind counts.
    """
    digest = hashlib.sha256()
    for piece in _pieces(function, set()):
        digest.update(piece + b"\n")
    return digest.hexdigest()


def _pieces(value: Any, seen: set[int]) -> Iterator[bytes]:
    if is_jitted(value):
        yield repr(sorted(value.targetoptions.items())).encode()
        value = value.py_func
    function = inspect.unwrap(value) if callable(value) else value  # what an intrinsic was made of
    if isinstance(function, FunctionType):
        yield from _of_function(function, seen)
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape} ".encode() + value.tobytes()
    elif isinstance(value, tuple | list | dict):
        yield f"{type(value).__name__} {len(value)}".encode()
        for item in value.items() if isinstance(value, dict) else value:
            yield from _pieces(item, seen)
    elif isinstance(value, set | frozenset):
        yield repr(sorted(map(repr, value))).encode()  # their own order is that of one process
    elif isinstance(value, bool | int | float | complex | str | bytes | np.generic | None):
        yield f"{type(value).__name__} {value!r}".encode()
    elif isinstance(value, type) or _foreign(type(value).__module__):
        yield f"{type(value).__name__} {value}".encode()  # a class, a type of numba or of LLVM
    else:
        yield type(value).__name__.encode()


def _of_function(function: FunctionType, seen: set[int]) -> Iterator[bytes]:
    name = f"{function.__module__}.{function.__qualname__}"
    yield name.encode()
    if id(function) in seen or _foreign(function.__module__):
        return
    seen.add(id(function))
    names: dict[str, None] = {}
    yield from _of_code(function.__code__, names, seen)
    for cell in function.__closure__ or ():
        yield from _pieces(cell.cell_contents, seen)
    for name in names:
        if name in function.__globals__:
            value = function.__globals__[name]
            yield name.encode()
            yield from (
                _of_module(value, names, seen)
                if isinstance(value, ModuleType)
                else _pieces(value, seen)
            )


def _of_code(code: CodeType, names: dict[str, None], seen: set[int]) -> Iterator[bytes]:
    """Give a function's code and that of the functions inside it; collect the names that they use."""
    yield code.co_code + b" " + repr(code.co_varnames).encode()
    names.update(dict.fromkeys(code.co_names))
    yield repr(code.co_names).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _of_code(constant, names, seen)
        else:
            yield from _pieces(constant, seen)


def _of_module(module: ModuleType, names: dict[str, None], seen: set[int]) -> Iterator[bytes]:
    yield module.__name__.encode()
    if not _foreign(module.__name__):
        for name in names:
            if name in vars(module):
                yield name.encode()
                yield from _pieces(vars(module)[name], seen)


def _foreign(module: str | None) -> bool:
    return (module or "").partition(".")[0] in _COMPILERS
