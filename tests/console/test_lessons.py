import pytest

from console import lessons
from console.database import Database
from console.errors import Conflict
from models import EntryStatus
from tests import story


def test_a_corrected_draft_becomes_a_proposed_entry_without_numbers_once(db: Database) -> None:
    by = db.transact(story.member).id
    draft = db.transact(story.drafted, question='周六有课吗，我的电话13812345678')
    answer = '有的，周六上午十点。王老师电话13987654321，或138****5678。'

    entry = db.transact(lessons.propose_entry, draft.id, answer, by=by)

    assert (entry.status, entry.draft_id) == (EntryStatus.DRAFT, draft.id)
    assert entry.question == '周六有课吗，我的电话（号码）'
    assert entry.answer == '有的，周六上午十点。王老师电话（号码），或（号码）。'
    with pytest.raises(Conflict, match='已提议'):
        db.transact(lessons.propose_entry, draft.id, answer, by=by)
