"""What metrics are called, and how their numbers are written."""

import pytest

from host.results.metrics import in_words, is_accuracy, shown


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("validation_accuracy", "validation accuracy"),
        ("first_error_lsb", "first error [LSB]"),
        ("mean_rate_khz", "mean rate [kHz]"),
        ("us", "us"),
        ("rate", "rate"),
    ],
)
def test_names_are_words_and_units(name, words):
    assert in_words(name) == words


def test_fractions_have_four_digits_and_other_numbers_four_that_count():
    assert (shown("accuracy", 0.98), shown("rate_error", 0.123456)) == ("accuracy 0.9800", "rate error 0.1235")
    assert shown("delay_us", None) == "delay [us] not reached" and not is_accuracy("inaccuracy")
