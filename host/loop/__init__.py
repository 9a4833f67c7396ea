"""The host loop: the same chip, network and task, trained from outside in float, as labs do it today.

``host_loop`` loads a chip and learns with it; ``learner`` is the loop itself, which has a link and nothing else;
``observation`` what crosses the link, put in order; ``methods`` from observations to gradients; ``adam`` from gradients
to weights; ``synapses`` weights of 6 bit over the link.
"""
