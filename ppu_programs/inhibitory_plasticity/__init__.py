"""Inhibitory plasticity: inhibition finds the weights with which every neuron spikes at a target rate (Vogels 2011).

``settings`` has what a user chooses, ``network`` the populations and where they lie, ``channels`` what drives them,
``update`` the kernels, which :mod:`ppu_programs.spiking_lpl` uses, too, ``programs`` what the processor does,
``measures`` what a run is judged by, and ``firmware`` the rule for a host.
"""
