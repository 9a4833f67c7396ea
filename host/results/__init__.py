"""What a run leaves: metrics and arrays, read from the chip, reported in words, kept in a directory."""
