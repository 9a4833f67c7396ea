"""Fits to readings: the rate of an exponential beside what is linear, and the line of a response over its code."""

from __future__ import annotations

import numpy as np

GRID = 192  # rates that are tried at first
SPAN = 12.0  # the fastest and the slowest rate that are looked for, times and divided by
SAME = 1e-4  # closer rates are moved apart, where a difference of exponentials has no shape


def fit_rate(readings: np.ndarray, delays_us: np.ndarray, rate: float, other_rate: np.ndarray | None) -> np.ndarray:
    """Return float64[n], 1/us: the rates of decays, or of rises and decays.

    Each column of float64[delays, n] ``readings`` is ``B + A exp(-r t)``, or, where a second rate is known,
    ``B + A (exp(-r t) - exp(-s t))``. For each r of a logarithmic grid around ``rate``, A and B follow from least
    squares; the residual's minimum is refined by the parabola through three points. Where it lies at the end of the
    grid the result is NaN.
    """
    rates = rate * np.exp(np.linspace(-np.log(SPAN), np.log(SPAN), GRID))
    residual = np.stack([_residual(readings, _shape(one, delays_us, other_rate)) for one in rates])
    best = residual.argmin(axis=0)
    inside = np.clip(best, 1, GRID - 2)
    left, middle, right = (np.take_along_axis(residual, inside[None] + step, axis=0)[0] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.divide(0.5 * (left - right), bend, out=np.zeros_like(bend), where=bend > 0)
    found = rates[inside] * (rates[1] / rates[0]) ** np.clip(shift, -1, 1)
    return np.where(best == inside, found, np.nan)


def _shape(rate: float, delays_us: np.ndarray, other_rate: np.ndarray | None) -> np.ndarray:
    decay = np.exp(-rate * delays_us)[:, None]
    if other_rate is None:
        return decay
    other = np.where(np.abs(other_rate / rate - 1) < SAME, rate * (1 + SAME), other_rate)
    return (decay - np.exp(-np.outer(delays_us, other))) / (other - rate)


def _residual(readings: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Return what least squares of ``B + A shape`` leave of the readings, squared and summed."""
    readings, shape = readings - readings.mean(axis=0), shape - shape.mean(axis=0)
    return (readings**2).sum(axis=0) - (readings * shape).sum(axis=0) ** 2 / (shape**2).sum(axis=0)


def fit_lines(codes: np.ndarray, responses: np.ndarray, relative: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return slopes, zeros and goodness of ``response = slope (code - zero)``, [2, 256] each, by least squares.

    ``codes`` is float64[points]; ``responses`` float64[points, 2, 256], NaN where there is none. With ``relative`` it
    is the error in parts of the response that counts. Not good is a neuron with less than two points, or with a slope
    that is not positive.
    """
    known = np.isfinite(responses)
    filled = np.where(known, responses, 1.0)
    weight = known / (filled**2 if relative else 1.0)
    total = np.maximum(weight.sum(axis=0), 1e-30)
    code = np.broadcast_to(np.asarray(codes, float)[:, None, None], responses.shape)
    mean_code, mean = (weight * code).sum(axis=0) / total, (weight * filled).sum(axis=0) / total
    spread = (weight * (code - mean_code) ** 2).sum(axis=0)
    good = known.sum(axis=0) >= 2
    slope = (weight * (code - mean_code) * (filled - mean)).sum(axis=0) / np.where(good, spread, 1.0)
    good &= slope > 0
    slope = np.where(good, slope, 1.0)
    return slope, mean_code - mean / slope, good
