import pytest

from console.writing.retrieval import KnowledgeIndex
from tests.evaluation.library import entries
from tests.writing.asking import DICTIONARY


@pytest.fixture(scope='session')
def index() -> KnowledgeIndex:
    """Of the demo school's knowledge and as much again."""
    index = KnowledgeIndex(DICTIONARY)
    index.build(entries())
    return index
