"""Pong by reward: reward-modulated STDP on the correlation sensors, as the vendor's demo ``ts_07`` has it.

``variants`` has the two forms of the demo, ``settings`` what a user chooses, ``network`` the neurons and where they
lie, ``stimuli`` the events of a ball, ``noise`` and ``learning`` the kernels, ``programs`` what the processor does,
``measures`` what a run is judged by, and ``firmware`` the rule for a host. README.md beside them has what was measured.
"""
