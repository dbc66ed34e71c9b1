"""Drafts on supervisors' phones: which card shows which draft, what it says, and when its buttons must go.

A card is work: sent once, and once more changed when the draft is decided, wherever that was.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, case, func, literal, select, update
from sqlalchemy.orm import Session, joinedload

from console import leases, media_files, personal_numbers, signals, staff
from console.crypto import cipher
from models import (
    ApprovalCard,
    CardStatus,
    Contact,
    Conversation,
    Draft,
    DraftStatus,
    Staff,
    Student,
    utc_now,
)

LEASE = timedelta(seconds=60)
"""Longer than the longest WeCom call (20 s)."""
CODE_LASTS = timedelta(hours=72)
MOST_OPEN = 20
"""Cards a person has before them. What comes beyond waits in the console alone: WeCom drops more than 30 a minute."""
MOST_ATTEMPTS = 5
PAUSE = timedelta(seconds=20)

APPROVE = 'approve'
LONGEST_OUTCOME = 20

_OPEN = (CardStatus.READY, CardStatus.SENDING, CardStatus.SHOWN)
_DUE = (CardStatus.READY, CardStatus.SENDING, CardStatus.STALE, CardStatus.UPDATING)


@dataclass(frozen=True, kw_only=True)
class Showing:
    """A card to be sent; numbers in its words are masked."""

    card_id: int
    token: int
    to_user: str
    task_id: str
    draft_id: int
    who: str
    asked: str
    reply: str
    file: media_files.Shown | None  # what it sends in place of words


@dataclass(frozen=True, kw_only=True)
class Closing:
    """A card whose buttons are to give way to `outcome`."""

    card_id: int
    token: int
    to_user: str
    response_code: str
    outcome: str


def follow(session: Session, draft: Draft, action: str, *, by: int | None, note: str | None) -> None:
    """A draft moved: new cards for one that waits and hides nothing, and no more buttons for one that is decided."""
    match action:
        case 'proposed' | 'undone':
            if not draft.needs_human and all(check.get('level') != 'block' for check in draft.checks):
                _offer(session, draft)
            return
        case 'approved':
            outcome = f'{_name(session, by)} 已批准'
        case 'auto-approved':
            outcome = '已自动回复'
        case 'rejected':
            outcome = f'{_name(session, by)} 已退回'
        case 'edited':
            outcome = f'{_name(session, by)} 修改了内容'
        case 'superseded':
            outcome = f'已过期：{note}' if note else '已过期'
        case 'expired':
            outcome = '太久没有处理，已失效'
        case _:
            return
    close(session, ApprovalCard.draft_id == draft.id, outcome)


def close(session: Session, which: ColumnElement[bool], outcome: str) -> None:
    """Take the buttons away from the open ones among these cards; from one on its way to the phone when it is there."""
    now = utc_now()
    kind = ApprovalCard.status.type
    session.execute(
        update(ApprovalCard)
        .where(which, ApprovalCard.status.in_((*_OPEN, CardStatus.STALE)))
        .values(
            status=case(
                (ApprovalCard.status == CardStatus.READY, literal(CardStatus.CLOSED, kind)),
                (ApprovalCard.status == CardStatus.SHOWN, literal(CardStatus.STALE, kind)),
                else_=ApprovalCard.status,
            ),
            outcome=outcome[:LONGEST_OUTCOME],
            due_at=now,
            attempts=0,
        )
        .execution_options(synchronize_session=False)
    )


def due(session: Session) -> bool:
    """Whether any card may have to be sent or changed."""
    return bool(
        session.scalar(
            select(
                select(ApprovalCard.id)
                .where(ApprovalCard.status.in_(_DUE))
                .where(ApprovalCard.due_at <= utc_now())
                .exists()
            )
        )
    )


def next_to_show(session: Session) -> Showing | None:
    """Take the card that waits longest to be sent; what is no longer to be shown is closed on the way."""
    while True:
        card = leases.claim(session, ApprovalCard, ready=CardStatus.READY, running=CardStatus.SENDING, lease=LEASE)
        if card is None:
            return None
        member = session.get(Staff, card.staff_id)
        draft = session.scalar(
            select(Draft)
            .where(Draft.id == card.draft_id, Draft.status == DraftStatus.PENDING, Draft.version == card.version)
            .options(joinedload(Draft.conversation).joinedload(Conversation.contact))
        )
        if draft is None or member is None or not _gets_cards(member):
            card.status, card.lease_until = CardStatus.CLOSED, None
            session.flush()
            continue
        masks = personal_numbers.masks(session, draft.conversation_id)
        media = media_files.of_draft(session, draft)
        return Showing(
            card_id=card.id,
            token=card.lease_token,
            to_user=member.wecom_userid or '',
            task_id=card.task_id,
            draft_id=draft.id,
            who=_who(session, draft.conversation.contact),
            asked=personal_numbers.show(draft.customer_message, masks),
            reply=personal_numbers.show(draft.content, masks),
            file=media_files.shown(media) if media else None,
        )


def shown(session: Session, showing: Showing, response_code: str | None) -> None:
    """WeCom took the card. Was the draft decided meanwhile, it is changed at once."""
    card = leases.held(session, ApprovalCard, showing.card_id, token=showing.token, running=CardStatus.SENDING)
    if card is None:
        return
    if response_code and card.response_code_sealed is None:
        card.response_code_sealed = _sealed(card, response_code)
    _settled(card, CardStatus.SHOWN if card.outcome is None else CardStatus.STALE)
    signals.announce(session, signals.draft_changed, card.draft_id)


def next_to_close(session: Session) -> Closing | None:
    """Take the card whose buttons should have gone longest ago; one that can no longer be changed is closed unseen."""
    while True:
        card = leases.claim(session, ApprovalCard, ready=CardStatus.STALE, running=CardStatus.UPDATING, lease=LEASE)
        if card is None:
            return None
        member = session.get(Staff, card.staff_id)
        too_late = card.created_at + CODE_LASTS < utc_now()
        if card.response_code_sealed is None or member is None or not member.wecom_userid or too_late:
            _settled(card, CardStatus.CLOSED)
            session.flush()
            continue
        return Closing(
            card_id=card.id,
            token=card.lease_token,
            to_user=member.wecom_userid,
            response_code=cipher().open(card.response_code_sealed, _place(card)),
            outcome=card.outcome or '已处理',
        )


def closed(session: Session, closing: Closing) -> None:
    card = leases.held(session, ApprovalCard, closing.card_id, token=closing.token, running=CardStatus.UPDATING)
    if card is not None:
        _settled(card, CardStatus.CLOSED)
        card.response_code_sealed = None


def put_off(session: Session, claim: Showing | Closing, why: str, *, for_good: bool) -> None:
    """It did not work: later again, a few times, unless WeCom's no is final. The draft waits in the console anyway."""
    running = CardStatus.SENDING if isinstance(claim, Showing) else CardStatus.UPDATING
    card = leases.held(session, ApprovalCard, claim.card_id, token=claim.token, running=running)
    if card is None:
        return
    again = CardStatus.READY if isinstance(claim, Showing) else CardStatus.STALE
    if for_good or card.attempts >= MOST_ATTEMPTS or (again is CardStatus.READY and card.outcome is not None):
        again = CardStatus.FAILED
    _settled(card, again)
    card.due_at = utc_now() + PAUSE * card.attempts
    card.last_error = why


