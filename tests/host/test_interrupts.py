"""The first interrupt stops the chip, none stops the saving, SIGTERM is Ctrl-C."""

import signal
import threading

import pytest

from host.interrupts import Interrupts


@pytest.fixture(autouse=True)
def slow_fingers(monkeypatch):
    """Every signal counts, however soon after the last."""
    monkeypatch.setattr("host.interrupts.ONE_INTERRUPT_S", 0.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_raise_keyboard_interrupt(number):
    with pytest.raises(KeyboardInterrupt), Interrupts():
        signal.raise_signal(number)


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
    monkeypatch.setattr("host.interrupts.ONE_INTERRUPT_S", 60.0)
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
