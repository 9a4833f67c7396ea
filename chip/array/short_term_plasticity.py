"""Short-term plasticity of synapse drivers: how long a driver's pulse is, from the events that it has had before.

A driver with its plasticity circuit on holds a voltage between v_recover, where it rests, and v_charge. With x the
fraction of the way, 0..1, an event at a time t that comes dt after the last one does, in this order:

    x <- x exp(-dt / tau_rec)            recovery
    x <- x + U (1 - x)                   utilization
    pulse = 1 - (v_recover + x (v_charge - v_recover)) / v_end + offset, within 0..1

and the pulse, as a fraction of that of a driver without plasticity, multiplies the jump of current of all synapses in
both rows of the driver. With v_recover below v_charge this is the depression of Tsodyks and Markram (PNAS 94, 1997):
R = 1 - x is the recovered resource, R <- 1 - (1 - R (1 - U)) exp(-dt / tau_rec) from one event to the next, and
v_charge = v_end makes the pulse proportional to R. With v_recover above v_charge it is their facilitation.

The driver does so for every event that its row select takes, whatever label it has and whether any synapse acts.

Sources: registers and two sets of voltages for a driver, even and odd drivers with voltages of their own, haldls
``synapse_driver.h``; v_recover is the fully recovered and v_charge the fully modulated state, "a utilization of some
0.2 happens before processing each event", set 0 facilitates and set 1 depresses, calix ``stp_calib_target.h``; the
pulse gets shorter with the offset, calix ``spiking/synapse_driver.py``. Assumed, see
:class:`chip.base.config.DriverConfig`: that the pulse is linear in the voltage, as a ramp and a comparator make it,
that U is linear in its register, that the rate of recovery is proportional to recovery + 1, as with a switched
capacitor, and all scales.
"""

from __future__ import annotations

import math

from chip.base.inner import inlined, inner

UTILIZATION, RECOVERY_NS, REST_PULSE, PULSE_SLOPE = 0, 1, 2, 3  # first index of Network.stp


@inner
def begin(network, scratch):
    """Take up the drivers' state where the last committed step left it."""
    for driver in range(network.charge.size):
        scratch.charge[driver], scratch.charge_ns[driver] = network.charge[driver], network.charge_ns[driver]


@inlined
def stimulate(key, time_ns, network, scratch):
    """Let all drivers that take an event, by the number of its label on its bus, make their pulse."""
    select = key >> 6
    for i in range(network.stp_first[select], network.stp_first[select + 1]):
        make_pulse(network.stp_drivers[i], time_ns, network, scratch)


@inlined
def make_pulse(driver, time_ns, network, scratch):
    """Let a driver make its pulse for an event."""
    u = network.stp[UTILIZATION, driver]
    x = scratch.charge[driver]
    x *= math.exp((scratch.charge_ns[driver] - time_ns) / network.stp[RECOVERY_NS, driver])
    x += u * (1.0 - x)
    scratch.charge[driver], scratch.charge_ns[driver] = x, time_ns
    pulse = network.stp[REST_PULSE, driver] + x * network.stp[PULSE_SLOPE, driver]
    scratch.pulse[driver] = min(max(pulse, 0.0), 1.0)


@inner
def commit_drivers(network, scratch):
    """Keep what the events of the step have done to the drivers."""
    for driver in range(network.charge.size):
        network.charge[driver], network.charge_ns[driver] = scratch.charge[driver], scratch.charge_ns[driver]
