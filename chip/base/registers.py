"""What a program writes into the chip before it starts: neurons, drivers, crossbar, synapses.

Arrays are indexed as the chip is: ``[hemisphere, column]`` for neurons, ``[hemisphere, row, column]`` for synapses,
``[hemisphere, driver]`` for synapse drivers, ``[input, output]`` for the crossbar. Neuron potentials are in CADC LSB,
as calibrated chips are spoken about.

Where ``connect_vertical[column]`` is set, the circuits of both hemispheres in that column are one neuron with 512 rows:
the top one's comparator, reset, refractory clock and event output are the neuron's, the bottom one adds its synapses
and its part of the membrane.
"""

from __future__ import annotations

import copy
from dataclasses import Field, dataclass, field, fields
from typing import Any, NoReturn

import numpy as np

from chip.base import constants as c
from chip.base.spelling import closest

ROW_DISABLED, ROW_EXCITATORY, ROW_INHIBITORY, ROW_BOTH = 0, 1, 2, 3  # haldls RowMode; one bit for either input
SHORTEST_REFRACTORY_NS = 40  # 5 ticks of the fastest clock, see chip.neurons.refractory; calix calibrates down to it
OFFSET_CENTRE = 7  # calix calibrates towards what drivers do at this offset
_HEMISPHERES = (c.HEMISPHERES,)
_NEURONS = (c.HEMISPHERES, c.COLUMNS)
_COLUMNS = (c.COLUMNS,)
_ROWS = (c.HEMISPHERES, c.ROWS)
_DRIVERS = (c.HEMISPHERES, c.DRIVERS)
_GENERATORS = (c.BACKGROUND_GENERATORS,)
_BUSSES = (c.HEMISPHERES, c.PADI_BUSSES)
_VOLTAGES = (c.HEMISPHERES, 2, 2)  # [hemisphere, even or odd drivers, set]
_SYNAPSES = (c.HEMISPHERES, c.ROWS, c.COLUMNS)
_CROSSBAR = (c.CROSSBAR_INPUTS, c.CROSSBAR_OUTPUTS)


def _array(shape, dtype, default, low, high, multiple_of=1):
    return field(
        default_factory=lambda: np.full(shape, default, dtype),
        metadata=dict(shape=shape, dtype=np.dtype(dtype), low=low, high=high, multiple_of=multiple_of),
    )


