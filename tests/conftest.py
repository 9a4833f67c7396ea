"""Settings for the whole suite: property tests are repeatable and have no deadline, since kernels compile in them.

An interrupt from the keyboard is one, also where the suite runs in the background of a script, which ignores it.

Several workers (``-n 2``) take whole stretches of the suite, so that what a file's tests share, as a trained chip, is
made in one of them; who is through early takes over from the other.
"""

import signal

import pytest
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


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "worksteal"
