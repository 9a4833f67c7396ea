"""Latent predictive learning with spikes: neurons find what changes slowly (Halvagal and Zenke 2023, spiking form).

``settings`` has what a user chooses, ``signals`` what the inputs do, ``network`` the populations and where they lie,
``factors`` and ``synapses`` the kernels, ``programs`` what the processor does in a tick, ``measures`` what a run is
judged by, and ``firmware`` the rule for a host. Inhibition learns by
:mod:`ppu_programs.inhibitory_plasticity.update`.
"""
