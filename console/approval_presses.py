"""A button pressed on a card: the same decision as on the page, by the same person, under the same refusals."""

import logging
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import approval_cards, audit, company, conversations, draft_decisions
from console.errors import ConsoleError, NotAllowed
from console.wecom.events import WeComEvent
from models import ApprovalCard, CardStatus, Draft, Staff

log = logging.getLogger(__name__)

undo: timedelta = timedelta(0)
"""How long an approval can be taken back, as on the page; set once by run.py."""

WORDS = {
    'stale': '家长又发来新消息，已过期',
    'version': '内容已被修改，请打开查看',
    'blocked': '有未解决的检查项，请打开',
    'closed': '已由他人处理',
}
"""Why an approval was refused, in the few words a card has room for."""


def pressed(session: Session, corp_id: str, said: WeComEvent) -> None:
    """A `template_card_event` (path/90240). Pressed by another, twice, too late or on no card of ours: no effect."""
    task_id, key, code = (said.fields.get(name) for name in ('TaskId', 'EventKey', 'ResponseCode'))
    if not isinstance(task_id, str):
        return
    found = session.execute(
        select(ApprovalCard.id, Draft.conversation_id)
        .join(Draft, Draft.id == ApprovalCard.draft_id)
        .where(ApprovalCard.task_id == task_id)
    ).first()
    if found is None or not company.is_ours(corp_id):
        log.warning('a card that is none of ours was pressed')
        return
    conversations.locked(session, found.conversation_id)  # before the card, as whoever decides the draft does
    card = session.get_one(ApprovalCard, found.id, with_for_update=True, populate_existing=True)
    member = session.get_one(Staff, card.staff_id, populate_existing=True)
    if (said.sender or '').casefold() != (member.wecom_userid or '').casefold():
        log.warning('card=%d was pressed by somebody else', card.id)
        return
    if isinstance(code, str) and code:
        approval_cards.keep_code(card, code)
    if card.status in (CardStatus.SHOWN, CardStatus.SENDING) and card.outcome is None:
        if key == approval_cards.APPROVE:
            _approve(session, card, member)
    elif card.status in (CardStatus.CLOSED, CardStatus.FAILED):
        card.status = CardStatus.STALE  # it still had its button: tell again
    session.flush()


def _approve(session: Session, card: ApprovalCard, member: Staff) -> None:
    try:
        with session.begin_nested():
            if not member.approves_on_phone:
                raise NotAllowed('在手机上审批')
            draft_decisions.approve(session, card.draft_id, version=card.version, by=member.id, undo=undo)
            audit.record(session, 'approve_on_phone', 'draft', card.draft_id, by=member.id, card=card.id)
    except ConsoleError as refusal:
        words = (
            '您已没有审批权限'
            if isinstance(refusal, NotAllowed)
            else WORDS.get(refusal.reason or '', '没有批准，请打开查看')
        )
        approval_cards.close(session, ApprovalCard.id == card.id, words)
