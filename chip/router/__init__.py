"""Event routing: 16-bit labels through the crossbar to PADI busses, synapse drivers and rows."""
