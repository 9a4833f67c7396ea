"""A limit of the chip says what ran out, as a value and in words."""

import pickle

import pytest

from chip.base.errors import ChipLimitError, Resource


@pytest.mark.parametrize("resource", Resource)
def test_a_limit_names_the_resource_and_survives_a_pickle(resource):
    made = ChipLimitError(resource, f"{resource} of my chip", 5, 3, "bytes", "take less")
    for error in (made, pickle.loads(pickle.dumps(made))):
        assert error.resource is resource and (error.where, error.used, error.size) == (f"{resource} of my chip", 5, 3)
        assert str(error) == f"{resource} of my chip: 5 bytes needed, 3 available; take less"
