"""Firmware as a host sees it: by name or from a file, with its settings, known by the hashes of its code, loaded."""
