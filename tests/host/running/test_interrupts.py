"""The first interrupt stops the chip, none stops the saving, SIGTERM and SIGHUP are Ctrl-C."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numba.core import config as numba_config

from chip.base import compiled
from host.running.interrupts import HEARD, Interrupts

ROOT = Path(__file__).resolve().parents[3]
needs_compiler = pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="nothing is compiled")


@pytest.fixture(autouse=True)
def slow_fingers(monkeypatch):
    """Every signal counts, however soon after the last."""
    monkeypatch.setattr("host.running.interrupts.ONE_INTERRUPT_S", 0.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_all_signals_raise_keyboard_interrupt(number):
    earlier = signal.signal(number, signal.default_int_handler)  # a test run may itself ignore it, as under nohup
    try:
        with pytest.raises(KeyboardInterrupt), Interrupts():
            signal.raise_signal(number)
    finally:
        signal.signal(number, earlier)


def test_while_held_an_interrupt_waits_for_the_release():
    held = [True]
    with Interrupts() as interrupts:
        interrupts.hold_when(lambda: held[0])
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            interrupts.release()
        interrupts.release()  # one was enough
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_two_at_once_are_one(monkeypatch):
    monkeypatch.setattr("host.running.interrupts.ONE_INTERRUPT_S", 60.0)
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        interrupts.hold_when(lambda: True)
        signal.raise_signal(signal.SIGTERM)
        interrupts.release()


def test_handlers_come_back_and_ignored_signals_stay_ignored():
    earlier = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        before = signal.getsignal(signal.SIGINT)
        with Interrupts():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) is not before
        assert signal.getsignal(signal.SIGINT) is before
    finally:
        signal.signal(signal.SIGTERM, earlier)


def test_another_thread_may_use_it():
    problems = []

    def enter():
        try:
            with Interrupts() as interrupts:
                interrupts.release()
        except BaseException as error:
            problems.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert problems == []


COMPILE = """
import sys, time
from numba.extending import overload
from chip.base.compiled import compiled
from host.running.interrupts import Interrupts

def slowly(x): pass

@overload(slowly)
def _(x):  # runs while numba infers types
    print("compiling", flush=True)
    begun = time.monotonic()
    while time.monotonic() < begun + float(sys.argv[1]):
        pass
    return lambda x: x + 1

@compiled(cache=False)
def function(x):
    return slowly(x)

try:
    with Interrupts():
        function(1)
        print("went on", flush=True)
except KeyboardInterrupt:
    print("stopped with", len(function.overloads), "compiled", function(2), flush=True)
"""


def interrupted_compiler(seconds, times):
    """Run COMPILE and interrupt it so often; return exit code, what stderr said after each interrupt, and stdout."""
    command = [sys.executable, "-c", COMPILE, str(seconds)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "compiling\n"
    told = []
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        told.append(process.stderr.readline())
        time.sleep(0.3)
    out, err = process.communicate(timeout=60)
    return process.returncode, "".join([*told, err]), out


@needs_compiler
def test_an_interrupt_waits_for_the_function_that_is_compiled_and_is_told_at_once():
    code, err, out = interrupted_compiler(1.0, times=1)
    assert (code, out) == (0, "stopped with 1 compiled 3\n")
    assert err == f"plasticore: {HEARD}\n"


@needs_compiler
def test_a_second_interrupt_does_not_wait_for_the_compiler():
    begun = time.monotonic()
    code, err, out = interrupted_compiler(30.0, times=2)
    assert (code, out) == (130, "") and time.monotonic() - begun < 25
    assert err == f"plasticore: {HEARD}\nplasticore: stopped at once\n"


@needs_compiler
def test_compiling_is_told_once_for_a_function_with_its_callees_and_not_when_it_is_loaded():
    @compiled.compiled(cache=False)
    def callee(x):
        return x + 1

    @compiled.compiled(cache=False)
    def caller(x):
        return int(np.array([callee(x), 0]).max())  # numba compiles functions of its own, too

    told = []
    with compiled.watch(lambda name: told.append((name, compiled.busy())), lambda: told.append(compiled.busy())):
        assert [caller(1), caller(2)] == [2, 3]
    assert told == [("caller", True), False]
    assert caller(np.int8(1)) == 2 and len(told) == 2  # nobody watches any more
