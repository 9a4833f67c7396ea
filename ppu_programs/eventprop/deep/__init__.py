"""EventProp with two hidden layers on the chip: inputs and a bias - first hidden - second hidden - leaky integrators.

Layers lie as :mod:`ppu_programs.placement.layered` has them, and each processor owns the weights of its hemisphere::

    top processor, ``outer``: conducts             bottom processor, ``between``: follows
    weights  inputs -> first, second -> readouts   weights  first -> second, their shadows in external memory
    play sample k, read the readouts, loss         record: events of both layers in order of time, ``events``
    pulls of the second layer -------------------> currents of the second layer at its spikes, ``currents``
    gradient of the readout weights                adjoint of the second layer, gradient, ``adjoint``
    adjoint of the first layer <------------------ pushes on the spikes of the first layer
    reset the readouts <-------------------------- done

A pull is what the readouts' errors have of one neuron, sum_o w_oj err_o; a push is dL/ds of one spike. Nothing else
crosses but doorbells, and no weight does.

The second layer is computed in lanes of the vector unit, a neuron each: so it has 64 at most. What changes with each
sample is in SRAM: gradients, 16 bits in rows of 64, and the 6-bit weights. Shadow weights and the optimiser's state
pass a window of one row behind each batch, ``update``. Bytes of the bottom processor for 60 neurons and 60:

==================================================================  =====
gradients, 60 rows of 64 halfwords                                   7680
weights, 30 rows of 128 bytes, two sources each                      3840
record, between batches the window of the optimiser's state          1024
tables of exponentials, 4 of 119 halfwords                            952
what the events are; vectors of lambda_V, its products, and pushes    640
window: shadows of a row, mask                                        384
pulls, rows of sources and synapses, generator, rate                  318
alignment                                                              74
stack and mailbox                                                    1280
**used, of 16384**                                                  16192
==================================================================  =====

Its code, 4.4 kB, has no room beside that: it runs from external memory, through the instruction cache. The top
processor has 16276 bytes in use, code included, with batches of 25; of more than 79 samples there is no room.

Thousands of cycles for a sample, measured on the first 250 of Yin-Yang on an ideal chip, with 116 hidden spikes each;
then a sample takes 0.9 ms, and 0.7 where the chip has learned and fewer samples have errors:

=====================  ======  =========================  ======
top                    cycles  bottom                     cycles
=====================  ======  =========================  ======
``loss``, ``pull``        6.6  ``name_events``               4.2
``readout_backward``     13.6  ``currents``                 19.2
own events, sorted        4.3  ``backward``                115.2
``backward``             36.0  ``gather_pushes``             2.5
update, 8 rows in 25      2.4  update, 60 rows in 25        18.5
=====================  ======  =========================  ======
"""
