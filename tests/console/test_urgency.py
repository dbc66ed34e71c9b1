import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console import draft_decisions, drafts, kf_window, replies, resolving, review_queue, turns, urgency
from console.database import Database
from console.errors import ConsoleError
from console.writing import intents
from console.writing.context import Check, Source
from models import Channel, Conversation, ConversationStatus, Draft, DraftStatus, Staff, Turn, TurnStatus, utc_now
from tests import story

NOTHING_TO_UNDO = timedelta(minutes=1)


def wanted(session: Session, conversation: Conversation) -> Any:
    """By when a reviewer is wanted, worked out from all rows that there are."""
    draft = session.scalar(
        select(Draft).where(Draft.conversation_id == conversation.id, Draft.status == DraftStatus.PENDING)
    )
    last = session.scalars(select(Turn).where(Turn.conversation_id == conversation.id).order_by(Turn.id)).all()[-1:]
    if draft is not None:
        by = (conversation.waiting_since or draft.created_at) + urgency.ALLOWANCES[draft.risk]
    elif (
        conversation.status is ConversationStatus.WAITING
        and not conversation.taken_over
        and last
        and last[0].status is TurnStatus.FAILED
    ):
        assert conversation.waiting_since is not None
        by = conversation.waiting_since + urgency.UNANSWERED
    else:
        return None
    if conversation.channel is Channel.KF and conversation.customer_spoke_at is not None:
        by = min(by, conversation.customer_spoke_at + timedelta(hours=46))
    return by


def test_by_when_a_reviewer_is_wanted_is_true_after_whatever_happens(db: Database) -> None:
    by = db.transact(story.member).id
    dice = random.Random(20261124)
    people = {'app': Channel.APP, 'kf_a': Channel.KF, 'kf_b': Channel.KF}
    texts = ['一期 8888 元。', '您好，周六上午有课。', '包过，放心。']
    done: set[str] = set()

    def says(session: Session, who: str) -> None:
        words = dice.choice(['周六有课吗', '我要退费', '太差了，我要投诉', '多少钱'])
        talk = story.said(session, words, who=who, channel=people[who])
        if talk.channel is Channel.KF:
            kf_window.spoke(session, talk, utc_now() - timedelta(hours=dice.randrange(48)))

    def writes(session: Session, who: str) -> None:
        claim = turns.claim_next(session)
        assert claim is not None
        drafts.propose(session, claim, story.proposal(dice.choice(texts)))

    def fails(session: Session, who: str) -> None:
        claim = turns.claim_next(session)
        assert claim is not None
        turns.fail(session, claim, 'AI 服务暂时出错')

    def is_lost(session: Session, who: str) -> None:
        long_ago = utc_now() - timedelta(hours=1)
        session.execute(
            update(Turn)
            .where(Turn.status == TurnStatus.WAITING)
            .values(status=TurnStatus.WRITING, lost_leases=2, due_at=long_ago, lease_until=long_ago)
        )
        assert turns.park_lost(session)

    def grows_old(session: Session, who: str) -> None:
        session.execute(update(Draft).values(created_at=utc_now() - drafts.LIFETIME * 2))
        assert drafts.expire(session)

    def decided(decide: Callable[..., Any], **keywords: Any) -> Callable[[Session, str], None]:
        def act(session: Session, who: str) -> None:
            draft = pending(session)
            decide(session, draft.id, version=draft.version, by=by, **keywords)

        return act

    def undoes(session: Session, who: str) -> None:
        draft_decisions.undo(session, newest(session, who).id, by=by)

    def in_talk(act: Callable[..., Any], *given: Any) -> Callable[[Session, str], None]:
        return lambda session, who: act(session, talk_of(session, who).id, *given, by=by)

    acts: dict[str, Callable[[Session, str], None]] = {
        'says': says,
        'writes': writes,
        'fails': fails,
        'is lost': is_lost,
        'grows old': grows_old,
        'edit': decided(draft_decisions.edit, content='一期 9999 元，请放心。'),
        'approve': decided(draft_decisions.approve, undo=NOTHING_TO_UNDO, confirm_reason='看过了'),
        'reject': decided(draft_decisions.reject, reason='其他'),
        'regenerate': decided(draft_decisions.regenerate),
        'undo': undoes,
        'propose': in_talk(replies.propose, '我来回答。'),
        'send': in_talk(replies.send, '我来回答。'),
        'take over': in_talk(replies.take_over),
        'hand back': in_talk(replies.hand_back),
        'resolve': in_talk(resolving.resolve),
        'reopen': in_talk(resolving.reopen),
    }

    for _ in range(250):
        name, who = dice.choice([*acts, 'says', 'writes', 'writes']), dice.choice(list(people))
        try:
            db.transact(acts[name], who)
            done.add(name)
        except (AssertionError, ConsoleError, LookupError):
            continue  # not possible just now
        agree(db, name)
    assert done == set(acts)