@dataclass(repr=False)
class Registers:
    """All registers of the chip, as arrays that the caller fills; defaults are a chip that does nothing.

    An assignment fills the whole array, by numpy's rules of broadcasting, and is checked at once::

        registers.tau_mem_ns = 12_000  # of all neurons
        registers.row_mode = [[1], [2]]  # of all rows of the top, of all of the bottom hemisphere

    An edit of elements, ``registers.weights[0, 3] = 40``, is numpy's, which nobody sees; what it leaves is checked when
    the registers are written. Numbers with a fraction take integers, too; integers take no floats, and neither of them
    bools. Copies share nothing.

    ==========================  ==================  ====  ==============  ==========
    register                    array               unit  range           default
    ==========================  ==================  ====  ==============  ==========
    enabled                     bool[2, 256]        -     off, on         off
    spiking                     bool[2, 256]        -     off, on         on
    leak_lsb                    float64[2, 256]     LSB   0..255          80.0
    reset_lsb                   float64[2, 256]     LSB   0..255          80.0
    threshold_lsb               float64[2, 256]     LSB   0..255          125.0
    tau_mem_ns                  float64[2, 256]     ns    500..60000      10000.0
    tau_syn_exc_ns              float64[2, 256]     ns    300..30000      10000.0
    tau_syn_inh_ns              float64[2, 256]     ns    300..30000      10000.0
    refractory_ns               int64[2, 256]       ns    40..32000 by 4  2000
    holdoff_ns                  int64[2, 256]       ns    0..4000 by 4    0
    efficacy_lsb                float64[2, 256]     LSB   0..1000         1.0
    backend_address             uint8[2, 256]       -     0..255          0
    event_output                bool[2, 256]        -     off, on         on
    connect_vertical            bool[256]           -     off, on         off
    row_mode                    uint8[2, 256]       -     0..3            0
    compare_mask                uint8[2, 128]       -     0..31           31
    stp_enabled                 bool[2, 128]        -     off, on         off
    stp_utilization             uint8[2, 128]       -     0..15           0
    stp_recovery                uint8[2, 128]       -     0..15           0
    stp_offset                  uint8[2, 128]       -     0..15           7
    stp_target_voltages         uint8[2, 128]       -     0..1            0
    stp_v_recover               uint16[2, 2, 2]     code  0..1022         (400, 50)
    stp_v_charge                uint16[2, 2, 2]     code  0..1022         (100, 330)
    crossbar_mask               uint16[20, 12]      -     0..16383        0
    crossbar_target             uint16[20, 12]      -     0..16383        16383
    cadc_reference_lsb          float64[2]          LSB   0..255          0.0
    correlation_enabled         bool[2]             -     off, on         off
    correlation_amplitude_lsb   float64[2]          LSB   0.2..2.0        1.0
    correlation_tau_ns          float64[2]          ns    2000..30000     5000.0
    correlation_amplitude_trim  uint8[2, 256, 256]  -     0..3            1
    correlation_time_trim       uint8[2, 256, 256]  -     0..3            1
    padi_from_processor         bool[2, 4]          -     off, on         off
    background_enabled          bool[8]             -     off, on         off
    background_poisson          bool[8]             -     off, on         off
    background_period           uint16[8]           4 ns  1..65535        65535
    background_rate             uint8[8]            -     0..255          0
    background_seed             uint32[8]           -     1..4294967295   1
    background_mask             uint8[8]            -     0..255          0
    background_label            uint16[8]           -     0..16383        0
    weights                     uint8[2, 256, 256]  -     0..63           0
    labels                      uint8[2, 256, 256]  -     0..63           0
    ==========================  ==================  ====  ==============  ==========

    LSB are those of the CADC; an efficacy is the current in LSB that a unit of weight adds. A code is of the capacitor
    memory, and of the two defaults in its row the first is that of set 0. Ranges are those that the vendor calibrates
    to (calix ``check_values``), widened where a register takes more.
    :meth:`check` raises ValueError with the first element that lies outside, or with the first two that clash.

    Raises:
        AttributeError: there is no such register. ValueError: it cannot hold what is assigned, and keeps what it has.
    """

    enabled: np.ndarray = _array(_NEURONS, bool, False, 0, 1)
    spiking: np.ndarray = _array(_NEURONS, bool, True, 0, 1)  # threshold comparator on; off is a leaky integrator
    leak_lsb: np.ndarray = _array(_NEURONS, float, 80.0, 0, 255)
    reset_lsb: np.ndarray = _array(_NEURONS, float, 80.0, 0, 255)
    threshold_lsb: np.ndarray = _array(_NEURONS, float, 125.0, 0, 255)
    tau_mem_ns: np.ndarray = _array(_NEURONS, float, 10_000.0, 500, 60_000)
    tau_syn_exc_ns: np.ndarray = _array(_NEURONS, float, 10_000.0, 300, 30_000)
    tau_syn_inh_ns: np.ndarray = _array(_NEURONS, float, 10_000.0, 300, 30_000)
    refractory_ns: np.ndarray = _array(_NEURONS, np.int64, 2_000, SHORTEST_REFRACTORY_NS, 32_000, c.EVENT_CLOCK_NS)
    holdoff_ns: np.ndarray = _array(_NEURONS, np.int64, 0, 0, 4_000, c.EVENT_CLOCK_NS)  # without reset, at its end
    efficacy_lsb: np.ndarray = _array(_NEURONS, float, 1.0, 0, 1_000)  # synaptic current per weight unit, in LSB
    backend_address: np.ndarray = _array(_NEURONS, np.uint8, 0, 0, 255)
    event_output: np.ndarray = _array(_NEURONS, bool, True, 0, 1)  # off: spikes are counted, but send no event
    connect_vertical: np.ndarray = _array(_COLUMNS, bool, False, 0, 1)  # joins both circuits, see chip.neurons.circuits
    row_mode: np.ndarray = _array(_ROWS, np.uint8, ROW_DISABLED, 0, 3)
    compare_mask: np.ndarray = _array(_DRIVERS, np.uint8, 0b11111, 0, 31)
    stp_enabled: np.ndarray = _array(
        _DRIVERS, bool, False, 0, 1
    )  # short-term plasticity, see chip.array.short_term_plasticity
    stp_utilization: np.ndarray = _array(_DRIVERS, np.uint8, 0, 0, 15)
    stp_recovery: np.ndarray = _array(_DRIVERS, np.uint8, 0, 0, 15)
    stp_offset: np.ndarray = _array(_DRIVERS, np.uint8, OFFSET_CENTRE, 0, 15)
    stp_target_voltages: np.ndarray = _array(_DRIVERS, np.uint8, 0, 0, 1)  # set 0 facilitates, 1 depresses by default
    stp_v_recover: np.ndarray = _array(_VOLTAGES, np.uint16, (400, 50), 0, 1_022)  # capacitor memory, calix defaults
    stp_v_charge: np.ndarray = _array(_VOLTAGES, np.uint16, (100, 330), 0, 1_022)
    crossbar_mask: np.ndarray = _array(_CROSSBAR, np.uint16, 0, 0, c.NEURON_LABEL_MASK)
    crossbar_target: np.ndarray = _array(_CROSSBAR, np.uint16, c.NEURON_LABEL_MASK, 0, c.NEURON_LABEL_MASK)
    cadc_reference_lsb: np.ndarray = _array(_HEMISPHERES, float, 0.0, 0, 255)  # on channels of neurons off; 0 is none
    correlation_enabled: np.ndarray = _array(_HEMISPHERES, bool, False, 0, 1)  # bias of the sensors on
    correlation_amplitude_lsb: np.ndarray = _array(_HEMISPHERES, float, 1.0, 0.2, 2.0)
    correlation_tau_ns: np.ndarray = _array(_HEMISPHERES, float, 5_000.0, 2_000, 30_000)
    correlation_amplitude_trim: np.ndarray = _array(_SYNAPSES, np.uint8, 1, 0, 3)
    correlation_time_trim: np.ndarray = _array(_SYNAPSES, np.uint8, 1, 0, 3)
    padi_from_processor: np.ndarray = _array(_BUSSES, bool, False, 0, 1)  # a bus takes events of its PPU, none routed
    background_enabled: np.ndarray = _array(_GENERATORS, bool, False, 0, 1)  # see chip.fabric.generators
    background_poisson: np.ndarray = _array(_GENERATORS, bool, False, 0, 1)  # else regular
    background_period: np.ndarray = _array(_GENERATORS, np.uint16, 0xFFFF, 1, 0xFFFF)  # of the event clock
    background_rate: np.ndarray = _array(_GENERATORS, np.uint8, 0, 0, 255)  # of Poisson: 255 ths of a period's chance
    background_seed: np.ndarray = _array(_GENERATORS, np.uint32, 1, 1, 0xFFFFFFFF)
    background_mask: np.ndarray = _array(_GENERATORS, np.uint8, 0, 0, 255)  # bits of the label that are drawn
    background_label: np.ndarray = _array(_GENERATORS, np.uint16, 0, 0, c.NEURON_LABEL_MASK)
    weights: np.ndarray = _array(_SYNAPSES, np.uint8, 0, 0, c.WEIGHT_MAX)
    labels: np.ndarray = _array(_SYNAPSES, np.uint8, 0, 0, c.LABEL_MAX)

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.__dataclass_fields__:
            self._refuse(name)
        values = _values(name, value, **self.__dataclass_fields__[name].metadata)
        if name in self.__dict__:
            self.__dict__[name][...] = values  # whoever has the array at hand goes on with it
        else:
            self.__dict__[name] = values

    def __getattr__(self, name: str) -> Any:  # called for what there is not
        self._refuse(name)

    def _refuse(self, name: str) -> NoReturn:
        registers = () if name.startswith("_") else self.__dataclass_fields__  # Python itself looks for __names__
        remedy = closest(name, registers) or "chip/base/registers.py has those that there are"
        raise AttributeError(f"there is no register {name}; {remedy}")

    def __repr__(self) -> str:
        """In a line, what differs from the defaults: a value that is the same everywhere, or how many others are set.

        All numbers would be 80 kB, and keep a test that has failed from saying why.
        """
        return f"Registers({', '.join(filter(None, map(self._shown, fields(self))))})"

    def _shown(self, entry: Field) -> str:
        array, default = getattr(self, entry.name), entry.default_factory()
        if not isinstance(array, np.ndarray) or array.shape != default.shape:
            return f"{entry.name}={type(array).__name__}"
        if (others := np.count_nonzero(array != default)) == 0:
            return ""
        first = array.reshape(-1)[0]
        return f"{entry.name}={first.item() if (array == first).all() else f'<{others} of {array.size} set>'}"

    def __copy__(self) -> Registers:
        return copy.deepcopy(self)

    def changed(self, **arrays: np.ndarray) -> Registers:
        """Return a copy with other arrays, which may leave the ranges: what a chip makes of what registers ask for."""
        made = copy.deepcopy(self)
        for name, array in arrays.items():
            getattr(made, name)[...] = array
        return made

    def check(self) -> None:
        """Raise ValueError where an array has the wrong shape or type, or an element is outside its register."""
        for entry in fields(self):
            _check_array(entry.name, getattr(self, entry.name), **entry.metadata)
        longer = self.holdoff_ns > self.refractory_ns
        if longer.any():
            where = tuple(int(i) for i in np.argwhere(longer)[0])
            raise ValueError(
                f"Registers.holdoff_ns{list(where)} is {self.holdoff_ns[where]}; it is the end of the refractory "
                f"period of {self.refractory_ns[where]} ns and cannot be longer"
            )
        self._check_merged()

    def _check_merged(self) -> None:
        """Raise ValueError where the registers of two circuits that are connected clash."""
        for column in np.flatnonzero(self.connect_vertical).tolist():
            connected = f"Registers.connect_vertical[{column}] is set, but"
            if not self.enabled[:, column].all():
                raise ValueError(
                    f"{connected} enabled[:, {column}] is {self.enabled[:, column].tolist()}; a merged neuron needs "
                    f"both circuits, so enable both or do not connect them"
                )
            if self.spiking[c.BOTTOM, column]:
                raise ValueError(
                    f"{connected} spiking[{c.BOTTOM}, {column}] is on; a merged neuron fires by the comparator of its "
                    f"top circuit alone, so switch the bottom one off"
                )
            for name in ("tau_syn_exc_ns", "tau_syn_inh_ns"):
                tau = getattr(self, name)[:, column]
                if tau[c.TOP] != tau[c.BOTTOM]:
                    raise ValueError(
                        f"{connected} {name}[:, {column}] is {tau.tolist()}; the currents of both circuits are "
                        f"modelled as one, so ask for one time constant"
                    )
            reset = self.reset_lsb[:, column]
            if reset[c.TOP] != reset[c.BOTTOM]:
                raise ValueError(
                    f"{connected} reset_lsb[:, {column}] is {reset.tolist()}; a reset from either side pulls the one "
                    f"membrane to the potential of the top circuit, so ask for one potential"
                )

    @property
    def nbytes(self) -> int:
        """Bytes that cross the host link to write all of it (one byte a value but 2 for times and crossbar).

        Generators are written where one of them is on, a word of 8 bytes each.
        """
        wide = {"tau_mem_ns", "tau_syn_exc_ns", "tau_syn_inh_ns", "refractory_ns", "holdoff_ns", "crossbar_mask"}
        wide |= {"crossbar_target", "stp_v_recover", "stp_v_charge"}
        written = [f.name for f in fields(self) if not f.name.startswith("background_")]
        generators = 8 * c.BACKGROUND_GENERATORS if self.background_enabled.any() else 0
        return generators + sum(getattr(self, name).size * (2 if name in wide else 1) for name in written)


