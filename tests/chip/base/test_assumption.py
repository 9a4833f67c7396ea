"""An assumption is a text that also says its source, which way it errs and how much it weighs."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip.base.assumption import ASSUMED, Assumption, Direction, Weight, weightiest

WORDS = st.text(max_size=20)
ASSUMPTIONS = st.builds(Assumption, WORDS, WORDS, st.sampled_from(Direction), st.sampled_from(Weight))


def attributes(made: Assumption) -> tuple:
    return made.what, made.source, made.direction, made.weight


@given(ASSUMPTIONS)
def test_it_is_its_text_wherever_a_text_will_do(made):
    text = f"{made.what} ({made.source})" if made.source else made.what
    assert made == text and hash(made) == hash(text) and f"{made}" == text and repr(made) == repr(text)
    assert json.loads(json.dumps([made])) == [text]


@given(ASSUMPTIONS)
def test_copies_and_pickles_keep_what_it_says(made):
    for again in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert type(again) is Assumption and again == made and attributes(again) == attributes(made)


def test_without_more_it_is_an_assumed_detail_that_errs_either_way():
    made = Assumption("x is 3")
    assert made == "x is 3 (assumed)"
    assert attributes(made) == ("x is 3", ASSUMED, Direction.EITHER, Weight.DETAIL)


@given(st.lists(ASSUMPTIONS | WORDS), st.sampled_from(Weight))
def test_the_weightiest_come_first_each_once_and_as_they_stood(sentences, limit):
    found = weightiest(sentences, limit)
    weights = [sentence.weight for sentence in found]
    assert weights == sorted(weights, reverse=True) and len(set(found)) == len(found)
    assert all(Weight.DETAIL < weight <= limit for weight in weights)
    heaviest: dict[str, Weight] = {}
    for sentence in sentences:
        if isinstance(sentence, Assumption) and Weight.DETAIL < sentence.weight <= limit:
            heaviest[sentence] = max(sentence.weight, heaviest.get(sentence, Weight.DETAIL))
    assert dict(zip(found, weights, strict=True)) == heaviest
    for weight in weights:
        stood = [
            sentence for sentence in sentences if getattr(sentence, "weight", None) == weight and sentence in found
        ]
        same = [sentence for sentence in found if sentence.weight == weight]
        assert same == [sentence for sentence in dict.fromkeys(stood) if heaviest[sentence] == weight]


@pytest.mark.parametrize("sentences", [[], ["plain (assumed gateware)", "a text that is faster than the chip"]])
def test_plain_texts_weigh_nothing_whatever_they_say(sentences):
    assert weightiest(sentences) == []
