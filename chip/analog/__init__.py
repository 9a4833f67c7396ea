"""The analog part of the chip: neurons, synapses and the conversion of membranes, behind posted operations."""
