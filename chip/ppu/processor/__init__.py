"""One plasticity processor: its state, what it can be asked to do, and the scheduler of its tasks."""
