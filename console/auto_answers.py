"""Where the AI answers alone: a draft that the school's rules let go out without a person. See decision 0018."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console import (
    audit,
    conversations,
    deliveries,
    draft_decisions,
    drafts,
    kf_outlook,
    kf_window,
    knowledge_shelf,
    policies,
    turns,
)
from console.calendar import moment, today
from console.errors import Invalid
from console.policies import Rules
from console.writing.context import Proposal
from models import Conversation, Draft, DraftEvent, DraftStatus

ACTION = 'auto-approved'
"""Of the event in a draft's history; its release names no person."""

undo: timedelta = timedelta(0)
"""How long it can be taken back before it is sent, as for a person's release; set once by run.py."""


def propose(session: Session, claim: turns.Claim, proposal: Proposal) -> Draft | None:
    """Offer a written reply for release, and release it at once where the rules say so."""
    draft = drafts.propose(session, claim, proposal)
    if draft is not None:
        consider(session, draft)
    return draft


def consider(session: Session, draft: Draft) -> bool:
    """Release a draft just proposed, in the same transaction, if nothing speaks against it; whether it was."""
    conversation = session.get_one(Conversation, draft.conversation_id)
    if why_not(session, draft, conversation, policies.current(session)):
        return False
    # Stopped meanwhile, or the last of today given to another: only now is it sure.
    if why_not(session, draft, conversation, policies.current_locked(session)):
        return False
    draft_decisions.release(session, draft, conversation, by=None, undo=undo, action=ACTION)
    entries = sorted({int(found['ref']) for found in draft.sources if found['kind'] == 'knowledge'})
    audit.record(session, 'auto_approve', 'draft', draft.id, by=None, intent=draft.intent, entries=entries)
    return True


def why_not(session: Session, draft: Draft, conversation: Conversation, rules: Rules) -> str | None:
    """What keeps this draft from going out alone, for the person at the screen; None: nothing."""
    forbidden = _not_allowed(draft, rules)
    if forbidden:
        return forbidden
    if draft.checks or draft.risk != 'none' or draft.needs_human or draft.author_id is not None:
        return '草稿有风险或检查项，须由人审核。'
    if not _rests_on_approved_answers(session, draft):
        return '不是每句话都出自已批准的知识库答案。'
    if sent_today(session) >= rules.auto_daily_cap:
        return f'今天的自动回复已满 {rules.auto_daily_cap} 条。'
    return _in_the_way(session, draft, conversation)


def sent_today(session: Session) -> int:
    """How many the AI released alone since midnight where the school is."""
    return (
        session.scalar(
            select(func.count())
            .select_from(DraftEvent)
            .join(Draft, Draft.id == DraftEvent.draft_id)
            .where(Draft.created_at >= moment(today()), DraftEvent.action == ACTION)
        )
        or 0
    )


def lock_released(session: Session) -> None:
    """Lock the conversations whose draft went out alone and is not sent yet, in their order."""
    for _, conversation_id in _released(session):
        conversations.locked(session, conversation_id)


def take_back_released(session: Session, *, by: int) -> int:
    """What the AI released and the sender has not begun waits for a person again; how many."""
    taken = 0
    for draft_id, conversation_id in _released(session):
        conversation = conversations.locked(session, conversation_id)
        draft = session.get_one(Draft, draft_id, with_for_update=True, populate_existing=True)
        if draft.status is DraftStatus.APPROVED and deliveries.take_back(session, draft):
            draft_decisions.reopen(session, draft, conversation, by=by, note='已停止自动回复')
            taken += 1
    return taken


def _not_allowed(draft: Draft, rules: Rules) -> str | None:
    if not rules.auto_on:
        return '自动回复已关闭。'
    if rules.quiet():
        return '现在是免打扰时段。'
    if draft.channel not in rules.auto_channels or draft.channel not in policies.ALONE_ON:
        return '这个渠道没有开启自动回复。'
    if draft.intent not in rules.auto_intents or draft.intent not in policies.ALONE_FOR:
        return '这类问题没有开启自动回复。'
    return None


def _in_the_way(session: Session, draft: Draft, conversation: Conversation) -> str | None:
    if conversation.taken_over or conversations.answered_in_client(conversation):
        return '这个会话由同事接待。'
    if draft.turn_id is None or _already_looked_at(session, draft):
        return '已有同事看过这个问题。'
    if kf_outlook.closed_to_us(session, conversation, as_file=False):
        return '微信客服会话现在不能由系统发送。'
    try:
        kf_window.require_room(session, conversation, len(deliveries.parts_of(session, conversation, draft.content)))
    except Invalid as refusal:
        return str(refusal)
    return None


def _already_looked_at(session: Session, draft: Draft) -> bool:
    """Whether this same question had a draft before: somebody refused it or asked for another."""
    other = select(Draft.id).where(
        Draft.conversation_id == draft.conversation_id, Draft.basis_seq == draft.basis_seq, Draft.id != draft.id
    )
    return session.scalar(other.limit(1)) is not None


def _rests_on_approved_answers(session: Session, draft: Draft) -> bool:
    """Whether every sentence but greetings is an entry's that may be said today, as it was when it was written from."""
    kinds = {found['kind'] for found in draft.sources}
    if 'knowledge' not in kinds or kinds - {'knowledge', 'courtesy'}:
        return False
    cited = {int(found['ref']): found['version'] for found in draft.sources if found['kind'] == 'knowledge'}
    return {entry.id: entry.version for entry in knowledge_shelf.valid_among(session, list(cited))} == cited


def _released(session: Session) -> list[tuple[int, int]]:
    """Drafts that went out alone and wait to be sent, with their conversations, in the order of these."""
    event = select(DraftEvent.id).where(DraftEvent.draft_id == Draft.id)
    found = session.execute(
        select(Draft.id, Draft.conversation_id)
        .where(
            Draft.status == DraftStatus.APPROVED,
            Draft.decided_by_id.is_(None),
            event.where(DraftEvent.action == ACTION).exists(),
            ~event.where(DraftEvent.action == 'retried').exists(),
        )
        .order_by(Draft.conversation_id, Draft.id)
    )
    return [(row.id, row.conversation_id) for row in found]
