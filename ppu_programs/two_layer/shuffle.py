"""A random order of samples without a table of them: a keyed permutation, computed as it is needed.

A Feistel network of four rounds permutes the numbers below the next power of four; walking its cycles until a number
below ``count`` comes up permutes those (Black and Rogaway 2002). So an epoch visits every sample once, in an order that
four fresh 32-bit keys choose, and the processor stores four words instead of thousands of indices.
"""

from __future__ import annotations

from chip.ppu import Kernel, Memory, i32, kernel, subroutine, u16

ROUNDS = 4


def memory(batch: int) -> Memory:
    """``order``: the samples of the batch; ``keys``: of this epoch; ``key_random``: their generator, not 0."""
    return Memory(order=u16[batch], keys=i32[ROUNDS], key_random=i32[1])


@kernel
def draw_keys(v, m):
    """Draw the keys of an epoch (xorshift32)."""
    x = m.key_random[0]
    for i in range(ROUNDS):
        x = x ^ (x << 13)
        x = x ^ ((x >> 17) & 0x7FFF)
        x = x ^ (x << 5)
        m.keys[i] = x
    m.key_random[0] = x


def order_kernel(count: int) -> Kernel:
    """Return the kernel ``draw_order(first, size)``: the next ``size`` samples of the order of 0..count-1.

    Raises:
        ValueError: ``count`` lies outside 1..65536.
    """
    if not 1 <= count <= 1 << 16:
        raise ValueError(f"{count} samples cannot be shuffled; the order is kept in 16 bits, so 1..65536 can")
    half_bits = max(1, -(-(count - 1).bit_length() // 2))
    half_mask = (1 << half_bits) - 1

    @subroutine
    def permute(v, m, x):
        """Return the image of a number of 2 * half_bits bits."""
        left = x >> half_bits
        right = x & half_mask
        for i in range(ROUNDS):
            mixed = (right + m.keys[i]) * 0x2545F49
            mixed = mixed ^ ((mixed >> 15) & 0x1FFFF)
            mixed = mixed * 0x2C1B3C6D
            kept = right
            right = left ^ ((mixed >> 12) & half_mask)
            left = kept
        return (left << half_bits) | right

    @kernel
    def draw_order(v, m, first, size):
        """Walk the cycle from each place until it comes back below count."""
        for i in range(size):
            x = permute(v, m, first + i)
            while x >= count:
                x = permute(v, m, x)
            m.order[i] = x

    return draw_order
