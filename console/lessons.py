"""What one corrected draft teaches: an entry proposed for the knowledge base. Nobody is named in it."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import drafts, knowledge, personal_numbers, scripts
from console.errors import Conflict
from models import EntryStatus, KnowledgeEntry

_NUMBER = re.compile(r'⟦[^⟦⟧]*⟧|(?P<plain>[\w.+-]++(?!\*\*))|[\w.+-]*+\*{2,}[\w.@-]*', re.ASCII)
"""`plain` is a word without stars, taken whole: tried from each of its letters anew, a long one takes seconds."""


def propose_entry(session: Session, draft_id: int, answer: str, *, by: int) -> KnowledgeEntry:
    """Offer the parent's question with this answer for the knowledge base; a person completes and approves it there.

    Once for a draft. Raises `NotAllowed`, `NotFound`, `Invalid`, `Conflict` if it was offered already.
    """
    draft, _ = drafts.seen(session, draft_id, by=by)
    if session.scalar(select(KnowledgeEntry.id).where(KnowledgeEntry.draft_id == draft_id).limit(1)) is not None:
        raise Conflict('这份草稿已提议加入知识库，请到知识库中修改。', 'closed')
    names = scripts.names_in(session, draft.conversation_id, by=by)
    entry = knowledge.Entry(
        question=_for_all(draft.customer_message, names)[: knowledge.LONGEST_QUESTION],
        answer=_for_all(answer, names)[: knowledge.LONGEST_ANSWER],
        status=EntryStatus.DRAFT,
    )
    [row] = knowledge.put(session, [entry], by=by)
    row.draft_id = draft_id
    return row


def _for_all(text: str, names: dict[str, str]) -> str:
    """What was said to one family, without its names and numbers."""
    for place, word in (('{家长}', '家长'), ('{学员}', '孩子')):
        if place in names:
            text = text.replace(names[place], word)
    return _NUMBER.sub(lambda found: found['plain'] or '（号码）', personal_numbers.blotted(text)).strip()
