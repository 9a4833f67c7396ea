"""Calibrations as people see them: progress while measuring, the report, the histograms."""
