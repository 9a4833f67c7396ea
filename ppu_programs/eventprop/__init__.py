"""EventProp: exact gradients of a spiking network by the adjoint in reverse time, on the chip itself.

``settings`` what it is built for; ``tables`` the program image's tables; ``adjoint`` the hidden layer's kernels;
``programs`` when the top processor runs them; all else is what rules for one hidden layer share, ``two_layer``.
``halves`` divides a hidden layer between both processors, ``deep`` has two hidden layers, one on each.
"""
