"""Short ways to bring the database into a state that a test is about."""

from datetime import timedelta

from sqlalchemy.orm import Session

from console import drafts, hearing, staff, turns
from console.writing.context import Proposal
from models import Channel, Conversation, Draft, Role, Staff, Turn, utc_now

NOW = timedelta(0)
AT_ONCE = turns.Pace(quiet=NOW, longest=NOW)


def member(session: Session, role: Role = Role.SUPERVISOR, name: str = '林主管') -> Staff:
    username = f'{role}{staff.count(session)}'
    return staff.create(session, username=username, name=name, role=role, password_hash=None, by=None)


def said(
    session: Session,
    text: str,
    *,
    who: str = 'wang_mama',
    msg_id: str | None = None,
    channel: Channel = Channel.APP,
    pace: turns.Pace = AT_ONCE,
) -> Conversation:
    """A parent's message has arrived and was understood."""
    one = hearing.Heard(
        channel=channel, external_userid=who, external_id=msg_id, kind='text', text=text, sent_at=utc_now()
    )
    [conversation] = hearing.hear(session, [one])
    drafts.supersede_pending(session, [conversation.id], note='家长又发来了新消息')
    turns.heard(session, [conversation], pace)
    return conversation


def proposal(text: str = '您好，周六上午有课。') -> Proposal:
    return Proposal(
        text=text,
        writer='本地知识库',
        model=None,
        prompt_version=None,
        sources=(),
        checks=(),
        tokens_in=0,
        tokens_out=0,
        duration_ms=1,
        needs_human=False,
    )


def drafted(
    session: Session, text: str = '您好，周六上午有课。', *, question: str = '周六有课吗', who: str = 'wang_mama'
) -> Draft:
    """A parent asked, and a draft waits for release."""
    said(session, question, who=who)
    claim = turns.claim_next(session)
    assert claim is not None
    draft = drafts.propose(session, claim, proposal(text))
    assert draft is not None
    return draft


def turn_of(session: Session, conversation_id: int) -> Turn:
    turn = turns.latest(session, conversation_id)
    assert turn is not None
    return turn
