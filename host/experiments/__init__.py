"""Experiments of the literature, repeated on the simulated chip: ``plasticore experiment NAME``.

Each module has a ``NAME`` and ``run(config, ...)``, which measures and returns an
:class:`host.experiments.outcome.Outcome`; :mod:`host.experiments.pictures` draws it.
"""

SUMMARIES = {
    "gradient": "one neuron: spike time and its gradient against the weight, estimated from spikes and from samples",
    "observation": "bytes that have to be observed for a gradient: spikes against sampled membranes, on Yin-Yang",
}
