"""The synapse array: rows and drivers, weights, short-term plasticity, correlation sensors."""
