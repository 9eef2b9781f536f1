"""LLVM primitives of the comparing kernels, as functions that kernels call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from pprl.base import compiled

__all__ = [
    "LANES",
    "VECTOR",
    "common_lanes",
    "common_words",
    "copy_words",
    "kernel",
    "near_lanes",
    "near_lanes_wide",
    "prefetch",
    "reached_lanes",
    "trailing_zeros",
    "word_popcount",
]

LANES = 64
"""Records in a group: one bit a record in a 64-bit mask of hits."""

VECTOR = 8
"""Words of a 512-bit vector; LLVM splits it where registers are shorter."""

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


def kernel(function: AnyFunction) -> AnyFunction:
    """Compile `function` as :func:`pprl.base.compiled.kernel` does, with strict IEEE floats."""
    return compiled.kernel(function, error_model="numpy")


def primitive(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make `function` an LLVM primitive; kernels call it without the typing context."""
    return cast(Callable[..., Any], intrinsic(function))


# numba reads the parameters' names and passes types, not values; hence Any.

_I32 = ir.IntType(32)
_I64 = ir.IntType(64)


def _data(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Pointer to the first item of an array argument."""
    return context.make_array(kind)(context, builder, value).data


def _vector_at(builder: Any, pointer: Any, index: Any, vector: Any, align: int) -> Any:
    """Load a vector from `pointer[index]`."""
    place = builder.bitcast(builder.gep(pointer, [index]), vector.as_pointer())
    return builder.load(place, align=align)


def _count(builder: Any, vector: Any) -> Any:
    """Give the instruction that counts the bits of each item."""
    kind = ir.FunctionType(vector, [vector])
    return builder.module.declare_intrinsic(f"llvm.ctpop.v{vector.count}i64", fnty=kind)


def _add_up(builder: Any, vector: Any) -> Any:
    """Give the instruction that adds up the items."""
    kind = ir.FunctionType(_I64, [vector])
    return builder.module.declare_intrinsic(f"llvm.vector.reduce.add.v{vector.count}i64", fnty=kind)


def _splat(builder: Any, value: Any, vector: Any) -> Any:
    """Put a scalar in every lane."""
    empty = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(empty, value, _I32(0))
    zeros = ir.Constant(ir.VectorType(_I32, vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, empty, zeros)


def _bits(builder: Any, truths: Any, shift: int) -> Any:
    """Turn a vector of truth values into bits of a 64-bit mask, from bit `shift` on."""
    packed = builder.bitcast(truths, ir.IntType(truths.type.count))
    return builder.shl(builder.zext(packed, _I64), _I64(shift))


@primitive
def word_popcount(typingctx: Any, word: Any) -> Any:
    """Count the bits set in a 64-bit word."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), codegen


@primitive
def trailing_zeros(typingctx: Any, word: Any) -> Any:
    """Give the position of the lowest bit set in a 64-bit word (64 for zero)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), codegen


@primitive
def prefetch(typingctx: Any, array: Any, index: Any) -> Any:
    """Ask for the memory around `array[index]` without waiting for it; gives 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = _data(context, builder, signature.args[0], args[0])
        place = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [place.type, _I32, _I32, _I32])
        ask = builder.module.declare_intrinsic("llvm.prefetch.p0", fnty=kind)
        builder.call(
            ask, [place, _I32(0), _I32(3), _I32(1)]
        )  # for reading, keep in all caches, data
        return _I64(0)

    return types.int64(array, types.int64), codegen


def _near_codegen(width: int, vectors: int) -> Callable[..., Any]:
    """Code for `near_lanes` and `near_lanes_wide`: `vectors` times 8 lanes, `width` words."""
    vector = ir.VectorType(_I64, VECTOR)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes, lane, rows, row, limit = args[1:]
        lane_data = _data(context, builder, signature.args[1], lanes)
        row_data = _data(context, builder, signature.args[3], rows)
        count = _count(builder, vector)
        near = _splat(builder, limit, vector)
        words = []
        for w in range(width):
            word = builder.load(builder.gep(row_data, [builder.add(row, _I64(w))]))
            words.append(_splat(builder, word, vector))
        mask = _I64(0)
        for v in range(vectors):
            distance = None
            for w in range(width):
                place = builder.add(lane, _I64(w * LANES + v * VECTOR))
                other = _vector_at(builder, lane_data, place, vector, 8)
                differing = builder.call(count, [builder.xor(other, words[w])])
                distance = differing if distance is None else builder.add(distance, differing)
            hits = builder.icmp_unsigned("<=", distance, near)
            mask = builder.or_(mask, _bits(builder, hits, v * VECTOR))
        return mask

    return codegen


def _near_signature(unroll: Any, lanes: Any, rows: Any) -> Any:
    return types.uint64(unroll, lanes, types.int64, rows, types.int64, types.int64)


@primitive
def near_lanes(
    typingctx: Any, unroll: Any, lanes: Any, lane: Any, rows: Any, row: Any, limit: Any
) -> Any:
    """Mark which of 8 lanes lie within Hamming distance `limit` (>= 0) of a row.

    `lanes` and `rows` are flat ``uint64``; `lane` is the index of the first lane's first word and
    `row` that of the row's first word. Gives bit k for lane k.
    """
    return _near_signature(unroll, lanes, rows), _near_codegen(unroll.count, 1)


