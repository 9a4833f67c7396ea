"""Networks of current-based LIF neurons as Brian2 has them, to be run beside the analog core.

Only the equations are given to Brian2: no rows, drivers, labels or busses. Potentials and currents are in CADC LSB, the
time is hardware time.

At each step n Brian2 integrates, compares, delivers, resets, in this order. So its step n is what the core calls the
edge at n steps: the comparator first, then the events of that time.
"""

from __future__ import annotations

import numpy as np

from chip.base.registers import Registers

EQUATIONS = """
du/dt = (excitation - inhibition - u) / tau_mem : 1 (unless refractory)
dexcitation/dt = -excitation / tau_exc : 1
dinhibition/dt = -inhibition / tau_inh : 1
tau_mem : second (constant)
tau_exc : second (constant)
tau_inh : second (constant)
threshold : 1 (constant)
reset : 1 (constant)
clamped : second (constant)
"""
NS = 1e-9


class Brian2Network:
    """One network, run once, from rest.

    Args:
        registers: parameters of the neurons.
        neurons: int[n], numbers ``hemisphere * 256 + column`` of those that are simulated.
        input_lsb: float[i, n], jump of current by an event of an input; negative where it inhibits.
        recurrent_lsb: float[n, n], [from, to], the same by a spike; None without recurrence.
        times_ns, inputs: int[e], when which input has an event; no input twice in a step.
        latency_ns: from a spike to its synapses.
        step_ns: Brian2's time step; all integration is exact, spikes lie on steps.
        target: Brian2's code generation, ``numpy`` or ``cython``.
    """

    def __init__(self, registers: Registers, neurons, input_lsb, recurrent_lsb, times_ns, inputs,
                 latency_ns: int = 100, step_ns: int = 4, target: str = "numpy"):  # fmt: skip
        import brian2

        brian2.prefs.codegen.target = target
        self.step_ns = step_ns
        second, step = brian2.second, step_ns * NS * brian2.second
        clock = brian2.Clock(dt=step)
        self.group = group = brian2.NeuronGroup(
            len(neurons),
            EQUATIONS,
            threshold="u >= threshold",
            reset="u = reset",
            refractory="clamped",
            method="exact",
            clock=clock,
        )
        cell = {name: getattr(registers, f"{name}_lsb").reshape(-1)[neurons] for name in ("leak", "reset", "threshold")}
        for name, register in (("tau_mem", "tau_mem"), ("tau_exc", "tau_syn_exc"), ("tau_inh", "tau_syn_inh")):
            setattr(group, name, getattr(registers, f"{register}_ns").reshape(-1)[neurons] * NS * second)
        group.threshold, group.reset = cell["threshold"] - cell["leak"], cell["reset"] - cell["leak"]
        # the membrane is released at the end of the last refractory step, on the chip at its beginning
        group.clamped = (registers.refractory_ns.reshape(-1)[neurons] + step_ns) * NS * second
        source = brian2.SpikeGeneratorGroup(
            len(input_lsb), np.asarray(inputs), np.asarray(times_ns) * NS * second, clock=clock
        )
        self.monitor = brian2.SpikeMonitor(group)
        parts = [group, source, self.monitor, *_synapses(brian2, source, group, input_lsb, 0 * second, clock)]
        if recurrent_lsb is not None:
            parts += _synapses(brian2, group, group, recurrent_lsb, latency_ns * NS * second, clock)
        self.network = brian2.Network(*parts)

    def run(self, duration_ns: int) -> None:
        """Go on for a time."""
        from brian2 import second

        self.network.run(duration_ns * NS * second, namespace={})

    def spikes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return int64[m] times in ns and int64[m] indices of neurons, in the order of (time, index)."""
        steps = np.rint(np.asarray(self.monitor.t) / (self.step_ns * NS)).astype(np.int64)
        index = np.asarray(self.monitor.i, np.int64)
        order = np.lexsort((index, steps))
        return steps[order] * self.step_ns, index[order]

    def membranes(self) -> np.ndarray:
        """Return float64[n], in LSB above the leak potential, as the last step has left them."""
        return np.array(self.group.u)


def _synapses(brian2, source, target, jump_lsb: np.ndarray, delay, clock) -> list:
    """Return one group of synapses for each sign that is there."""
    groups = []
    for current, sign in (("excitation", 1), ("inhibition", -1)):
        i, j = np.nonzero(sign * jump_lsb > 0)
        if not i.size:
            continue
        group = brian2.Synapses(source, target, "jump : 1", on_pre=f"{current}_post += jump", delay=delay, clock=clock)
        group.connect(i=i, j=j)
        group.jump = np.abs(jump_lsb[i, j])
        groups.append(group)
    return groups
