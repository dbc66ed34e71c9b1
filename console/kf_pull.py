"""Reading a 微信客服 account: a page at a time, its messages and the new cursor in one transaction.

The doorbell and the sweep only say when to look; what was read is decided by the cursor alone.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from console import (
    alerts,
    conversations,
    drafts,
    kf_accounts,
    kf_deliveries,
    kf_sessions,
    kf_window,
    kf_words,
    media_files,
    personal_numbers,
    turns,
)
from console.conversations import Heard, Person
from console.crypto import CannotOpen, cipher
from console.database import insert_once
from console.errors import ConsoleError
from console.wecom.kf import Item, Origin, Page
from console.wecom.refusals import RefusalKind, WeComRefused
from models import (
    Author,
    Channel,
    Conversation,
    Direction,
    EventStatus,
    KfAccount,
    Message,
    ReceivedEvent,
    Staff,
    utc_now,
)

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""Longer than the longest WeCom call (20 s) and the transaction after it."""

SWEEP = timedelta(minutes=5)
"""How often an account is read although no doorbell rang: WeCom does not promise its callbacks."""

MOST_AT_ONCE = 100
A_MOMENT, AGAIN, LATER = timedelta(seconds=1), timedelta(seconds=5), timedelta(minutes=5)
RATE_PAUSE = timedelta(minutes=1)
STALE_TOKEN = 95007
ALERT = 'kf_pull'


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An account taken for reading one page. Finish it under its lease token."""

    account_id: int
    lease_token: int
    open_kfid: str
    cursor: str | None
    token: str | None
    due_at: datetime


def claim_next(session: Session, corp_id: str) -> Claim | None:
    """Take the account that is due longest and that nobody reads, for a lease. None if none is due."""
    now = utc_now()
    free = or_(KfAccount.lease_until.is_(None), KfAccount.lease_until < now)
    due = (
        select(KfAccount.id)
        .where(KfAccount.corp_id == corp_id, KfAccount.active.is_(True), KfAccount.pull_at <= now, free)
        .order_by(KfAccount.pull_at, KfAccount.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    account = session.scalar(
        update(KfAccount)
        .where(KfAccount.id == due, free)
        .values(lease_until=now + LEASE, lease_token=KfAccount.lease_token + 1)
        .returning(KfAccount)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if account is None:
        return None
    return Claim(
        account_id=account.id,
        lease_token=account.lease_token,
        open_kfid=account.open_kfid,
        cursor=account.cursor,
        token=_token(account, now),
        due_at=account.pull_at,
    )


def end_all(session: Session) -> None:
    """Whoever was reading belongs to a process that is gone."""
    session.execute(update(KfAccount).where(KfAccount.lease_until.is_not(None)).values(lease_until=None))


def keep(session: Session, claim: Claim, page: Page, pace: turns.Pace) -> bool:
    """Store a page and move the cursor; False if another one reads the account by now, and nothing was written."""
    account = _held(session, claim)
    if account is None:
        return False
    items = sorted(page.items, key=lambda item: item.sent_at)  # stable: those of one second stay as they came
    talks = conversations.with_people(session, {person for item in items if (person := _person(account, item))})
    for (origin, old), run in groupby(items, lambda item: (item.origin, _is_history(account, item))):
        match origin:
            case Origin.CUSTOMER:
                _customers_said(session, account, list(run), None if old else pace)
            case Origin.SERVICER:
                _servicers_said(session, account, talks, list(run))
            case _:
                for item in run:
                    _happened(session, account, talks, item)
    stuck = page.has_more and not items and page.cursor == (account.cursor or '')
    account.cursor = page.cursor or None
    if not page.has_more:
        account.history_skipped = True
    _rest(account, claim, until=utc_now() + (A_MOMENT if stuck else SWEEP), go_on=page.has_more and not stuck)
    account.last_error = None
    alerts.clear(session, ALERT)
    return True


def not_read(session: Session, claim: Claim, why: ConsoleError) -> None:
    """WeCom gave no page. A stale token is dropped and the cursor kept; a refused cursor begins anew, which is safe:
    what we have already is known by its id."""
    account = _held(session, claim)
    if account is None:
        return
    account.last_error = str(why)
    pause = AGAIN
    if isinstance(why, WeComRefused):
        in_the_request = why.errcode == STALE_TOKEN or why.kind is RefusalKind.PERMANENT
        if in_the_request and claim.token is not None:
            account.token_sealed = account.token_until = None
            pause = timedelta(0)
        elif why.kind is RefusalKind.PERMANENT and claim.cursor is not None:
            account.cursor = None
            pause = timedelta(0)
            log.warning('the cursor of account %d was refused (%s); reading it anew', account.id, why.errcode)
        elif why.kind is RefusalKind.RATE:
            pause = RATE_PAUSE
        elif why.kind not in (RefusalKind.RETRY, RefusalKind.TOKEN):
            pause = LATER
            alerts.raise_alert(session, ALERT, f'微信客服“{account.name or account.open_kfid}”的消息读取失败：{why}')
    account.lease_until = None
    if account.pull_at == claim.due_at or pause > AGAIN:
        account.pull_at = utc_now() + pause


def _held(session: Session, claim: Claim) -> KfAccount | None:
    return session.scalar(
        select(KfAccount)
        .where(
            KfAccount.id == claim.account_id,
            KfAccount.lease_token == claim.lease_token,
            KfAccount.lease_until.is_not(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _rest(account: KfAccount, claim: Claim, *, until: datetime, go_on: bool) -> None:
    """Free for the next one; at once if there is more, or if a doorbell rang while we read."""
    account.pulled_at, account.lease_until = utc_now(), None
    if not go_on and account.pull_at == claim.due_at:
        account.pull_at = until


def _token(account: KfAccount, now: datetime) -> str | None:
    if account.token_sealed is None or account.token_until is None or account.token_until <= now:
        return None
    try:
        return cipher().open(account.token_sealed, kf_accounts.place(account))
    except CannotOpen:
        return None


def _is_history(account: KfAccount, item: Item) -> bool:
    return not account.history_skipped and item.sent_at < account.created_at.replace(microsecond=0)


def _person(account: KfAccount, item: Item) -> Person | None:
    """With whom the item needs a conversation, if with anyone."""
    if item.external_userid is None:
        return None
    event = item.body.get('event_type') if item.origin == Origin.SYSTEM else None
    welcomed = event == 'enter_session' and account.welcome_text is not None
    if event is not None and not welcomed and event not in ('session_status_change', *_RECALLS):
        return None
    return Channel.KF, account.open_kfid, item.external_userid


def _customers_said(session: Session, account: KfAccount, items: Sequence[Item], pace: turns.Pace | None) -> None:
    """`pace` None: they said it before we were there, and nobody drafts an answer."""
    heard = [
        Heard(
            channel=Channel.KF,
            account=account.open_kfid,
            external_userid=item.external_userid,
            external_id=item.msgid or None,
            kind=kf_words.kind_of(item),
            text=kf_words.text_of(item),
            sent_at=item.sent_at,
            media_id=kf_words.media_of(item),
            fields=kf_words.fields_of(item),
            corp_id=account.corp_id,
        )
        for item in items
        if item.external_userid is not None
    ]
    spoke_at = {one.person: one.sent_at for one in heard}
    talks = conversations.with_people(session, spoke_at)
    changed = conversations.hear(session, heard)
    for person, at in spoke_at.items():
        if talks[person] in changed:
            kf_sessions.spoke(session, talks[person], at)
            kf_window.spoke(session, talks[person], at)
    if pace is not None:
        drafts.supersede_pending(session, [conversation.id for conversation in changed], note='家长又发来了新消息')
        turns.heard(session, changed, pace)


def _servicers_said(
    session: Session, account: KfAccount, talks: dict[Person, Conversation], items: Sequence[Item]
) -> None:
    """Members wrote in the WeCom client: what the console had to offer is out of date."""
    for item in items:
        person = _person(account, item)
        if person is None or _known(session, talks[person], item.msgid):
            continue
        conversation = talks[person]
        name = kf_sessions.name_of(session, item.servicer)
        staff_id = (
            session.scalar(select(Staff.id).where(Staff.wecom_userid == item.servicer)) if item.servicer else None
        )
        message = conversations.add_message(
            session,
            conversation,
            direction=Direction.OUT,
            author=Author.STAFF,
            staff_id=staff_id,
            kind=kf_words.kind_of(item),
            text=personal_numbers.tokenise(session, conversation.id, kf_words.text_of(item)),
            media_id=kf_words.media_of(item),
            fields=conversations.tokenised(session, conversation.id, kf_words.fields_of(item)),
            external_id=item.msgid or None,
            sent_at=item.sent_at,
        )
        if message.media_id is not None:
            media_files.want(session, message, corp_id=account.corp_id)
        turns.give_up_active(session, conversation.id)
        drafts.supersede_pending(session, [conversation.id], note=f'{name}已在企业微信中回复')
        conversations.answered(session, conversation)


def _known(session: Session, conversation: Conversation, msgid: str) -> bool:
    query = select(Message.id).where(Message.conversation_id == conversation.id, Message.external_id == msgid)
    return bool(msgid) and session.scalar(query) is not None


_RECALLS = ('user_recall_msg', 'servicer_recall_msg')


def _happened(session: Session, account: KfAccount, talks: dict[Person, Conversation], item: Item) -> None:
    """An event is kept, and has its effect, once: also when the log is read anew."""
    if not _stored(session, account, item):
        return
    person = _person(account, item)
    conversation = talks[person] if person else None
    said, now = item.body, utc_now()
    match said.get('event_type'), conversation:
        case 'enter_session', Conversation():
            code = said.get('welcome_code')
            kf_deliveries.say(session, conversation, account, 'welcome', code=code, at=item.sent_at)
        case 'session_status_change', Conversation():
            kf_sessions.changed(session, conversation, said.get('change_type'), _word(said, 'new_servicer_userid'))
            if said.get('change_type') == kf_sessions.OVER:
                code = said.get('msg_code')
                kf_deliveries.say(session, conversation, account, 'closing', code=code, at=item.sent_at)
        case (('user_recall_msg' | 'servicer_recall_msg'), Conversation()):
            kf_sessions.recalled(session, conversation, _word(said, 'recall_msgid') or '', now)
        case 'msg_send_fail', _:
            fail_type = said.get('fail_type')
            kf_deliveries.bounce(
                session, _word(said, 'fail_msgid') or '', fail_type if isinstance(fail_type, int) else 0
            )


def _stored(session: Session, account: KfAccount, item: Item) -> bool:
    """Whether the event is new. Kept sealed under our own key, beside what WeCom's callbacks told us."""
    key = f'{account.corp_id}:kf:{account.open_kfid}:{item.msgid}'
    told = json.dumps(item.body, ensure_ascii=False)
    return bool(
        insert_once(
            session,
            ReceivedEvent,
            [
                {
                    'corp_id': account.corp_id,
                    'cipher_hash': hashlib.sha256(key.encode()).hexdigest(),
                    'dedup_key': key,
                    'gate': f'{account.corp_id}:kf:{account.open_kfid}'[:200],
                    'sealed': cipher().seal(told, f'received_event:{key}'),
                    'status': EventStatus.DONE,
                    'attempts': 0,
                    'sent_at': item.sent_at,
                    'received_at': utc_now(),
                }
            ],
        )
    )


def _word(said: dict[str, object], name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) and value else None