def agree(db: Database, after: str) -> None:
    def compared(session: Session) -> list[tuple[Any, Any]]:
        return [(talk.review_by, wanted(session, talk)) for talk in session.scalars(select(Conversation))]

    for kept, true in db.read(compared):
        assert kept == true, f'after {after}'


def talk_of(session: Session, who: str) -> Conversation:
    for talk in session.scalars(select(Conversation)):
        if session.get_one(type(talk).contact.property.mapper.class_, talk.contact_id).external_userid == who:
            return talk
    raise LookupError


def newest(session: Session, who: str) -> Draft:
    found = session.scalars(
        select(Draft).where(Draft.conversation_id == talk_of(session, who).id).order_by(Draft.id)
    ).all()
    return found[-1]


def pending(session: Session) -> Draft:
    draft = session.scalar(select(Draft).where(Draft.status == DraftStatus.PENDING).order_by(Draft.id.desc()))
    if draft is None:
        raise LookupError
    return draft


@pytest.mark.parametrize(
    ('checks', 'sources', 'needs_human', 'risk'),
    [
        (['amount', 'complaint', 'promise'], ['knowledge'], False, 'complaint'),
        (['amount', 'pupil'], [], False, 'minor'),
        (['amount', 'date'], ['none'], False, 'money'),
        (['date'], ['knowledge'], False, 'thin'),
        ([], ['knowledge', 'none'], False, 'thin'),
        ([], ['knowledge'], True, 'thin'),
        ([], ['knowledge', 'courtesy', 'record'], False, 'none'),
    ],
)
def test_the_gravest_of_what_was_found_is_the_risk(
    checks: list[str], sources: list[str], needs_human: bool, risk: str
) -> None:
    draft = Draft(
        customer_message='周六有课吗',
        needs_human=needs_human,
        checks=[vars(Check(kind=kind, level='warn', text='', detail='')) for kind in checks],
        sources=[vars(Source(sentence='好的', kind=kind)) for kind in sources],  # type: ignore[arg-type]
    )
    urgency.assess(draft)
    assert (draft.risk, draft.intent) == (risk, 'schedule')


@pytest.mark.parametrize(
    ('words', 'intent'),
    [
        ('英语课多少钱？能先试听一节吗', 'trial'),
        ('老师说要退最后四节课，学费怎么退费', 'refund'),
        ('你们态度太差了，我要投诉，退钱', 'complaint'),
        ('请你们给我一个说法', 'complaint'),
        ('太过分了，必须给家长一个交代', 'complaint'),
        ('老师交代的作业是哪几页', 'homework'),
        ('周六能不能换到下午', 'reschedule'),
        ('孩子发烧了，明天来不了', 'leave'),
        ('还剩几节课', 'hours'),
        ('英语小班学费怎么收', 'price'),
        ('你们几点下班', 'schedule'),
        ('地址发我一下，怎么停车', 'place'),
        ('今天的作业是什么', 'homework'),
        ('梦瑶最近表现怎么样', 'progress'),
        ('好的谢谢', 'other'),
    ],
)
def test_what_a_parent_wants_is_told_by_her_words(words: str, intent: str) -> None:
    assert intents.of(words) == intent
    assert intent in intents.NAMES


def test_a_complaint_passes_who_waits_a_little_longer_and_a_closing_window_passes_both(db: Database) -> None:
    by: Staff = db.transact(story.member)
    plain = db.transact(story.drafted, who='plain').id
    complaint = db.transact(story.drafted, question='你们太差了，我要投诉', text='非常抱歉。', who='angry')

    def judged(session: Session) -> None:
        draft = session.get_one(Draft, complaint.id)
        draft.checks = [vars(Check(kind='complaint', level='warn', text='', detail=''))]
        urgency.assess(draft)
        urgency.changed(session, draft.conversation_id)

    db.transact(judged)

    def closing(session: Session) -> int:
        talk = story.said(session, '在吗', who='closing', channel=Channel.KF)
        claim = turns.claim_next(session)
        assert claim is not None
        kf_window.spoke(session, talk, utc_now() - timedelta(hours=47))
        draft = drafts.propose(session, claim, story.proposal())
        assert draft is not None
        return draft.id

    last = db.transact(closing)
    rows = db.read(review_queue.queue, by=by.id).rows
    assert [row.draft_id for row in rows] == [last, complaint.id, plain]
