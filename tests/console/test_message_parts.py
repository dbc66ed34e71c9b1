"""A text arrives as as many messages as are counted beforehand."""

import pytest

from console import message_parts
from console.message_parts import MOST_BYTES


@pytest.mark.parametrize(
    ('text', 'messages'),
    [('', 1), ('a' * MOST_BYTES, 1), ('a' * (MOST_BYTES + 1), 2), ('好' * 682, 1), ('好' * 683, 2)],
)
def test_what_fits_is_one_message(text: str, messages: int) -> None:
    assert message_parts.count(text) == messages
    assert len(message_parts.cut(text)) == (messages if text else 0)
