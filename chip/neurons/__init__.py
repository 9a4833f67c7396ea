"""Neurons: their membranes, thresholds, refractory periods, resets and noise."""
