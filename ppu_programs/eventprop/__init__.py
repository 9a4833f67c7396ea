"""EventProp: exact gradients of a two-layer spiking network by the adjoint in reverse time, on the chip itself.

``settings`` what it is built for; ``tables`` the program image's tables; ``layout`` the order of vectors and labels;
``adjoint`` the hidden layer's kernels, ``readout`` the readout layer's, ``update`` the optimiser, ``weights`` the way
from shadow weights to synapses.
"""
