"""While a chip runs: progress, compiling, clocks, interrupts, checkpoints."""
