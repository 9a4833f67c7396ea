"""What learning rules for one hidden layer share: inputs and a bias - spiking neurons - readouts.

``settings`` what a rule is built for; ``layout`` the order of vectors and labels; ``tables`` functions of time as
integers; ``weights`` the way from shadow weights to synapses; ``update`` the optimiser; ``shuffle`` the order of
samples; ``plan`` what is played and where reports stand; ``training`` samples and network of one run; ``integrators``
the kernels of leaky integrators as readouts; ``roles`` who conducts, who follows; ``programs`` what the two processors
own, a layer each; ``firmware`` all of it as a host sees it.

A rule subclasses the two programs and the firmware, and brings its own kernels for the hidden layer's gradient.

Where a hidden layer is divided between both processors, ``halves`` is in the place of ``programs``; ``own_events``
takes a processor's own spikes out of a record, ``windowed_update`` is an optimiser whose state is in external memory. A
rule brings a :class:`ppu_programs.two_layer.halves.Learning` for each, and a program that conducts, where readouts are
no leaky integrators.
"""
