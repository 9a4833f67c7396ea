"""Programs of a plasticity processor as C, from the intermediate form of their kernels; see README.md beside this."""
