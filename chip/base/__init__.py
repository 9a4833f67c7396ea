"""What every block stands on: time, constants with their sources, settings, errors, compiled code."""
