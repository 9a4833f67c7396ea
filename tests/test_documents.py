"""What is shown behind a block of a document can be held against what was printed."""

import pytest

from tests.documents import Block, blocks, matches


@pytest.mark.parametrize(
    "printed, shown, same",
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("a\nb\nc\n", "a\n...\n", True),
        ("b\n", "a\n...\n", False),
        ("a 0.57 b\n", "a 0.5... b\n", True),
        ("a 0.4\nb\n", "a 0.5... b\n", False),
        ("a 0.5\n b\n", "a 0.5... b\n", False),
        ("a\n", "a\nb\n", False),
    ],
)
def test_the_comparison_can_fail(printed, shown, same):
    assert matches(printed, shown) is same


def test_blocks_are_found_with_their_comments():
    text = "x\n<!-- file: a.py -->\n```python\nb\n```\n\n```text\nc\n```\n<!-- run -->\n```sh\nd\n```\n"
    assert blocks(text) == [
        Block("file", "a.py", "python", "b\n"),
        Block(None, None, "text", "c\n"),
        Block("run", None, "sh", "d\n"),
    ]