@primitive
def near_lanes_wide(
    typingctx: Any, unroll: Any, lanes: Any, lane: Any, rows: Any, row: Any, limit: Any
) -> Any:
    """Do what `near_lanes` does for 32 lanes."""
    return _near_signature(unroll, lanes, rows), _near_codegen(unroll.count, 4)


@primitive
def common_lanes(
    typingctx: Any, lanes: Any, lane: Any, rows: Any, row: Any, width: Any, start: Any, made: Any
) -> Any:
    """Write ``start[k] +`` the bits that a row has in common with lane k to ``made[k]``, for 64 lanes.

    `lanes` and `rows` are flat ``uint64``, `lane` and `row` the indices of the first words, `width`
    the number of words; `start` and `made` are ``int64[64]``. Counts stay in registers over all words. Gives the
    largest of `made`.
    """
    vector = ir.VectorType(_I64, VECTOR)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lane, row, width = args[1], args[3], args[4]
        lane_data = _data(context, builder, signature.args[0], args[0])
        row_data = _data(context, builder, signature.args[2], args[2])
        start_data = _data(context, builder, signature.args[5], args[5])
        made_data = _data(context, builder, signature.args[6], args[6])
        count = _count(builder, vector)
        places = [_I64(v * VECTOR) for v in range(LANES // VECTOR)]
        totals = [cgutils.alloca_once(builder, vector) for _ in places]
        for place, total in zip(places, totals, strict=True):
            builder.store(_vector_at(builder, start_data, place, vector, 8), total)
        with cgutils.for_range(builder, width) as loop:
            word = builder.load(builder.gep(row_data, [builder.add(row, loop.index)]))
            words = _splat(builder, word, vector)
            first = builder.add(lane, builder.mul(loop.index, _I64(LANES)))
            for place, total in zip(places, totals, strict=True):
                here = builder.add(first, place)
                other = _vector_at(builder, lane_data, here, vector, 8)
                common = builder.call(count, [builder.and_(other, words)])
                builder.store(builder.add(builder.load(total), common), total)
        most = None
        for place, total in zip(places, totals, strict=True):
            there = builder.bitcast(builder.gep(made_data, [place]), vector.as_pointer())
            values = builder.load(total)
            builder.store(values, there, align=8)
            larger = None if most is None else builder.icmp_signed(">", values, most)
            most = values if larger is None else builder.select(larger, values, most)
        largest = builder.module.declare_intrinsic(
            f"llvm.vector.reduce.smax.v{VECTOR}i64", fnty=ir.FunctionType(_I64, [vector])
        )
        return builder.call(largest, [most])

    signature = types.int64(lanes, types.int64, rows, types.int64, types.int64, start, made)
    return signature, codegen


@primitive
def common_words(typingctx: Any, unroll: Any, ones: Any, one: Any, others: Any, other: Any) -> Any:
    """Count the common bits of two filters, which begin at ``ones[one]`` and ``others[other]``.

    The tables are flat ``uint64``; they and the filters begin at multiples of 64 bytes. A filter is as many vectors of
    `VECTOR` words long as `unroll` has items.
    """
    vector = ir.VectorType(_I64, VECTOR)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first, second = (_data(context, builder, signature.args[n], args[n]) for n in (1, 3))
        count, add_up = _count(builder, vector), _add_up(builder, vector)
        total = ir.Constant(vector, [0] * VECTOR)
        for v in range(signature.args[0].count):
            words = [
                _vector_at(builder, data, builder.add(start, _I64(v * VECTOR)), vector, 64)
                for data, start in ((first, args[2]), (second, args[4]))
            ]
            total = builder.add(total, builder.call(count, [builder.and_(*words)]))
        return builder.call(add_up, [total])

    return types.int64(unroll, ones, types.int64, others, types.int64), codegen


@primitive
def copy_words(typingctx: Any, unroll: Any, source: Any, start: Any, target: Any, to: Any) -> Any:
    """Copy a filter from ``source[start]`` to ``target[to]`` and count its bits.

    It is as many vectors of `VECTOR` words long as `unroll` has items. The target is flat ``uint64``; it and the copy
    begin at multiples of 64 bytes.
    """
    vector = ir.VectorType(_I64, VECTOR)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first, second = (_data(context, builder, signature.args[n], args[n]) for n in (1, 3))
        count, add_up = _count(builder, vector), _add_up(builder, vector)
        total = ir.Constant(vector, [0] * VECTOR)
        for v in range(signature.args[0].count):
            words = _vector_at(builder, first, builder.add(args[2], _I64(v * VECTOR)), vector, 8)
            place = builder.gep(second, [builder.add(args[4], _I64(v * VECTOR))])
            builder.store(words, builder.bitcast(place, vector.as_pointer()), align=64)
            total = builder.add(total, builder.call(count, [words]))
        return builder.call(add_up, [total])

    return types.int64(unroll, source, types.int64, target, types.int64), codegen


@primitive
def reached_lanes(typingctx: Any, totals: Any, place: Any, floor: Any) -> Any:
    """Mark which of the 64 ``int16`` from `totals[place]` on are at least `floor`; bit k for lane k."""
    vector = ir.VectorType(ir.IntType(16), 32)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = _data(context, builder, signature.args[0], args[0])
        least = _splat(builder, args[2], vector)
        mask = _I64(0)
        for start in range(0, LANES, 32):
            here = builder.add(args[1], _I64(start))
            found = builder.icmp_signed(">=", _vector_at(builder, data, here, vector, 2), least)
            mask = builder.or_(mask, _bits(builder, found, start))
        return mask

    return types.uint64(totals, types.int64, types.int16), codegen
