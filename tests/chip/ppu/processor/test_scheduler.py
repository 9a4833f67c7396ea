"""The scheduler of tasks: which one runs when, what is missed, when it ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import LossError, MachineFault
from chip.ppu import Doorbell, Memory, Timer, u32
from chip.ppu.costs import COSTS, issue_cycles
from chip.ppu.processor.scheduler import PASS_CYCLES, QUEUE_SLOTS, Scheduler
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES
from chip.ppu.program import Program, UncompiledProgram
from tests.chip.ppu.processor.programs import build, run, sleep
from tests.naive.scheduler import Model

LENIENT = ChipConfig.ideal(strict=False)
TIMERS = st.builds(Timer, st.integers(0, 60), st.integers(1, 40), st.integers(1, 12))


class Logging(UncompiledProgram):
    """Tasks that write down at which cycle the pass began that chose them, and take ``cycles``."""

    name = "logging"

    def __init__(self, *tasks, cycles=0, stop=None):
        self.tasks, self.cycles, self.stop_cycle = tasks, cycles, stop
        self.log = []

    def on_timer(self, ppu):
        yield from self.work(ppu, "timer")

    def on_other(self, ppu):
        yield from self.work(ppu, "other")

    def on_doorbell(self, ppu):
        yield from self.work(ppu, "doorbell")

    def on_end(self, ppu):
        yield ppu.wait(1)
        return 7

    def work(self, ppu, what):
        self.log.append((ppu.hemisphere, what, ppu.environment.now // c.PPU_CLOCK_NS - PASS_CYCLES))
        yield ppu.wait(self.cycles)

    def times(self, what, hemisphere=c.TOP):
        return [cycle for side, name, cycle in self.log if (side, name) == (hemisphere, what)]


# ---------------------------------------------------------------------- the state machine


@given(
    st.lists(TIMERS, max_size=45),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=4, unique_by=lambda bell: bell[0]),
    st.lists(st.tuples(st.integers(1, 90), st.sets(st.integers(0, 3))), min_size=1, max_size=30),
)
def test_it_does_what_the_model_of_grid_points_does(timers, bells, passes):
    scheduler = Scheduler([*timers, *(Doorbell(line, deadline_cycles=cycles) for line, cycles in bells)])
    model = Model([(timer.start, timer.period, timer.count) for timer in timers] + bells)
    now = 0
    for cycles, rung in passes:
        skipped = scheduler.fetch(now, rung)
        before = sum(model.missed)
        model.fetch(now, rung)
        assert [event[:2] for event in scheduler.queue] == model.queue
        assert sum(missed.runs for missed in skipped) == sum(model.missed) - before
        assert all(missed.due < now for missed in skipped)
        assert scheduler.take() == model.take()
        assert scheduler.next_cycle() == model.next_point()
        now += cycles
    assert (scheduler.missed, scheduler.dropped) == (model.missed, model.dropped)
    scheduler.fetch(10_000)
    while scheduler.take() is not None:
        pass
    assert scheduler.finished == bool(timers)
    for index, timer in enumerate(timers):
        outcome = scheduler.runs[index] + scheduler.missed[index] + scheduler.dropped[index]
        assert outcome == timer.count


def test_an_overrun_skips_grid_points_and_stays_on_the_grid():
    scheduler = Scheduler([Timer(start=10, period=100, count=6)])
    assert scheduler.fetch(9) == [] and scheduler.take() is None
    assert scheduler.fetch(10) == [] and scheduler.take() == 0
    assert scheduler.fetch(350) == [(0, 2, 110)]  # 110, 210 and 310 are due: one run, two missed
    assert scheduler.take() == 0 and scheduler.take() is None
    assert scheduler.next_cycle() == 410
    assert scheduler.fetch(410) == [] and scheduler.queue == [(510, 0, 410)]


def test_a_run_that_is_due_just_now_is_one_of_its_own():
    scheduler = Scheduler([Timer(start=0, period=100, count=9)])
    assert scheduler.fetch(200) == [(0, 1, 0)]
    assert scheduler.queue == [(200, 0, 100), (300, 0, 200)]


def test_the_earliest_deadline_goes_first_and_the_first_of_equals():
    scheduler = Scheduler([Timer(0, 300, 1), Timer(0, 100, 1), Timer(0, 200, 1), Timer(0, 100, 1)])
    scheduler.fetch(0)
    assert [scheduler.take() for _ in range(5)] == [1, 3, 2, 0, None]


def test_a_full_queue_overwrites_its_oldest_event():
    scheduler = Scheduler([Timer(0, 1000 - i, 1) for i in range(QUEUE_SLOTS + 2)])
    scheduler.fetch(0)
    assert len(scheduler.queue) == QUEUE_SLOTS == 32
    assert scheduler.dropped == [1, 1] + [0] * QUEUE_SLOTS
    assert scheduler.take() == QUEUE_SLOTS + 1


# ---------------------------------------------------------------------- on a processor


@given(
    st.lists(st.builds(Timer, st.integers(0, 900), st.integers(1, 900), st.integers(1, 4)), min_size=1, max_size=4),
    st.integers(0, 700),
)
def test_a_processor_runs_tasks_when_the_model_does(timers, cycles):
    program = Logging(*timers, cycles=cycles)
    chip = run(top=program, config=LENIENT)
    model, now, expected = Model([(timer.start, timer.period, timer.count) for timer in timers]), 0, []
    while True:
        model.fetch(now, ())
        task, now = model.take(), now + PASS_CYCLES
        if task is not None:
            expected.append(now)
            now += PLAIN_CONTROL_CYCLES + cycles
        elif model.next_point() is None:
            break
        else:
            now = max(model.next_point(), now + PLAIN_CONTROL_CYCLES)
    assert [cycle + PASS_CYCLES for cycle in program.times("timer")] == expected
    assert chip.losses()["late tasks"] == sum(model.missed)


class Timed(Program):
    """Compiled tasks that take ``cycles``."""

    name = "timed"

    def __init__(self, *tasks, cycles):
        self.tasks, self.cycles = tasks, cycles

    def on_timer(self, ppu):
        yield ppu.wait(self.cycles)


@given(
    st.lists(st.builds(Timer, st.integers(0, 900), st.integers(1, 900), st.integers(1, 4)), min_size=1, max_size=4),
    st.integers(0, 700),
)
def test_compiled_tasks_run_when_the_model_says(timers, cycles):
    chip, waits = build(top=Timed(*timers, cycles=cycles), config=LENIENT), []
    chip.processors[0].observers.append(lambda ppu, one: one.name == "wait" and waits.append(ppu.start_ns // 4))
    chip.start()
    chip.run()
    model, now, expected = Model([(timer.start, timer.period, timer.count) for timer in timers]), 0, []
    there = COSTS["entry"].cycles + issue_cycles(1)
    while True:
        model.fetch(now, ())
        task, now = model.take(), now + PASS_CYCLES
        if task is not None:
            expected.append(now + there)
            now += there + cycles
        elif model.next_point() is None:
            break
        else:
            now = max(model.next_point(), now)
    assert waits == expected
    assert chip.losses()["late tasks"] == sum(model.missed)
    assert chip.now_ns == now * c.PPU_CLOCK_NS


def test_runs_keep_their_grid():
    program = Logging(Timer(start=1_000, period=2_500, count=4), cycles=900)
    chip = run(top=program)
    assert program.times("timer") == [1_000, 3_500, 6_000, 8_500]
    assert chip.processors[0].exit_code == 0 and chip.losses()["late tasks"] == 0
    assert chip.report()["ppu"]["tasks"] == {"top": {"on_timer": {"runs": 4, "missed": 0, "dropped": 0}}}
    last_pass = PASS_CYCLES  # finds that all is done
    assert chip.now_ns // 4 == 8_500 + PASS_CYCLES + PLAIN_CONTROL_CYCLES + 900 + last_pass
    assert any(f"{PASS_CYCLES} cycles (assumed)" in text for text in chip.report()["assumptions"])


def test_passes_of_the_loop_are_busy_time():
    chip = run(top=Logging(Timer(0, 1_000, 3)))
    assert chip.processors[0].cycles["scheduler"] == 6 * PASS_CYCLES  # three find a run, two wait, one ends


@pytest.mark.parametrize("stop", [None, 100_000])
def test_runs_that_wait_when_a_task_ends_the_program_count_as_missed(stop):
    tasks = Timer(0, 1, 1, "on_end"), Timer(0, 1_000, 3), Timer(50, 10, 2, "on_other"), Timer(9_000, 10, 5)
    chip = run(top=Logging(*tasks, stop=stop), config=LENIENT)
    assert chip.processors[0].exit_code == 7
    assert chip.processors[0].scheduler.missed == [0, 1, 2, 0]  # what was not yet due is not missed
    assert chip.losses()["late tasks"] == 3
    with pytest.raises(LossError, match="missed 1 run of task on_timer: at cycle .* the one due at cycle 0 was"):
        run(top=Logging(*tasks, stop=stop))


def test_a_deadlock_is_told_at_the_time_of_the_last_event():
    class Deaf(Logging):
        def on_doorbell(self, ppu):
            yield ppu.wait_doorbell(2)

    def ringer(ppu):
        yield ppu.wait(1_000)
        yield ppu.ring(c.TOP, 1)
        return 0

    chip = build(top=Deaf(Timer(900_000, 1, 1), Doorbell(1)), bottom=ringer)
    chip.start()
    with pytest.raises(MachineFault, match=r"at \d+ ns nothing is left to happen: .* doorbell line 2"):
        chip.run()
    assert chip.now_ns < 1_200 * c.PPU_CLOCK_NS


def test_listening_to_doorbells_that_do_not_ring_takes_no_simpy_event_more():
    timers = Timer(0, 9_000, 20), Timer(4_000, 9_000, 20)
    deaf = run(top=Logging(timers[0]), bottom=Logging(timers[1]))
    listening = run(top=Logging(timers[0], Doorbell(1), Doorbell(2)), bottom=Logging(timers[1], Doorbell(3)))
    assert listening.simpy_events == deaf.simpy_events
    assert listening.now_ns == deaf.now_ns


def test_late_tasks_are_errors_on_a_strict_chip_and_counts_on_another():
    tasks = Timer(0, 1_000, 4), Timer(100, 10_000, 1, "on_other")
    strict = build(top=Logging(*tasks, cycles=2_500))
    strict.start()
    words = "program logging on the top PPU missed 1 run of task on_timer: at cycle 2608 the one due at cycle 1000 was "
    with pytest.raises(LossError, match=words + "1608 cycles late; .*period of 1000 cycles"):
        strict.run()
    chip = run(top=Logging(*tasks, cycles=2_500), config=LENIENT)
    # at 2608 the runs of 1000 and 2000 are due: one of them runs; then the timer's time is over
    assert chip.report()["ppu"]["tasks"]["top"] == {
        "on_timer": {"runs": 2, "missed": 2, "dropped": 0},
        "on_other": {"runs": 1, "missed": 0, "dropped": 0},
    }
    assert chip.losses()["late tasks"] == 2 and chip.report()["losses"]["late tasks"] == 2


def test_what_the_queue_drops_is_loud():
    tasks = [Timer(0, 10**6, 1) for _ in range(QUEUE_SLOTS + 1)]
    with pytest.raises(LossError, match="program logging on the top PPU dropped 1 runs of task on_timer at cycle 0"):
        run(top=Logging(*tasks))
    assert run(top=Logging(*tasks), config=LENIENT).losses()["dropped tasks"] == 1


def test_one_program_serves_both_processors():
    program = Logging(Timer(500, 1_000, 3))
    chip = run(top=program, bottom=program)
    assert program.times("timer", c.TOP) == program.times("timer", c.BOTTOM) == [500, 1_500, 2_500]
    assert chip.processors[1].scheduler.runs == [3]


# ---------------------------------------------------------------------- doorbells, ends


def ring_at(*cycles, line=1):
    def main(ppu):
        for cycle in cycles:
            yield ppu.wait_until(cycle - 40 - PLAIN_CONTROL_CYCLES)
            yield ppu.ring(c.TOP, line)
        return 0

    return main


def test_a_doorbell_wakes_the_scheduler():
    program = Logging(Timer(0, 10_000, 2), Doorbell(1), cycles=100)
    chip = run(top=program, bottom=ring_at(3_000, 5_000))
    assert program.times("doorbell") == [3_000, 5_000]
    assert program.times("timer") == [0, 10_000]
    assert chip.losses()["doorbells"] == 0


def test_a_ring_during_a_pass_does_not_shorten_it():
    program = Logging(Timer(0, 10_000, 2), Doorbell(1))
    run(top=program, bottom=ring_at(PASS_CYCLES + PLAIN_CONTROL_CYCLES + 50))
    # a pass and its task; the next pass finds nothing, is over at 208, and waits; then the ring is seen
    assert program.times("doorbell") == [2 * (PASS_CYCLES + PLAIN_CONTROL_CYCLES)]


def test_a_doorbell_that_rings_during_a_task_is_answered_after_it():
    program = Logging(Timer(0, 10_000, 1), Timer(0, 9_000, 1, "on_other"), Doorbell(1), cycles=2_000)
    run(top=program, bottom=ring_at(500))
    after = PASS_CYCLES + PLAIN_CONTROL_CYCLES + 2_000
    assert [what for _, what, _ in program.log] == ["other", "doorbell", "timer"]  # the doorbell's deadline is at once
    assert program.times("doorbell") == [after]
    patient = Logging(*program.tasks[:2], Doorbell(1, deadline_cycles=100_000), cycles=2_000)
    run(top=patient, bottom=ring_at(500))
    assert [what for _, what, _ in patient.log] == ["other", "timer", "doorbell"]


@given(
    st.lists(st.integers(1_500, 9_000), min_size=1, max_size=6),
    st.integers(0, 450),  # so that two tasks fit between two rings, and between two times of the timer
    st.integers(1_300, 6_000),
)
def test_every_ring_is_answered_once_and_timers_keep_their_grid(gaps, cycles, period):
    rings = [int(cycle) for cycle in np.cumsum(gaps)]
    count = rings[-1] // period + 3
    program = Logging(Timer(0, period, count), Doorbell(1), cycles=cycles)
    chip = run(top=program, bottom=ring_at(*rings), config=LENIENT)
    one_pass = PASS_CYCLES + PLAIN_CONTROL_CYCLES
    two_tasks = 2 * (cycles + one_pass) + one_pass  # and a pass that has looked just before
    answers = program.times("doorbell")
    assert chip.losses()["doorbells"] == 0 and len(answers) == len(rings)
    assert all(0 <= answer - ring <= two_tasks for answer, ring in zip(answers, rings, strict=True))
    if chip.losses()["late tasks"] == 0:
        delays = [time - k * period for k, time in enumerate(program.times("timer"))]
        assert len(delays) == count and min(delays) >= 0 and max(delays) <= two_tasks
    starts = sorted(cycle for _, _, cycle in program.log)
    assert all(np.diff(starts) >= cycles + one_pass)  # nothing is preempted


def test_waiting_for_lines_or_a_time_leaves_the_ring_to_be_answered():
    seen = []

    def main(ppu):
        for cycle in (500, 4_000, 5_000, 6_000):
            yield ppu.wait_doorbell_until((1, 2), cycle)
            seen.append(ppu.environment.now // c.PPU_CLOCK_NS)
        yield ppu.wait_doorbell(1)
        yield ppu.wait_doorbell_until((1, 2), None)
        seen.append(ppu.environment.now // c.PPU_CLOCK_NS)
        return 0

    run(top=main, bottom=ring_at(3_000, 7_000))
    assert seen == [500, 3_000, 3_000 + PLAIN_CONTROL_CYCLES, 3_000 + 2 * PLAIN_CONTROL_CYCLES, 7_000]
    with pytest.raises(MachineFault, match="doorbell line 4"):
        run(top=lambda ppu: (yield ppu.wait_doorbell_until((4,), 10)))


def test_two_lines_at_the_same_time_lose_nothing():
    program = Logging(Doorbell(1), Doorbell(2, "on_other"), stop=9_000)

    class Both(Logging):
        def on_timer(self, ppu):
            yield ppu.ring(c.TOP, 1)
            yield ppu.ring(c.TOP, 2)

    chip = run(top=program, bottom=Both(Timer(0, 1_000, 3)))
    assert chip.processors[0].scheduler.runs == [3, 3] and chip.losses()["doorbells"] == 0


def test_a_task_ends_the_program_with_its_exit_code():
    chip = run(top=Logging(Doorbell(1), Doorbell(2, "on_end")), bottom=ring_at(1_000, line=2))
    assert chip.processors[0].exit_code == 7

    class Wrong(Logging):
        def on_timer(self, ppu):
            yield ppu.wait(1)
            return "done"

    with pytest.raises(MachineFault, match="task on_timer of program logging on the top PPU returned 'done'"):
        run(top=Wrong(Timer(0, 10, 1)))


def test_doorbells_that_nobody_rings_are_a_deadlock():
    with pytest.raises(MachineFault, match="logging on the top PPU waits for doorbell line 1, and nobody"):
        run(top=Logging(Doorbell(1)))


def test_the_stop_ends_the_program():
    program = Logging(Timer(0, 1_000, 100), stop=3_500)
    chip = run(top=program)
    assert program.times("timer") == [0, 1_000, 2_000, 3_000] and chip.now_ns == (3_500 + PASS_CYCLES) * 4
    late = Logging(Timer(0, 1_000, 100), stop=3_500, cycles=1_800)
    chip = run(top=late, config=LENIENT)
    # runs of 0, 1000 and at 3816 the stop: 2000 and 3000 never ran
    assert chip.processors[0].scheduler.report()["on_timer"] == {"runs": 2, "missed": 2, "dropped": 0}
    queued = Logging(Timer(0, 1_000, 1), Timer(0, 900, 1, "on_other"), stop=500, cycles=600)
    assert run(top=queued, config=LENIENT).processors[0].scheduler.missed == [1, 0]
    with pytest.raises(LossError, match="missed 1 run of task on_timer"):
        run(top=Logging(Timer(0, 1_000, 2), stop=1_200, cycles=1_400))


def test_a_program_may_set_up_before_its_tasks():
    class SetUp(Logging):
        memory = Memory(seen=u32[1])

        def main(self, ppu):
            yield ppu.wait(300)
            return (yield from super().main(ppu))

    program = SetUp(Timer(1_000, 1_000, 2))
    assert run(top=program, bottom=sleep).processors[0].exit_code == 0
    assert program.times("timer") == [1_000, 2_000]
