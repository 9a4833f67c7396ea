"""Fast & Deep: exact gradients of first-spike times, on the chip itself (Göltz et al. 2021).

``settings`` what it is built for; ``spikes`` the first spike of every neuron; ``tables`` the program image's tables;
``readout`` loss and gradient of the readouts' spike times, ``hidden`` those of the hidden layer's; ``programs`` what
the two processors do with them, ``halves`` what they do where the hidden layer is divided between both; ``firmware``
all of it as a host sees it.
"""