def park_lost(session: Session) -> None:
    """Cards whose sender vanished three times are left as they are."""
    for running in (CardStatus.SENDING, CardStatus.UPDATING):
        leases.park(session, ApprovalCard, running=running, parked=CardStatus.FAILED)


def keep_code(card: ApprovalCard, response_code: str) -> None:
    """A press brings a new code; the older one is spent."""
    card.response_code_sealed = _sealed(card, response_code)


def _offer(session: Session, draft: Draft) -> None:
    open_cards = (
        select(func.count())
        .where(ApprovalCard.staff_id == Staff.id, ApprovalCard.status.in_(_OPEN))
        .correlate(Staff)
        .scalar_subquery()
    )
    members = session.scalars(
        select(Staff).where(Staff.approves_on_phone.is_(True), open_cards < MOST_OPEN).order_by(Staff.id)
    ).all()
    for member in members:
        if _gets_cards(member):
            session.add(
                ApprovalCard(
                    draft_id=draft.id,
                    version=draft.version,
                    staff_id=member.id,
                    task_id=f'draft{draft.id}_{secrets.token_hex(12)}',
                )
            )


def _gets_cards(member: Staff) -> bool:
    reviews = staff.may(member.role, staff.Action.REVIEW)
    return member.active and member.approves_on_phone and bool(member.wecom_userid) and reviews


def _settled(card: ApprovalCard, status: CardStatus) -> None:
    card.status, card.lease_until, card.lost_leases = status, None, 0


def _who(session: Session, contact: Contact) -> str:
    student = session.get(Student, contact.student_id) if contact.student_id else None
    return student.name if student else contact.name or '家长'


def _name(session: Session, staff_id: int | None) -> str:
    member = session.get(Staff, staff_id) if staff_id else None
    return member.name[:12] if member else '系统'


def _sealed(card: ApprovalCard, response_code: str) -> str:
    return cipher().seal(response_code, _place(card))


def _place(card: ApprovalCard) -> str:
    return f'approval_card:{card.task_id}'
