"""What one chip is that another is not: mismatch, capacitor memory, random streams."""
