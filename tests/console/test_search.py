"""What was said is found a moment later by who may see it, in words of any length, and nothing of what was erased."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from console import conversations, kf_sessions, search, search_hits, search_index, students
from console.database import Database
from console.guardians import GuardianFields
from console.search_words import grams, marked, wanted
from console.students import StudentFields
from models import Author, Contact, Conversation, Direction, Message, Role, utc_now
from tests import story


def follow(db: Database) -> None:
    """What the follower does in the end."""
    found = db.read(search_index.missing, 0)
    db.transact(search_index.add, [(id_, grams(said)) for id_, said in found.messages])


def lines(db: Database, words: str, *, by: int) -> list[str]:
    found, _ = db.read(search.messages, words, by=by)
    return [''.join(piece for piece, _ in one.line) for one in found]


def index_size(db: Database) -> int:
    return db.read(lambda session: session.scalar(text('SELECT count(*) FROM message_search')))


@pytest.mark.parametrize(
    'words', ['学费', '费', '钢琴课', '学费 钢琴', 'ＶＩＰ', 'vip', '３０００', '费是多少元', '钢琴课的学费是多少元']
)
def test_a_message_is_found_by_any_part_of_it(db: Database, words: str) -> None:
    by = db.transact(story.member).id
    db.transact(story.said, '请问钢琴课的学费是多少元？我是 VIP，去年交了3000')
    db.transact(story.said, '周六上午有课吗')
    follow(db)

    assert lines(db, words, by=by) == ['请问钢琴课的学费是多少元？我是 VIP，去年交了3000']


@pytest.mark.parametrize('words', ['学数', '琴学', '', '？', '100%', '_', "'", '"', '学费*', '学费 OR 周六'])
def test_what_was_not_said_is_not_found(db: Database, words: str) -> None:
    by = db.transact(story.member).id
    db.transact(story.said, '学费和数学，钢琴。学费 多少')
    follow(db)

    assert lines(db, words, by=by) == (['学费和数学，钢琴。学费 多少'] if words == '学费*' else [])


def test_pairs_that_stand_apart_are_not_taken_for_a_word(db: Database) -> None:
    by = db.transact(story.member).id
    db.transact(story.said, '王老吉很好喝，老师好，王老太')
    follow(db)

    assert lines(db, '王老师', by=by) == []
    assert lines(db, '王老 老师', by=by) == ['王老吉很好喝，老师好，王老太']


def test_pages_follow_one_another_newest_first(db: Database) -> None:
    by = db.transact(story.member).id
    for number in range(7):
        db.transact(story.said, f'请假 {number}', who=f'parent{number % 2}')
    follow(db)

    seen: list[str] = []
    after: int | None = None
    while True:
        found, after = db.read(search.messages, '请假', by=by, limit=3, after=after)
        seen += [''.join(piece for piece, _ in one.line) for one in found]
        if after is None:
            break
    assert seen == [f'请假 {number}' for number in reversed(range(7))]


def test_only_who_may_see_a_conversation_finds_what_was_said_in_it(db: Database) -> None:
    agent = db.transact(story.member, Role.AGENT, '小周').id
    other = db.transact(story.member, Role.AGENT, '小李').id
    theirs = db.transact(story.said, '退费怎么办', who='a')
    db.transact(story.said, '退费可以吗', who='b')
    db.transact(conversations.assign, theirs.id, other, by=other)
    follow(db)

    assert lines(db, '退费', by=agent) == ['退费可以吗']
    assert theirs.id not in db.read(search_hits.conversation_ids, '退费', by=agent)
    assert len(db.read(search_hits.conversation_ids, '退费', by=other)) == 2


def test_nothing_of_an_erased_child_stays_in_the_index(db: Database) -> None:
    by = db.transact(story.member).id
    student = db.transact(students.create, StudentFields(name='王梦瑶'), by=None)
    talk = db.transact(story.said, '王梦瑶今天发烧')
    db.transact(story.said, '别人的话', who='other')
    db.transact(students.link, talk.id, student.id, by=by)
    follow(db)
    assert lines(db, '发烧', by=by) == ['王梦瑶今天发烧']

    db.transact(students.erase, student.id, by=by)

    assert index_size(db) == 1
    assert lines(db, '发烧', by=by) == []


def test_a_message_of_an_erased_ones_id_is_found(db: Database) -> None:
    by = db.transact(story.member).id
    talk = db.transact(story.said, '钢琴课')
    follow(db)

    db.transact(lambda session: session.delete(session.get_one(Contact, talk.contact_id)))
    db.transact(story.said, '画画课')
    follow(db)

    assert (lines(db, '钢琴', by=by), lines(db, '画画', by=by)) == ([], ['画画课'])


def test_what_was_taken_back_is_found_no_more_and_does_not_come_back(db: Database) -> None:
    by = db.transact(story.member).id
    talk = db.transact(story.said, '说错了', msg_id='m1')
    words = [(1, grams('说错了'))]
    follow(db)
    assert lines(db, '说错', by=by) == ['说错了']

    db.transact(lambda session: kf_sessions.recalled(session, session.get_one(Conversation, talk.id), 'm1', utc_now()))
    assert index_size(db) == 0
    follow(db)
    db.transact(search_index.add, words)  # read before, written after

    assert index_size(db) == 0
    assert lines(db, '说错', by=by) == []


async def test_what_could_not_be_written_for_a_moment_is_found_once_it_can(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, 'LOOKED_BEHIND', 0)  # as for all that is older than the newest few thousand
    db.loop = asyncio.get_running_loop()
    by = db.transact(story.member).id
    db.transact(story.said, '请问钢琴课的学费')
    follower = search_index.Follower()

    with monkeypatch.context() as moment:
        moment.setattr(search_index, 'add', database_away)
        with pytest.raises(OperationalError):
            await follower.step()
    while await follower.step():
        pass

    assert lines(db, '钢琴', by=by) == ['请问钢琴课的学费']


def database_away(*_: object) -> None:
    raise OperationalError('INSERT', {}, Exception('the database is away'))


def test_a_number_given_late_is_not_lost(db: Database) -> None:
    """PostgreSQL hands out ids before the commit: a lower one may become visible after a higher one was indexed."""
    by = db.transact(story.member).id
    talk = db.transact(story.said, '第一句')
    db.transact(_put, talk.id, id_=900, seq=2, words='后来的话')
    follow(db)
    db.transact(_put, talk.id, id_=500, seq=3, words='晚到的话')

    found = db.read(search_index.missing, 900)
    assert [id_ for id_, _ in found.messages] == [500]
    follow(db)

    assert lines(db, '晚到', by=by) == ['晚到的话']


async def test_the_follower_takes_all_there_is_and_then_what_is_new(db: Database) -> None:
    by = db.transact(story.member).id
    talk = db.transact(story.said, '开始')
    db.transact(_put_many, talk.id, 250)
    follower = search_index.Follower()

    rounds = 1
    while await follower.step():
        rounds += 1
    db.transact(story.said, '最后一句')
    await follower.step()

    assert (rounds, index_size(db)) == (3, 252)
    assert lines(db, '最后', by=by) == ['最后一句']


def test_a_number_in_a_message_is_no_word(db: Database) -> None:
    by = db.transact(story.member).id
    db.transact(story.said, '我的电话13812345678，请回电')
    follow(db)

    assert [lines(db, words, by=by) for words in ('13812345678', '手机号', '1234')] == [[], [], []]
    assert lines(db, '回电', by=by) == ['我的电话138****5678，请回电']


@pytest.mark.parametrize(
    ('words', 'found'),
    [
        ('梦瑶', ['王梦瑶']),
        ('王女士', ['王梦瑶']),
        ('实验小学', ['王梦瑶', '赵实验']),
        ('实验', ['王梦瑶', '赵实验']),
        ('赵 小学', ['赵实验']),
        ('138 1234 5678', ['王梦瑶']),
        ('1381234', []),
        ('%', []),
        ('  ', []),
    ],
)
def test_students_are_found_by_name_guardian_school_or_a_whole_number(
    db: Database, words: str, found: list[str]
) -> None:
    by = db.transact(story.member).id
    guardian = GuardianFields(name='王女士', kinship='妈妈', phone='13812345678')
    db.transact(students.create, StudentFields(name='王梦瑶', school='实验小学'), by=None, guardians=[guardian])
    db.transact(students.create, StudentFields(name='赵实验', school='实验小学'), by=None)

    assert sorted(one.name for one in db.read(search.students, words, by=by)) == found


def test_everything_is_searched_at_once_as_far_as_the_role_goes(db: Database) -> None:
    head = db.transact(story.member, Role.ADMIN, '王校长').id
    tester = db.transact(story.member, Role.TESTER, '小王').id
    student = db.transact(students.create, StudentFields(name='王梦瑶'), by=None)
    talk = db.transact(story.said, '王老师好')
    db.transact(students.link, talk.id, student.id, by=head)
    follow(db)

    all_of_it = db.read(search.everything, '王', by=head)
    assert [one.name for one in all_of_it.students] == ['王梦瑶']
    assert {one.name for one in all_of_it.colleagues} == {'王校长', '小王'}
    assert [one.title for one in all_of_it.talks] == ['王梦瑶']
    assert [one.line for one in db.read(search.everything, '王老师', by=head).said] == [
        [('王老师', True), ('好', False)]
    ]

    hers = db.read(search.everything, '王老师', by=tester)
    assert (hers.students, hers.colleagues, hers.talks, hers.said) == ([], [], [], [])


def test_the_line_shows_where_it_was_found() -> None:
    line = marked('前' * 60 + '请问ＶＩＰ课' + '后' * 90, wanted('vip'))

    assert ('ＶＩＰ', True) in line
    assert line[0] == line[-1] == ('…', False)
    assert len(''.join(piece for piece, _ in line)) == 92


def _put(session: Session, conversation_id: int, *, id_: int, seq: int, words: str) -> None:
    session.add(_message(conversation_id, seq, words, id=id_))


def _put_many(session: Session, conversation_id: int, many: int) -> None:
    session.add_all(_message(conversation_id, 100 + number, f'第{number}句') for number in range(many))


def _message(conversation_id: int, seq: int, words: str, **more: int) -> Message:
    return Message(
        conversation_id=conversation_id,
        seq=seq,
        direction=Direction.IN,
        author=Author.PARENT,
        text=words,
        sent_at=utc_now(),
        **more,
    )
