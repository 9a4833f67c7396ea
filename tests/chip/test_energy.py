"""Energy is powered time times a stated power: ranges, never one number that nobody published."""

import pytest

from chip.energy import CHIP, SYSTEM, assumptions, energy, sentence


def test_a_sample_of_200_us_takes_40_to_140_microjoules():
    found = energy(30.0, 200.0)
    assert found["joules_per_sample"] == pytest.approx([40e-6, 140e-6])
    assert found["joules"] == pytest.approx([6.0, 21.0])
    assert found["system_joules_per_sample"] == pytest.approx([1.12e-3, 1.12e-3])


def test_the_ranges_are_those_of_their_sources():
    low, high = CHIP.joules(276e-6)  # the classification of an electrocardiogram: 192 uJ
    assert low < 192e-6 == pytest.approx(high, rel=0.01)
    assert SYSTEM.joules(276e-6)[0] == pytest.approx(1.55e-3, rel=0.01)


def test_what_waits_is_powered():
    """Time on the link and of the host counts for the chip as it does for the system."""
    alone, linked = energy(1.0, 100.0), energy(1.0, 100.0, waited_seconds=3.0, waited_us_per_sample=300.0)
    for name in ("joules", "joules_per_sample", "system_joules", "system_joules_per_sample"):
        assert linked[name] == pytest.approx([4 * value for value in alone[name]])
    assert (alone["powered_us_per_sample"], linked["powered_us_per_sample"]) == (100.0, 400.0)
    assert "powered for 400.0 us" in sentence(linked)


def test_without_a_timed_sample_nothing_is_said_of_one():
    found = energy(2.0, None)
    assert found["joules_per_sample"] is None and found["system_joules_per_sample"] is None
    assert sentence(found) == "0.4 to 1.4 J of the chip in all, 0.2 to 0.7 W assumed"


def test_the_sentence_has_the_range_and_its_assumption():
    assert sentence(energy(30.0, 200.0)) == (
        "40 to 140 uJ of the chip a training sample, powered for 200.0 us, 0.2 to 0.7 W assumed; "
        "1.12 mJ with FPGA and board"
    )


def test_assumptions_name_powers_and_what_is_left_out():
    text = "\n".join(assumptions())
    assert "0.2 to 0.7 W" in text and "5.6 W" in text and "host computer is not counted" in text
    assert text.count("also while it waits") == text.count("also while they wait") == 1
    assert "reduced configuration" in text and "optimistic here" in text
    assert all("(assumed" in line for line in assumptions())
