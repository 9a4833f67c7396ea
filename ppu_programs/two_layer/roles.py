"""Who asks for samples and who follows: what happens in which order, whatever the two programs of a rule compute.

::

    conducts, at the bottom                      follows, on top
    play sample k, observe the readouts          observe the hidden layer
    loss: errors, sent to the top -------------> learn from the sample
    learn from the sample                        wait until currents have decayed
    wait <-------------------------------------- done
    reset readouts that integrate

Both update their weights behind each batch. These are the tasks of programs that say what a sample is, and what is
learned from it: :mod:`ppu_programs.two_layer.programs` and :mod:`ppu_programs.two_layer.halves`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import ClassVar

from chip.base import constants as c
from chip.ppu import Kernel
from chip.ppu.processor.timing import SAMPLE_LINE
from ppu_programs.two_layer import shuffle
from ppu_programs.two_layer.plan import Plan, predictions_address, report_address, report_counters
from ppu_programs.two_layer.settings import Settings

ERRORS_LINE, WEIGHTS_LINE, DONE_LINE = 1, 2, 3
START_LINE = 3  # of the top processor, where samples are announced to it; its DONE_LINE never rings
RECORD_SLOT = 0
PREDICTIONS = c.VECTOR_BYTES  # the last ones are kept, a vector


def has_errors(ppu, settings: Settings) -> bool:
    """False for a sample that counts as learned: all its errors are zero."""
    for o in range(settings.readouts):
        if ppu.word("errors", 1 + o):
            return True
    return False


class Following:
    """Tasks of the top processor, which follows the samples that the other one asks for.

    Attributes:
        settings, plan: what the program was made for.
        observe: kernels that it runs on the record of each sample to be learned.
        backward: kernels that it runs behind them, with the errors in place, where not all are zero.
        before_sample: a task: what it does before a sample to be learned, up to the sample's end, where it begins to
            wait for the record.
        tell: a task: what it tells the other processor about such a sample, behind ``observe``.
    """

    settings: Settings
    plan: Plan
    observe: tuple[Kernel, ...]
    backward: tuple[Kernel, ...]
    before_sample: ClassVar[Callable[..., Generator] | None] = None
    tell: ClassVar[Callable[..., Generator] | None] = None

    def main(self, ppu) -> Generator:
        for _ in range(self.plan.epochs * self.plan.batches):
            yield from self.watch(ppu, self.plan.batch, learn=True)
            yield from self.update_weights(ppu)
        for split in self.plan.evaluations():
            yield from self.watch(ppu, len(split), learn=False)
        return 0

    def watch(self, ppu, samples: int, learn: bool) -> Generator:
        """Follow so many samples; after each, let currents and membranes decay before the next one may begin."""
        settle_cycles = self.settings.settle_ns // c.PPU_CLOCK_NS
        for _ in range(samples):
            if learn and self.before_sample is not None:
                yield from self.before_sample(ppu)
            yield ppu.wait_doorbell(SAMPLE_LINE)
            settled = ppu.time_base + settle_cycles
            if learn:
                yield ppu.load_record(RECORD_SLOT, into="record")
                for kernel in self.observe:
                    yield ppu.run(kernel)
                if self.tell is not None:
                    yield from self.tell(ppu)
                yield ppu.wait_doorbell(ERRORS_LINE)
                if has_errors(ppu, self.settings):
                    for kernel in self.backward:
                        yield ppu.run(kernel)
            if ppu.time_base < settled:
                yield ppu.wait_until(settled)
            yield ppu.ring(c.BOTTOM, DONE_LINE)

    def update_weights(self, ppu) -> Generator:
        """Learn from the batch, and tell the other processor when that is over."""
        raise NotImplementedError(f"{type(self).__name__} has no update_weights(self, ppu)")


class Conducting:
    """Tasks of the bottom processor, which asks for samples, judges them, and reports.

    Attributes:
        settings, plan: what the program was made for.
        error_words: of ``errors``, how many are sent to the other processor.
        backward: kernels that it runs on samples to be learned where not all errors are zero.
        draw_order: the kernel that draws the samples of a batch.
        announces: whether the top processor's START_LINE is rung right before a sample to be learned is played.
        complete: a task: how the errors of such a sample come to be what is sent, if playing it leaves less.
    """

    settings: Settings
    plan: Plan
    error_words: int
    backward: tuple[Kernel, ...]
    draw_order: Kernel
    announces: ClassVar[bool] = False
    complete: ClassVar[Callable[..., Generator] | None] = None

    def play_sample(self, ppu, sample: int, announce: bool) -> Generator:
        """Play a sample and judge it: ``errors``, ``counters`` and ``predictions`` are those of it.

        With ``announce`` the top processor's START_LINE is rung, the very operation before the sample is asked for.
        """
        raise NotImplementedError(f"{type(self).__name__} has no play_sample(self, ppu, sample, announce)")

    def main(self, ppu) -> Generator:
        plan = self.plan
        for epoch in range(plan.epochs):
            yield ppu.run(shuffle.draw_keys)
            for batch in range(plan.batches):
                yield ppu.run(self.draw_order, batch * plan.batch, plan.batch)
                yield from self.learn_batch(ppu)
                yield from self.update_weights(ppu)
            yield from self.report(ppu, report_address(0) + c.VECTOR_BYTES * epoch)
        for index, split in enumerate(plan.evaluations()):
            yield from self.evaluate(ppu, split, predictions_address(index))
            yield from self.report(ppu, report_address(plan.epochs + index))
        return 0

    def learn_batch(self, ppu) -> Generator:
        """Play the next samples of the epoch's order; send the errors of each to the top, and learn from them."""
        first, nbytes = self.plan.train.start, 2 * self.error_words
        for i in range(self.plan.batch):
            sample = first + ppu.word("order", i)
            yield from self.play_sample(ppu, sample, self.announces)
            if self.complete is not None:
                yield from self.complete(ppu)
            yield ppu.send(c.TOP, source="errors", into="errors", line=ERRORS_LINE, nbytes=nbytes)
            if has_errors(ppu, self.settings):
                for kernel in self.backward:
                    yield ppu.run(kernel)
            yield from self.end_sample(ppu)

    def evaluate(self, ppu, split: range, address: int) -> Generator:
        """Play without learning; predictions go to external memory from an address on, a vector at a time."""
        for n in range(len(split)):
            yield from self.play_sample(ppu, split.start + n, False)
            yield from self.end_sample(ppu)
            if n & (PREDICTIONS - 1) == PREDICTIONS - 1 or n == len(split) - 1:
                yield ppu.store_external(address + (n & -PREDICTIONS), source="predictions")

    def report(self, ppu, address: int) -> Generator:
        yield ppu.run(report_counters)
        yield ppu.store_external(address, source="report")

    def end_sample(self, ppu) -> Generator:
        """Wait for the top processor; then let readouts that integrate begin anew."""
        raise NotImplementedError(f"{type(self).__name__} has no end_sample(self, ppu)")

    def update_weights(self, ppu) -> Generator:
        """Learn from the batch, and wait until the other processor has done so."""
        raise NotImplementedError(f"{type(self).__name__} has no update_weights(self, ppu)")
