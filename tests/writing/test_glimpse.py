import json

import pytest

from console.writing.deepseek import DeepSeekWriter
from console.writing.glimpse import reply_so_far
from console.writing.masking import Mask
from tests.fakes.model import FakeModel
from tests.writing.test_deepseek import QUESTION

WHOLE = json.dumps({'reply': '家长甲您好，\n“周六”\\有课😀，请打⟦手机号1⟧。', 'sources': [1], 'needs_human': False})
SEEN = '王丽华您好，\n“周六”\\有课😀，请打［手机号］。'


@pytest.fixture
def mask() -> Mask:
    return Mask.of(QUESTION)


@pytest.mark.parametrize(
    'raw',
    [
        WHOLE,
        f'```json\n{WHOLE}',
        f'<think>家长甲想知道什么</think>\n{WHOLE}',
        json.dumps(json.loads(WHOLE), ensure_ascii=False),
    ],
)
def test_at_every_length_of_an_answer_the_reply_grows_and_nothing_else_is_seen(raw: str, mask: Mask) -> None:
    seen = [reply_so_far(raw[:length], mask) for length in range(len(raw) + 1)]

    assert seen[-1] == SEEN
    assert all(SEEN.startswith(words) for words in seen)
    assert len(set(seen)) > 15


def test_plain_words_are_seen_as_they_come_and_a_thought_is_not(mask: Mask) -> None:
    assert reply_so_far('您好，学生甲周六', mask) == '您好，李小明周六'
    assert reply_so_far('您好，学生', mask) == '您好，'
    assert reply_so_far('<think>先想想', mask) == ''
    assert reply_so_far('{"mood": "', mask) == ''


async def test_a_writer_tells_its_words_while_the_model_still_writes(model: FakeModel, writer: DeepSeekWriter) -> None:
    model.mode, model.delay, model.reply = 'slow', 0.01, '您好，周六上午九点有课，欢迎来试听。'
    seen: list[str] = []

    proposal = await writer.write(QUESTION, on_words=seen.append)

    assert len(set(seen)) > 3
    assert all(model.reply.startswith(words) for words in seen)
    assert seen[-1] == proposal.text
