"""Experiments of the literature, repeated on the simulated chip: ``plasticore experiment NAME``.

Each module has a ``NAME``, which is its own with ``-`` for ``_``, and ``run(config, ...)``, which measures and returns
an :class:`host.experiments.outcome.Outcome`; :mod:`host.experiments.pictures` draws it. Those that are held against
recordings have rows, :mod:`host.experiments.published`.
"""

SUMMARIES = {
    "gradient": "one neuron: spike time and its gradient against the weight, estimated from spikes and from samples",
    "observation": "bytes that have to be observed for a gradient: spikes against sampled membranes, on Yin-Yang",
    "holomorphic-ep": "equilibrium propagation, in float: cosine to the gradient by amplitude, noise and readout",
    "asymmetry": "equilibrium propagation on the chip: mismatch of synapses, updates of both directions, alignment",
    "psp-height": "potentials of an event against its weight, both signs, as the vendor has recorded them",
    "membrane-bounds": "how far a membrane can be driven, as hxtorch's tests have it",
    "spread": "neurons of a raw chip, before and after calibration, against a recording and calix' bounds",
    "scales": "weight for a software weight of 1, and the software's unit in an LSB, as hxtorch's tests have them",
    "separation": "how fast inferences follow each other, and their energy, against 85 thousand a second",
    "stdp-timing": "cycles of bus accesses, of updates by STDP and of rewrites, against the vendor's timing tests",
    "superspike-neuron": "one neuron learns a spike train by SuperSpike, as the vendor has recorded it",
    "two-clusters": "clusters that persist, and noise: d' of units that predict, of Hebbian ones, and of both",
    "homeostasis": "512 neurons find their rate by the sign rule, beside the vendor's recording",
    "pong": "a paddle that learns by reward, R-STDP, beside the vendor's recording of both sizes; takes hours",
    "parity": "all rows of the experiments that are compared with recordings, in one table",
}
