"""Probes: what happens on a chip, kept in arrays for whoever watches it, and no byte of the run is changed by it."""
