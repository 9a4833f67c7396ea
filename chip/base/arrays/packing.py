"""Many arrays handed to compiled code as one: a table of their addresses and shapes.

A compiled function that is called from Python takes an array apart at 0.1 us, and an analog core has more than forty of
them. So :func:`table_of` writes where they are into one int64 array, and compiled code makes the tuples of arrays from
it. The table knows addresses only: who packs keeps the arrays, and packs again when one of them is replaced.

With ``NUMBA_DISABLE_JIT=1`` the table is a :class:`Parts` that holds the tuples themselves.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core import config as numba_config
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from chip.base.arrays import declared


class Parts:
    """What stands for the table where nothing is compiled."""

    def __init__(self, parts: tuple):
        self.parts = parts


def table_of(*parts: tuple) -> np.ndarray | Parts:
    """Return the table of named tuples of arrays, in this order.

    Raises:
        TypeError, ValueError: an array is not what the table of its block says.
    """
    declared.check(*parts)
    words: list[int] = []
    for array in (array for part in parts for array in part):
        words += [array.ctypes.data, *array.shape]
    return Parts(parts) if numba_config.DISABLE_JIT else np.array(words, np.int64)


def _fields_of(kind: type) -> tuple[types.Array, ...]:
    """Return what the arrays of a block are to compiled code."""
    return tuple(line.array for line in declared.table_of(kind).values())


def _word_of(kind: type, kinds: tuple[type, ...]) -> int:
    """Return where in the table the arrays of a tuple begin."""
    before = kinds[: kinds.index(kind)]
    return sum(1 + field.ndim for earlier in before for field in _fields_of(earlier))


def unpacker(kind: type, kinds: tuple[type, ...]):
    """Return a function of a table of ``kinds`` that gives compiled code one of its tuples."""
    if numba_config.DISABLE_JIT:
        return lambda table: table.parts[kinds.index(kind)]
    fields, first_word = _fields_of(kind), _word_of(kind, kinds)

    @intrinsic
    def unpack(typing_context, table):
        whole = types.NamedTuple(fields, kind)

        def generate(context, builder, signature, arguments):
            words = make_array(signature.args[0])(context, builder, arguments[0]).data
            at, arrays = first_word, []
            for field in fields:
                address, *shape = (
                    builder.load(cgutils.gep_inbounds(builder, words, at + i)) for i in range(1 + field.ndim)
                )
                at += 1 + field.ndim
                itemsize = context.get_abi_sizeof(context.get_data_type(field.dtype))
                stride, strides = context.get_constant(types.intp, itemsize), []
                for length in reversed(shape):
                    strides.insert(0, stride)
                    stride = builder.mul(stride, length)
                array = make_array(field)(context, builder)
                data = builder.inttoptr(address, array.data.type)
                populate_array(array, data, shape, strides, itemsize, None)
                arrays.append(array._getvalue())
            return context.make_tuple(builder, whole, arrays)

        return whole(table), generate

    return unpack
