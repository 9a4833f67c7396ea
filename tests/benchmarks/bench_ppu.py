"""How fast the plasticity processor is. Run by hand: ``taskset -c 0 pytest tests/benchmarks/bench_ppu.py``.

``Mcycles_per_s`` counts simulated PPU cycles per second of wall time on one core; real time is 250. ``booking`` is the
time of a kernel over that of its twin: the same generated text without the lines that book cycles and look at the
watchdog. Both are the fastest of many rounds that take turns, since machines vary.
"""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from chip.ppu import (
    GREATER,
    LESS,
    V0,
    V1,
    V2,
    V3,
    V4,
    V5,
    V6,
    Memory,
    VectorUnit,
    add8_mod,
    add8_sat,
    add16_mod,
    add16_sat,
    compare8,
    compare16,
    i8,
    i16,
    i32,
    kernel,
    link,
    load8,
    load16,
    mac16_sat,
    mac_to_accumulator16_sat,
    mul8_sat,
    mul16_sat,
    pack_upper,
    random8,
    saturate16,
    select,
    shift_right8,
    shift_right16,
    splat8,
    store8,
    store16,
    sub8_sat,
    sub16_sat,
    to_accumulator16_sat,
    unpack_left,
)
from chip.ppu.compiler.build import load_function

MEMORY = Memory(a=i8[128], b=i8[128], c=i16[64], d=i16[64], rows=i8[2048], words=i32[64])
REAL_TIME, AIM, BOOKING = 250e6, 1e9, 1.20
UNLIMITED = 10**15
SIGNED: frozenset[str] = frozenset()  # the regions that are u32: none


@kernel
def bytes_in_registers(v, m, rounds):
    """Arithmetic on bytes, one operation waiting for the other; nothing goes through SRAM."""
    load8(v, V0, m.a)
    load8(v, V1, m.b)
    for _ in range(rounds):
        sub8_sat(v, V2, V1, V0)
        mul8_sat(v, V3, V2, V1)
        add8_sat(v, V4, V3, V0)
        compare8(v, V4)
        add8_sat(v, V0, V0, V3, GREATER)
        select(v, V5, V0, V4, LESS)
        shift_right8(v, V6, V5, 1)
        add8_mod(v, V1, V1, V6)
    store8(v, V0, m.a)


@kernel
def halfwords_in_registers(v, m, rounds):
    """Arithmetic on halfwords with the accumulator."""
    load16(v, V0, m.c)
    load16(v, V1, m.d)
    for _ in range(rounds):
        sub16_sat(v, V2, V1, V0)
        mul16_sat(v, V3, V2, V1)
        to_accumulator16_sat(v, V2)
        mac_to_accumulator16_sat(v, V3, V0)
        mac16_sat(v, V4, V3, V1)
        compare16(v, V4)
        add16_sat(v, V0, V0, V3, GREATER)
        shift_right16(v, V6, V4, 1)
        add16_mod(v, V1, V1, V6)
    store16(v, V0, m.c)


@kernel
def rows_of_weights(v, m, rounds):
    """What a rule does with rows: load, add, clip, draw, pack, store."""
    load8(v, V1, m.b)
    for _ in range(rounds):
        for row in range(16):
            load8(v, V0, m.rows, row)
            add8_sat(v, V0, V0, V1)
            compare8(v, V0)
            splat8(v, V2, 0)
            select(v, V0, V0, V2, LESS)
            random8(v, V3)
            unpack_left(v, V4, V0, V3)
            unpack_left(v, V5, V1, V3)
            pack_upper(v, V0, V4, V5)
            store8(v, V0, m.rows, row)


@kernel
def scalars(v, m, rounds):
    """No vectors at all: where booking weighs most."""
    x = 1
    for _ in range(rounds):
        x = x * 1103515245 + 12345
        j = (x >> 16) & 63
        if x < 0:
            m.words[j] = m.words[j] + x
        else:
            m.words[j] = saturate16(x >> 8)


def twin_of(made):
    """Return a kernel's function without its booking and its watchdog."""
    plain, lines = re.subn(r"\n +_cy \+= \d+", "", made.form(SIGNED).text)
    plain, watchdogs = re.subn(r"\n +if _cy > _limit:\n[^\n]*", "", plain)
    assert lines and watchdogs
    return load_function(f"kernel_{made.name}", plain)


def fresh(made):
    """Return a vector unit and the regions of a kernel, always with the same contents."""
    regions = link(MEMORY).views(np.zeros(16384, np.uint8))
    rng = np.random.default_rng(0)
    for region in regions.values():
        region[:] = rng.integers(-128, 128, region.size)
    return VectorUnit(1), [regions[name] for name in made.regions]


CASES = [(bytes_in_registers, 20_000), (halfwords_in_registers, 10_000), (rows_of_weights, 1_000), (scalars, 300_000)]


@pytest.mark.parametrize(("made", "rounds"), CASES, ids=[made.name for made, _ in CASES])
def test_simulated_cycles_per_second(benchmark, made, rounds):
    booked, plain = made.form(SIGNED).function, twin_of(made)
    results = []
    for function in (booked, plain):  # compile, and the same results
        unit, arrays = fresh(made)
        function(unit.image, UNLIMITED, *arrays, 3)
        results.append((unit.image["bytes"].tobytes(), [array.tobytes() for array in arrays]))
    assert results[0] == results[1]
    unit, arrays = fresh(made)
    best = dict.fromkeys((booked, plain), float("inf"))
    for _ in range(40):
        for function in best:
            begun = time.perf_counter()
            function(unit.image, UNLIMITED, *arrays, rounds)
            best[function] = min(best[function], time.perf_counter() - begun)
    cycles = benchmark.pedantic(booked, args=(unit.image, UNLIMITED, *arrays, rounds), rounds=10)
    rate, booking = cycles / best[booked], best[booked] / best[plain]
    benchmark.extra_info.update(Mcycles_per_s=round(rate / 1e6), of_aim=round(rate / AIM, 2), booking=round(booking, 3))
    assert rate >= REAL_TIME
    assert booking <= BOOKING
