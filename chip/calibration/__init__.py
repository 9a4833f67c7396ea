"""Calibration: measures a chip as a lab does, by its CADC and spike counters, and finds the codes that it needs."""
