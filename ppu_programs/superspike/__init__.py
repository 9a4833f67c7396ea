"""SuperSpike: surrogate gradients of a two-layer spiking network from sampled membranes, on the chip itself.

``settings`` what it is built for beside ``ppu_programs.two_layer``; ``surrogate`` the hidden layer's kernels;
``tables`` their tables; ``programs`` what the two processors do; ``firmware`` all of it as a host sees it.
"""
