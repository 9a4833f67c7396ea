"""LSB of the MADC, in which the vendor records membranes, and LSB of the CADC, in which this model has potentials.

The model has no MADC: an experiment observes membranes and converts. No source states the factor. Two recordings of
neurons that were calibrated to leak 80, reset 70 and threshold 125 LSB of the CADC (calix' targets) give it:

- demo ``ts_01``: the membrane rests at 334, fires at 454 and is reset to 300 LSB of the MADC. From leak to threshold
  that is 120 / 45 = 2.7, from reset to threshold 153 / 55 = 2.8;
- demo ``ts_06``: 25.2 / 32 LSB of the MADC a unit of weight. From ``hxtorch``'s weight scale, 50 units of weight for a
  software weight of 1, follows 45 / 50 / e LSB of the CADC a unit for equal time constants: 2.4, within 20 %.

2.7 is good to a tenth (derived).
"""

LSB = 2.7  # of the MADC, in one of the CADC
RECORDED_LEAK_LSB, LEAK_LSB = 334.0, 80.0  # the same potential in both


def cadc_lsb(madc_lsb: float) -> float:
    """Return a recorded potential in LSB of the CADC; arrays, too."""
    return LEAK_LSB + (madc_lsb - RECORDED_LEAK_LSB) / LSB
