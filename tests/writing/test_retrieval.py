import json
from pathlib import Path
from typing import Any

import pytest

from console.writing.retrieval import KnowledgeIndex
from tests.evaluation.library import numbered
from tests.writing.asking import DICTIONARY, SCHOOL_KNOWS

DEMO = Path(__file__).parents[2] / 'console' / 'demo'


@pytest.fixture
def index() -> KnowledgeIndex:
    index = KnowledgeIndex(DICTIONARY)
    index.build(SCHOOL_KNOWS)
    return index


@pytest.fixture(scope='module')
def demo() -> tuple[list[dict[str, Any]], KnowledgeIndex]:
    entries = json.loads((DEMO / 'knowledge.json').read_text('utf-8'))
    index = KnowledgeIndex(DICTIONARY)
    index.build(numbered(entries))
    return entries, index


@pytest.mark.parametrize(
    ('query', 'expected'),
    [('数学什么价位', 11), ('你们怎么走', 12), ('有没有体验课', 13), ('明天来不了想改时间', 14), ('给个联系方式', 15)],
)
def test_a_synonym_finds_the_entry(index, query, expected):
    assert index.search(query)[0].id == expected


def test_scores_fall_and_lie_between_0_and_1(index):
    scores = [hit.score for hit in index.search('数学思维班多少钱，在哪里')]

    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_both_halves_of_a_double_question_are_found(index):
    assert {hit.id for hit in index.search('数学思维班多少钱？校区在哪里？', limit=2)} == {11, 12}


@pytest.mark.parametrize('query', ['', '？！', 'zzz', '\u200b', '的了吗'])
def test_nothing_asked_finds_at_most_little(index, query):
    assert all(hit.score < 0.5 for hit in index.search(query))


def test_an_empty_library_answers_with_nothing():
    index = KnowledgeIndex(DICTIONARY)
    assert index.search('多少钱') == []

    index.build([])
    assert index.search('多少钱') == []


def test_building_again_replaces_everything(index):
    index.build(SCHOOL_KNOWS[:1])

    assert {hit.id for hit in index.search('数学思维班多少钱？校区在哪里？')} == {11}


def test_the_dictionary_is_cached_where_it_was_told_to_be(tmp_path):
    KnowledgeIndex(tmp_path / 'words').build(SCHOOL_KNOWS)

    assert [path.name for path in (tmp_path / 'words').iterdir()] == ['jieba.cache']


def test_a_short_question_after_a_long_one_is_not_drowned(demo):
    entries, index = demo
    query = '孩子二年级，想学数学思维，周六上午陈思雨老师教的那个启蒙班一期多少钱？另外怎么请假？'

    keys = [entries[hit.id]['external_key'] for hit in index.search(query)]

    assert {'kb-001', 'kb-025'} <= set(keys)


def test_of_the_demo_schools_questions_nineteen_in_twenty_find_their_entry_among_the_first_three(demo):
    entries, index = demo
    questions = json.loads((DEMO / 'questions.json').read_text('utf-8'))

    found = [
        asked['expect'] in [entries[hit.id]['external_key'] for hit in index.search(asked['question'], limit=3)]
        for asked in questions
    ]

    assert sum(found) / len(found) >= 0.95
