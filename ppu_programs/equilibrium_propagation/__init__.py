"""Equilibrium propagation on the chip: a network that relaxes, is nudged, and learns from the difference of its rates.

``settings`` has what a user chooses, ``network`` the populations and where they lie, ``schedule`` the phases of a
sample, ``traces``, ``teaching``, ``learning`` and ``writing`` the kernels, ``programs`` what the processors do, and
``firmware`` the rule for a host.
"""
