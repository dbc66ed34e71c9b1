"""What the entries of a 微信客服 account mean: words heard, a colleague's words, and events, in the order they came.

See developer.work.weixin.qq.com/document/path/94670, read 2026-11-24.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from console import (
    alerts,
    client_sends,
    conversations,
    drafts,
    hearing,
    kf_deliveries,
    kf_sessions,
    kf_window,
    kf_words,
    media_files,
    personal_numbers,
    staff,
    turns,
)
from console.conversations import Person
from console.crypto import cipher
from console.database import insert_once
from console.hearing import Heard
from console.wecom.answers import number
from console.wecom.kf import Item, Origin
from models import (
    Author,
    Channel,
    Conversation,
    Direction,
    EventStatus,
    KfAccount,
    Message,
    ReceivedEvent,
    utc_now,
)

log = logging.getLogger(__name__)

UNREADABLE = '微信客服有一条记录无法识别，可能是家长的消息。请到企业微信客服中查看，并联系技术人员。'


def understand(session: Session, account: KfAccount, items: Sequence[Item], pace: turns.Pace) -> None:
    """Make of each entry what it is, once: what is known by its id already has no effect again.

    What cannot be understood holds up nothing: a message is shown as one of a kind we do not know.
    """
    items = sorted(items, key=lambda item: item.sent_at)  # stable: those of one second stay as they came
    if _done(session, account, items, pace):
        return
    for item in items:
        if not _done(session, account, [item], pace):
            bare = replace(item, kind='unknown', body={}, sent_at=min(item.sent_at, utc_now()))
            _done(session, account, [bare], pace)
            alerts.raise_alert(session, 'kf_entry', UNREADABLE)


def _done(session: Session, account: KfAccount, items: Sequence[Item], pace: turns.Pace) -> bool:
    """False: one of them is bad, and nothing was written."""
    try:
        with session.begin_nested():
            _understand(session, account, items, pace)
    except OperationalError:  # the database's trouble, held against no entry
        raise
    except Exception:  # whatever it is, reading the page again would meet it again
        log.warning('of %d entries of account %d one is not understood', len(items), account.id, exc_info=True)
        return False
    return True


def _understand(session: Session, account: KfAccount, items: Sequence[Item], pace: turns.Pace) -> None:
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
    changed = hearing.hear(session, heard)
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
        member = staff.by_wecom_userid(session, item.servicer) if item.servicer else None
        words = personal_numbers.tokenise(session, conversation.id, kf_words.text_of(item))
        if member is not None and client_sends.confirm(
            session,
            conversation,
            words,
            kind=kf_words.kind_of(item),
            msgid=item.msgid,
            by=member.id,
            at=item.sent_at,
        ):
            continue
        message = conversations.add_message(
            session,
            conversation,
            direction=Direction.OUT,
            author=Author.STAFF,
            staff_id=member.id if member else None,
            kind=kf_words.kind_of(item),
            text=words,
            media_id=kf_words.media_of(item),
            fields=hearing.tokenised(session, conversation.id, kf_words.fields_of(item)),
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
            change = number(said.get('change_type'))
            kf_sessions.changed(session, conversation, change, _word(said, 'new_servicer_userid'))
            if change == kf_sessions.OVER:
                code = said.get('msg_code')
                kf_deliveries.say(session, conversation, account, 'closing', code=code, at=item.sent_at)
        case (('user_recall_msg' | 'servicer_recall_msg'), Conversation()):
            kf_sessions.recalled(session, conversation, _word(said, 'recall_msgid') or '', now)
        case 'msg_send_fail', _:
            kf_deliveries.bounce(session, _word(said, 'fail_msgid') or '', number(said.get('fail_type')) or 0)


def _stored(session: Session, account: KfAccount, item: Item) -> bool:
    """Whether the event is new. Kept sealed under our own key, beside what WeCom's callbacks told us.

    One that comes without an id, as the events of WeCom's own examples do, is known by what it says.
    """
    told = json.dumps(item.body, ensure_ascii=False)
    name = item.msgid or hashlib.sha256(f'{item.sent_at.isoformat()} {told}'.encode()).hexdigest()
    key = f'{account.corp_id}:kf:{account.open_kfid}:{name}'
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
