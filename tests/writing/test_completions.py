import pytest

from console.writing.completions import Completion
from console.writing.context import WritingFailed


def chunk(**delta: str) -> dict:
    return {'choices': [{'delta': delta, 'finish_reason': None}]}


def test_words_and_thoughts_are_progress_and_empty_pieces_are_not():
    completion = Completion()

    assert completion.add(chunk(reasoning_content='想一想'))
    assert completion.add(chunk(content='您好'))
    assert not completion.add(chunk(role='assistant'))
    assert not completion.add(chunk(content=''))
    assert not completion.add({'choices': [], 'usage': {'prompt_tokens': 5, 'completion_tokens': 2}})
    assert (completion.text, completion.tokens_in, completion.tokens_out) == ('您好', 5, 2)


def test_an_error_in_the_middle_of_an_answer_is_one():
    with pytest.raises(WritingFailed) as failed:
        Completion().add({'error': {'message': 'overloaded'}})

    assert failed.value.reason == 'unavailable'
