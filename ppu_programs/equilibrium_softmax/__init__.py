"""Equilibrium propagation with a softmax readout: a spiking hidden layer is nudged by what the processors make of it.

``settings`` has what a user chooses, ``network`` the populations and where they lie, ``rates``, ``readout``,
``nudging``, ``learning`` and ``writing`` the kernels, ``programs`` what the processors do, and ``firmware`` the rule
for a host.
"""
