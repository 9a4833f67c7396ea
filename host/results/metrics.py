"""How metrics are called and shown: names in words, fractions with four digits, other numbers with four that count."""

from __future__ import annotations

ACCURACY = "accuracy"


UNITS = {"lsb": "LSB", "ns": "ns", "us": "us", "ms": "ms", "hz": "Hz", "khz": "kHz", "uj": "uJ"}


def in_words(name: str) -> str:
    """Return a name for people: ``"validation accuracy"``, or ``"first error [LSB]"`` for ``first_error_lsb``."""
    head, _, unit = name.rpartition("_")
    if head and unit in UNITS:
        return f"{head.replace('_', ' ')} [{UNITS[unit]}]"
    return name.replace("_", " ")


def is_accuracy(name: str | None) -> bool:
    """Whether a metric is a fraction of right answers, by its name: then it can be shown in per cent."""
    return name is not None and (name == ACCURACY or name.endswith(f"_{ACCURACY}"))


def layout(name: str | None) -> str:
    """Return how a number is written, for ``str.format``."""
    return "{:.4f}" if is_accuracy(name) else "{:.4g}"


def shown(name: str, value: float | None) -> str:
    """Return a metric with its name: ``"accuracy 0.9800"``."""
    return f"{in_words(name)} {'not reached' if value is None else layout(name).format(value)}"
