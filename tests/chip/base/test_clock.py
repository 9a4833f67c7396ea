"""The clock's alarms beside SimPy's own events: order, steps, moves."""

import pytest
from simpy.core import EmptySchedule

from chip.base.clock import Alarm, Clock


def alarms_of(clock, seen, *names):
    """Return alarms that tell when they go off, in the order in which they are made."""
    return [Alarm(clock, lambda name=name: seen.append((name, clock.now))) for name in names]


def test_alarms_of_one_time_go_off_as_they_were_made_and_before_events_whoever_was_set_first():
    clock, seen = Clock(), []
    first, last = alarms_of(clock, seen, "first", "last")
    clock.timeout(8).callbacks.append(lambda _: seen.append(("event", clock.now)))
    last.set(8)
    first.set(8)
    clock.timeout(4).callbacks.append(lambda _: seen.append(("early", clock.now)))
    clock.run()
    assert seen == [("early", 4), ("first", 8), ("last", 8), ("event", 8)]
    assert clock.steps == 4


def test_an_alarm_is_set_again_and_again():
    clock, times = Clock(), []

    def again():
        times.append(clock.now)
        if clock.now < 40:
            alarm.set(clock.now + 20)

    alarm = Alarm(clock, again)
    alarm.go_off()
    clock.run()
    assert times == [0, 20, 40]


def test_a_moved_alarm_goes_off_once_and_leaves_the_others():
    clock, seen = Clock(), []
    other, moved = alarms_of(clock, seen, "other", "moved")
    moved.set(100)
    other.set(12)
    moved.move(12)
    clock.run()
    assert seen == [("other", 12), ("moved", 12)] and clock.now == 12


def test_steps_end_where_somebody_halts_them_and_an_empty_schedule_is_told():
    clock = Clock()
    functions = (lambda: None), (lambda: setattr(clock, "halted", True)), int
    alarms = [Alarm(clock, function) for function in functions]
    for time_ns, alarm in enumerate(alarms):
        alarm.set(time_ns)
    clock.take_steps(16)
    assert clock.steps == 2 and clock.now == 1
    with pytest.raises(EmptySchedule):
        clock.take_steps(16)
    assert clock.steps == 3


def test_steps_are_counted_up_to_one_that_fails():
    clock = Clock()
    Alarm(clock, lambda: None).set(1)
    Alarm(clock, lambda: 1 // 0).set(2)
    with pytest.raises(ZeroDivisionError):
        clock.take_steps(16)
    assert clock.steps == 1


def test_to_go_to_a_time_leaves_nothing_behind():
    clock, seen = Clock(), []
    alarm = Alarm(clock, lambda: seen.append(clock.now))
    alarm.set(5)
    later = clock.timeout(9)
    clock.go_to(7)
    assert (clock.now, seen, [entry[-1] for entry in clock.queue]) == (7, [5], [later])
    clock.go_to(8)
    assert clock.now == 8 and len(clock.queue) == 1
