"""Settings for the whole suite: property tests are repeatable and have no deadline, since kernels compile in them.

An interrupt from the keyboard is one, also where the suite runs in the background of a script, which ignores it.
"""

import signal

from hypothesis import HealthCheck, settings

from chip.testing.plugin import chip_factory as chip_factory

slow = [HealthCheck.too_slow]  # of a busy machine, not of a test
quick = {"report_multiple_bugs": False}  # a chip takes its time to run: one failure is shrunk, not every one
settings.register_profile(
    "plasticore", deadline=None, max_examples=25, derandomize=True, suppress_health_check=slow, **quick
)
settings.load_profile("plasticore")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
