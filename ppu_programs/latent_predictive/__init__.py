"""Latent predictive learning on the chip: units that change little between two views of one thing, and yet differ.

``settings`` has what a user chooses, ``pictures`` what units see, ``network`` the populations and where they lie,
``statistics``, ``learning`` and ``writing`` the kernels, ``programs`` what the processors do, ``readout`` what the host
makes of the features, and ``firmware`` the rule for a host.
"""
