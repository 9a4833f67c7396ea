"""The first format of ``result.json``, in which a run ended in an accuracy: what differs, and how it is read."""

from __future__ import annotations

from typing import Any

import numpy as np

GONE = {"accuracy", "train_accuracy", "samples_total"}
SINCE = {"metrics", "curve", "axes", "progress"}


def converted(summary: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the fields of this format; arrays of a single number, such as the validation accuracy, are metrics now."""
    old = {name: summary.pop(name) for name in GONE}
    single = {name: float(arrays.pop(name)) for name in list(arrays) if arrays[name].ndim == 0}
    reached = {name: value if np.isfinite(value) else None for name, value in single.items()}
    return summary | {
        "metrics": {"accuracy": old["accuracy"]} | reached,
        "curve": "train_accuracy",
        "axes": {},
        "progress": {"done": summary["samples"], "total": old["samples_total"], "unit": "samples"},
    }
