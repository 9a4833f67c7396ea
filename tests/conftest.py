"""Settings for the whole suite: property tests are repeatable and have no deadline, since kernels compile in them."""

from hypothesis import settings

from chip.testing.plugin import chip_factory as chip_factory  # also where the project is not installed

settings.register_profile("plasticore", deadline=None, max_examples=25, derandomize=True)
settings.load_profile("plasticore")