_TAKEN = {"b": "biu", "u": "iu", "i": "iu", "f": "iuf"}  # kinds of numpy types, by that of the register


def _values(name: str, value: object, shape, dtype, low, high, multiple_of) -> np.ndarray:
    """Return what was assigned to a register as an array of its shape and type."""
    what = {"b": "True or False", "f": f"numbers in {low}..{high}"}.get(dtype.kind, f"integers in {low}..{high}")
    takes = f"it takes {what}, one for all or an array that broadcasts to {list(shape)}"
    try:
        given = np.asarray(value)
    except ValueError:
        raise ValueError(f"Registers.{name} is set to rows of different lengths; {takes}") from None
    got = f"{given.dtype}{list(given.shape)}" if given.ndim else repr(value)
    if given.dtype.kind not in _TAKEN[dtype.kind]:
        remedy = "; round it, np.rint(...).astype(int)" if given.dtype.kind == "f" and dtype.kind in "iu" else ""
        raise ValueError(f"Registers.{name} is set to {got}; {takes}{remedy}")
    try:
        values = np.broadcast_to(given, shape)
    except ValueError:
        raise ValueError(f"Registers.{name} is set to {got}; {takes}") from None
    _check_range(name, values, low, high, multiple_of)
    return values.astype(dtype)


def _check_array(name, value, shape, dtype, low, high, multiple_of) -> None:
    if not isinstance(value, np.ndarray) or value.shape != shape or value.dtype != dtype:
        got = f"{value.dtype}{list(value.shape)}" if isinstance(value, np.ndarray) else type(value).__name__
        raise ValueError(f"Registers.{name} is {got}; it must be {dtype}{list(shape)}")
    _check_range(name, value, low, high, multiple_of)


def _check_range(name: str, values: np.ndarray, low, high, multiple_of) -> None:
    bad = ~((values >= low) & (values <= high))  # written so that NaN is bad too
    if multiple_of != 1:
        bad |= values % multiple_of != 0
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        step = f", a multiple of {multiple_of}" if multiple_of != 1 else ""
        raise ValueError(
            f"Registers.{name}{list(where)} is {values[where]}; the register takes {low}..{high}{step} in each of its "
            f"{list(values.shape)} elements"
        )
