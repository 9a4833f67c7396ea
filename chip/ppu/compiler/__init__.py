"""The compiler of kernels: source text in, checked and booked, compiled code out."""
