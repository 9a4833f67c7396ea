"""SuperSpike on the whole chip: membranes from the CADC at known times, its gradient, and what it reports."""

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.base.config import FpgaConfig
from chip.base.feed import Post
from host import Host, tasks
from ppu_programs import SuperSpike
from ppu_programs.superspike.programs import HiddenProgram, ReadoutProgram
from ppu_programs.superspike.settings import Settings
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.tables import error_unit
from tests.naive import superspike as naive
from tests.ppu_programs.test_eventprop_on_chip import from_record
from tests.ppu_programs.watching import keep, without_updates

SAMPLES = 150


class Watched(SuperSpike):
    """Batches of one sample after which nothing is updated; potentials, gradients, errors and records are kept."""

    def __init__(self, **settings):
        super().__init__(epochs=1, seed=1, settings=Settings(batch=1, **settings))
        self.kept = {"potentials": [], "hidden": [], "errors": [], "record": [], "order": []}

    @property
    def samples_shown(self):
        return [int(order[0]) for order in self.kept["order"]]

    def potentials(self, n):
        """Membranes of the hidden layer in the n-th sample, uint8[conversions, 128]."""
        return self.kept["potentials"][n].reshape(-1, c.LANES)

    def programs(self, training):
        made = without_updates(HiddenProgram, ReadoutProgram)
        return tuple(program(training.settings, training.plan, training.placement) for program in made)

    def watch(self, chip):
        kept, (top, bottom) = self.kept, chip.processors
        keep(top, "surrogate", membranes=kept["potentials"])  # which puts something else in their place
        keep(top, "clear", gradient=kept["hidden"])
        keep(bottom, "clear", **{name: kept[name] for name in ("errors", "record", "order")})


@pytest.fixture(scope="module")
def watched():
    firmware, task = Watched(), tasks.yin_yang().head(SAMPLES, 1, 1)
    host = Host(Chip(ChipConfig.typical(seed=2)))
    host.load(firmware, task)
    firmware.watch(host.chip)
    host.run()
    return firmware, task


def test_the_gradient_on_the_chip_points_where_the_formula_points(watched):
    """On the chip's own membrane samples, spikes, errors and weights: mean cosine >= 0.999."""
    firmware, task = watched
    s = firmware.settings
    readout = weights.steps(weights.from_rows(weights.initial_shadow(s, 1)[1], s.hidden))
    registers = firmware.build(task, ChipConfig.typical(seed=2)).registers
    cosines = []
    for n, sample in enumerate(firmware.samples_shown):
        raw = firmware.kept["errors"][n]
        errors = raw[1 : 1 + s.readouts] * error_unit(s) / 2.0 ** raw[0]
        arrivals, spikes = from_record(firmware.kept["record"][n], task.train.inputs[sample], s)
        potentials = firmware.potentials(n)[:, : s.hidden].astype(float)
        counts = [len(times) for times in spikes]
        threshold = float(registers.threshold_lsb[c.TOP, 0])
        expected = naive.gradient(s, threshold, potentials, arrivals, counts, readout, errors)
        ours = weights.from_rows(firmware.kept["hidden"][n], s.hidden).astype(float)
        if abs(errors).max() > 0.01:
            cosines.append((ours * expected).sum() / np.linalg.norm(ours) / np.linalg.norm(expected))
    assert len(cosines) > SAMPLES // 2
    assert np.mean(cosines) >= 0.999, (np.mean(cosines), np.min(cosines))


def test_the_samples_see_what_the_spikes_say(watched):
    """A neuron that spiked less than its refractory time before a conversion is on its way to its reset potential."""
    firmware, task = watched
    s = firmware.settings
    tau_ns = ChipConfig.typical().limits.reset_time_constant_ns
    clamped, others = [], []
    for n in range(30):
        _, spikes = from_record(firmware.kept["record"][n], task.train.inputs[0], s)
        for lane, times in enumerate(spikes):
            for k, t in enumerate(s.sample_ticks * 8):
                ago = t - times
                near = ago[(ago > 0) & (ago < s.refractory_ns - 50)]
                potential = int(firmware.potentials(n)[k, lane]) - 80
                if near.size:
                    clamped.append(potential - s.threshold_lsb * np.exp(-near.min() / tau_ns))
                else:
                    others.append(potential)
    assert len(clamped) > 50 and abs(np.mean(clamped)) < 1 and np.std(clamped) < 8
    assert np.std(others) > 20


@pytest.mark.parametrize("fpga", [FpgaConfig(), FpgaConfig(player_latency_ns=0), FpgaConfig(player_latency_ns=5_008)])
def test_membranes_are_sampled_at_known_times_since_time_zero(fpga):
    chip, firmware = Chip(ChipConfig(fpga=fpga)), SuperSpike(epochs=1)
    host = Host(chip)
    host.load(firmware, tasks.yin_yang().head(50, 2, 2))
    conversions, zeros = [], []

    def look(posted):
        if posted.what is Post.CONVERSION and posted.arguments["hemisphere"] == c.TOP:
            conversions.extend(posted.times_ns)

    chip.feed.posts.append(look)
    chip.feed.samples.append(lambda played, index, request_ns, zero_ns, end_ns: zeros.append(zero_ns))
    host.run()
    s = firmware.settings
    since_zero = np.array(conversions).reshape(50, s.membrane_samples) - np.array(zeros[:50])[:, None]
    late = since_zero - 8 * s.sample_ticks
    assert late.min() >= -8 and late.max() <= 8 and len(zeros) == 54


def test_spikes_per_hidden_neuron_are_reported():
    host = Host(Chip())
    host.load(SuperSpike(hidden=40, epochs=2, seed=3), tasks.yin_yang().head(50, 30, 20))
    result = host.run()
    found = result.arrays | result.metrics
    assert len(found["train_spikes"]) == 2 and found["test_spikes"] > 0.05
    parts = (50, *found["train_spikes"]), (30, found["validation_spikes"]), (20, found["test_spikes"])
    hidden_spikes = sum(40 * samples * spikes for samples, *several in parts for spikes in several)
    assert hidden_spikes + 5 * (2 * 50 + 30 + 20) == pytest.approx(host.chip.writer.written)


def test_a_slow_converter_is_refused():
    chip = Chip(ChipConfig.from_dict({"cadc": {"read_cycles": 600}}))
    with pytest.raises(ValueError, match="every 2000 ns, and this chip takes 2400 ns .* lower cadc.read_cycles"):
        Host(chip).load(SuperSpike(), tasks.yin_yang().head(25, 1, 1))


def test_both_programs_fit_their_processors_with_their_code():
    host = Host(Chip())
    host.load(SuperSpike(hidden=128), tasks.yin_yang(), compiling=False)
    for processor in host.chip.processors:
        assert processor.link_map.code_in == "sram" and processor.link_map.used <= c.SRAM_BYTES


@pytest.mark.slow
def test_it_learns_without_and_with_less_activity():
    results = []
    for activity in (0.0, 0.3):
        host = Host(Chip(ChipConfig.ideal(seed=1)))
        host.load(SuperSpike(epochs=3, seed=1, activity=activity), tasks.yin_yang())
        results.append(host.run().metrics)
    assert results[0]["validation_accuracy"] >= 0.93 and results[1]["validation_accuracy"] >= 0.88
    assert results[1]["validation_spikes"] < 0.8 * results[0]["validation_spikes"]
