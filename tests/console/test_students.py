"""Students and guardians: who may see whom, what is accepted, and where a number may be read."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console import backups, contact_matching, conversations, guardians, signals, students
from console.database import Database
from console.enrolments import EnrolmentFields
from console.errors import Conflict, ConsoleError, Invalid, NotAllowed, NotFound
from console.guardians import GuardianFields
from console.students import StudentFields
from models import Channel, Contact, Conversation, Guardian, Message, Role, Stage, Student, StudentGuardian
from tests import story

PHONE = '13812345678'


def enrol(db: Database, name: str = '王梦瑶', *, owner_id: int | None = None, phone: str = PHONE) -> Student:
    return db.transact(
        students.create,
        StudentFields(name=name, grade='三年级', owner_id=owner_id),
        by=None,
        guardians=[GuardianFields(name='王女士', kinship='妈妈', phone=phone, wechat='wang_mama88')],
        enrolments=[EnrolmentFields(course='英语小班', lessons_total=48, lessons_used=45)],
    )


def phone_of(db: Database, student: Student, *, by: int) -> str | None:
    return db.transact(students.record, student.id, by=by, whole_numbers=True).guardians[0].phone


def share_first_guardian(session: Session, one: Student, other: Student) -> None:
    """The first guardian of one is another guardian of the other."""
    first = select(StudentGuardian.guardian_id).where(StudentGuardian.student_id == one.id)
    session.add(StudentGuardian(student_id=other.id, guardian_id=session.scalars(first).one(), position=1))


def refusal_of(act: Callable[[], object]) -> type[ConsoleError] | None:
    try:
        act()
    except ConsoleError as refusal:
        return type(refusal)
    return None


@pytest.mark.parametrize(
    ('role', 'whose', 'refusal'),
    [
        (Role.AGENT, 'own', None),
        (Role.AGENT, 'unowned', None),
        (Role.AGENT, 'foreign', NotFound),
        (Role.SUPERVISOR, 'unowned', None),
        (Role.SUPERVISOR, 'foreign', None),
        (Role.ADMIN, 'unowned', None),
        (Role.ADMIN, 'foreign', None),
        (Role.TESTER, 'unowned', NotAllowed),
        (Role.TESTER, 'foreign', NotAllowed),
    ],
)
def test_a_student_is_read_and_changed_only_by_who_may_know_of_it(
    db: Database, role: Role, whose: str, refusal: type[ConsoleError] | None
) -> None:
    me, other = db.transact(story.member, role, '我'), db.transact(story.member, Role.AGENT, '别人')
    student = enrol(db, owner_id={'own': me.id, 'foreign': other.id, 'unowned': None}[whose])
    notes = StudentFields(notes='改一下')

    assert refusal_of(lambda: db.read(students.record, student.id, by=me.id)) is refusal
    assert refusal_of(lambda: db.read(students.history, student.id, by=me.id)) is refusal
    assert refusal_of(lambda: db.transact(students.change, student.id, by=me.id, values=notes)) is refusal
    if refusal is not NotAllowed:
        assert len(db.read(students.page, by=me.id)) == (0 if refusal else 1)
        assert len(db.read(students.page, by=me.id, search=PHONE)) == (0 if refusal else 1)


@pytest.mark.parametrize(
    ('role', 'refusal'),
    [(Role.AGENT, NotAllowed), (Role.TESTER, NotAllowed), (Role.SUPERVISOR, None), (Role.ADMIN, None)],
)
def test_whole_numbers_and_erasing_are_for_those_who_lead(
    db: Database, role: Role, refusal: type[ConsoleError] | None
) -> None:
    me, student = db.transact(story.member, role), enrol(db)
    [guardian] = db.read(lambda session: session.scalars(select(Guardian)).all())

    assert (
        refusal_of(lambda: db.transact(guardians.reveal, guardian.id, 'phone', by=me.id, reason='回电家长')) is refusal
    )
    assert refusal_of(lambda: db.transact(students.erase, student.id, by=me.id)) is refusal


def test_a_dismissed_colleague_sees_nothing_any_more(db: Database) -> None:
    me, student = db.transact(story.member, Role.SUPERVISOR), enrol(db)
    db.transact(lambda session: setattr(session.merge(me), 'active', False))

    assert refusal_of(lambda: db.read(students.record, student.id, by=me.id)) is NotAllowed


def test_numbers_are_shown_masked_and_whole_only_with_a_reason_on_record(db: Database) -> None:
    by, student = db.transact(story.member).id, enrol(db)
    guardian = db.read(students.record, student.id, by=by).guardians[0]

    assert (guardian.phone, guardian.wechat) == ('138****5678', 'w***8')
    with pytest.raises(Invalid) as refusal:
        db.transact(guardians.reveal, guardian.id, 'phone', by=by, reason='  ')
    assert refusal.value.field == 'reason'
    assert db.transact(guardians.reveal, guardian.id, 'phone', by=by, reason='回电') == PHONE


def test_a_masked_number_sent_back_unchanged_changes_nothing(db: Database) -> None:
    by, student = db.transact(story.member).id, enrol(db)
    shown = db.read(students.record, student.id, by=by).guardians[0]

    after = db.transact(
        students.change,
        student.id,
        by=by,
        guardian=GuardianFields(name=shown.name, phone=shown.phone, wechat=shown.wechat),
    )

    assert after.version == student.version
    assert phone_of(db, student, by=by) == PHONE


def test_another_number_replaces_it_and_is_found_in_its_place(db: Database) -> None:
    by, student = db.transact(story.member).id, enrol(db)

    db.transact(students.change, student.id, by=by, guardian=GuardianFields(phone='+86 139-1111-2222'))

    assert phone_of(db, student, by=by) == '13911112222'
    assert db.read(students.page, by=by, search=PHONE) == []
    assert [found.id for found in db.read(students.page, by=by, search='139 1111 2222')] == [student.id]


def test_an_emptied_number_is_forgotten(db: Database) -> None:
    by, student = db.transact(story.member).id, enrol(db)

    db.transact(students.change, student.id, by=by, guardian=GuardianFields(phone=''))

    assert phone_of(db, student, by=by) is None
    assert db.read(students.page, by=by, search=PHONE) == []


@pytest.mark.parametrize(
    ('search', 'found'),
    [
        (PHONE, True),
        ('138 1234 5678', True),
        ('+86-138-1234-5678', True),
        ('梦瑶', True),
        ('王女', True),
        ('1381234567', False),
        ('138****5678', False),
        ('5678', False),
        ('%', False),
    ],
)
def test_students_are_found_by_part_of_a_name_or_a_whole_number(db: Database, search: str, found: bool) -> None:
    by, student = db.transact(story.member).id, enrol(db)
    enrol(db, '李浩然', phone='13700001111')
    db.transact(students.change, student.id, by=by, guardian=GuardianFields(name='王女士'))

    names = [row.name for row in db.read(students.page, by=by, search=search)]

    assert ('王梦瑶' in names) is found


@pytest.mark.parametrize(
    ('given', 'field'),
    [
        ({'values': StudentFields(name=' ')}, 'name'),
        ({'values': StudentFields(name='长' * 41)}, 'name'),
        ({'values': StudentFields(gender='其他')}, 'gender'),
        ({'values': StudentFields(birth_month='2017-13')}, 'birth_month'),
        ({'values': StudentFields(attendance_rate=101)}, 'attendance_rate'),
        ({'values': StudentFields(notes='长' * 2001)}, 'notes'),
        ({'values': StudentFields(tags=['标' * 21])}, 'tags'),
        ({'guardian': GuardianFields(name='')}, 'guardian.name'),
        ({'guardian': GuardianFields(phone='12345')}, 'phone'),
        ({'guardian': GuardianFields(phone='139****5678')}, 'phone'),
        ({'guardian': GuardianFields(wechat='x')}, 'wechat'),
        ({'enrolment': EnrolmentFields(course='')}, 'course'),
        ({'enrolment': EnrolmentFields(lessons_total=-1)}, 'lessons_total'),
        ({'enrolment': EnrolmentFields(lessons_used=49)}, 'lessons_used'),
    ],
)
def test_a_refused_value_names_its_field_and_changes_nothing(db: Database, given: dict, field: str) -> None:
    by, student = db.transact(story.member).id, enrol(db)

    with pytest.raises(Invalid) as refusal:
        db.transact(students.change, student.id, by=by, **given)

    assert refusal.value.field == field
    after = db.read(students.record, student.id, by=by)
    assert (after.student.version, after.student.name, after.enrolments[0].lessons_left) == (1, '王梦瑶', 3)


def test_a_change_to_an_outdated_record_is_refused_in_words(db: Database) -> None:
    by, student = db.transact(story.member).id, enrol(db)
    db.transact(students.change, student.id, by=by, values=StudentFields(notes='第一个人'), version=1)

    with pytest.raises(Conflict, match='刚被他人修改') as refusal:
        db.transact(students.change, student.id, by=by, values=StudentFields(notes='第二个人'), version=1)

    assert refusal.value.reason == 'version'
    assert db.read(students.record, student.id, by=by).student.notes == '第一个人'


def test_what_was_done_to_a_record_is_remembered_without_the_values(db: Database) -> None:
    by = db.transact(story.member).id
    student = db.transact(students.create, StudentFields(name='王梦瑶'), by=by)
    db.transact(students.change, student.id, by=by, guardian=GuardianFields(name='王女士', phone=PHONE))
    db.transact(students.change, student.id, by=by, values=StudentFields(grade='四年级'))

    entries = db.read(students.history, student.id, by=by)

    assert [entry.action for entry in entries] == ['change', 'change', 'create']
    assert entries[0].detail == {'fields': ['grade']}
    assert all(PHONE not in str(entry.detail) and entry.staff_id == by for entry in entries)


def test_pages_neither_skip_nor_repeat_while_students_are_added(db: Database) -> None:
    by = db.transact(story.member).id
    made = {enrol(db, f'学员{n:02}', phone=f'1380000{n:04}').id for n in range(12)}

    seen: list[Student] = []
    after = None
    while rows := db.read(students.page, by=by, limit=5, after=after):
        seen += rows
        after = (rows[-1].name, rows[-1].id)
        enrol(db, '学员00', phone='13799990000')  # before what was read already
        if len(seen) == 5:
            enrol(db, rows[-1].name, phone='13799990001')  # the same name: told apart by id

    ids = [row.id for row in seen]
    assert len(ids) == len(set(ids))
    assert made <= set(ids)


def test_stage_narrows_the_list(db: Database) -> None:
    by, student = db.transact(story.member).id, enrol(db)
    enrol(db, '李浩然', phone='13700001111')
    db.transact(students.change, student.id, by=by, values=StudentFields(stage=Stage.RENEWING))

    assert [row.id for row in db.read(students.page, by=by, stage=Stage.RENEWING)] == [student.id]


def test_a_linked_chat_takes_the_persons_other_chats_along_and_the_students_page_is_told(db: Database) -> None:
    by, student = db.transact(story.member).id, enrol(db)
    talk = db.transact(story.said, '在吗', who='wm1', channel=Channel.KF)
    other = db.transact(story.said, '在吗', who='wm1', channel=Channel.APP)

    told = db.transact(lambda session: (students.link(session, talk.id, student.id, by=by), session.info['news'])[1])

    assert (signals.student_changed, student.id) in told
    assert {one.conversation.id for one in db.read(conversations.of_student, student.id, by=by)} == {talk.id, other.id}
    assert [entry.action for entry in db.read(students.history, student.id, by=by)] == [
        'contact_linked',
        'contact_linked',
        'create',
    ]


def test_a_guardian_and_a_course_are_taken_out_of_the_record_and_the_chat_stays(db: Database) -> None:
    by = db.transact(story.member).id
    student = enrol(db)
    db.transact(students.add, student.id, by=by, guardian=GuardianFields(name='李爸'))
    talk = db.transact(story.said, '梦瑶请假')
    db.transact(students.link, talk.id, student.id, by=by)
    record = db.read(students.record, student.id, by=by)
    mother, course = record.guardians[0].id, record.enrolments[0].id

    db.transact(students.remove, student.id, by=by, guardian_id=mother)
    db.transact(students.remove, student.id, by=by, enrolment_id=course)

    left = db.read(students.record, student.id, by=by)
    assert ([one.name for one in left.guardians], left.enrolments, left.conversation_id) == (['李爸'], [], talk.id)
    assert left.student.version == record.student.version + 2
    assert db.read(lambda session: session.scalars(select(Guardian.name)).all()) == ['李爸']
    assert [one.action for one in db.read(students.history, student.id, by=by)][:2] == [
        'remove_enrolment',
        'remove_guardian',
    ]
    for again in ({'guardian_id': mother}, {'enrolment_id': course}):
        assert refusal_of(lambda again=again: db.transact(students.remove, student.id, by=by, **again)) is NotFound
    tester, father = db.transact(story.member, Role.TESTER, '测试').id, left.guardians[0].id
    assert refusal_of(lambda: db.transact(students.remove, student.id, by=tester, guardian_id=father)) is NotAllowed


def test_a_guardian_of_another_student_too_is_taken_out_of_one_record_only(db: Database) -> None:
    by = db.transact(story.member).id
    student, sibling = enrol(db), enrol(db, '王小弟')
    shared = db.read(students.record, student.id, by=by).guardians[0].id
    db.transact(share_first_guardian, student, sibling)

    db.transact(students.remove, student.id, by=by, guardian_id=shared)

    assert db.read(students.record, student.id, by=by).guardians == []
    assert shared in [one.id for one in db.read(students.record, sibling.id, by=by).guardians]


def test_erasing_takes_the_conversations_and_the_guardian_nobody_else_has(db: Database) -> None:
    by = db.transact(story.member).id
    student, sibling = enrol(db), enrol(db, '王小弟', phone='13700001111')

    def share(session: object) -> None:
        [_, theirs] = session.scalars(select(Guardian).order_by(Guardian.id))
        session.add(students.StudentGuardian(student_id=student.id, guardian_id=theirs.id, position=1))

    db.transact(share)
    gone = db.transact(story.said, '梦瑶请假', who='wang_mama')
    kept = db.transact(story.said, '小弟请假', who='wang_baba')
    db.transact(students.link, gone.id, student.id, by=by)
    db.transact(students.link, kept.id, sibling.id, by=by)

    db.transact(students.erase, student.id, by=by)

    assert refusal_of(lambda: db.read(students.record, student.id, by=by)) is NotFound
    assert refusal_of(lambda: db.read(conversations.seen, gone.id, by=by)) is NotFound
    assert db.read(conversations.seen, kept.id, by=by).student_name == '王小弟'
    assert db.read(students.record, sibling.id, by=by).guardians[0].phone == '137****1111'
    for table in (Guardian, Contact, Conversation, Message):
        assert db.read(lambda session, table=table: session.scalar(select(func.count()).select_from(table))) == 1


@pytest.mark.parametrize('told_by', ['the same guardian', 'the same number', 'the same number, and no guardian'])
def test_erasing_a_child_leaves_the_chat_to_the_sibling(db: Database, told_by: str) -> None:
    by = db.transact(story.member).id
    student, sibling = enrol(db), enrol(db, '王小弟', phone=PHONE if 'number' in told_by else '13700001111')
    if told_by == 'the same guardian':
        db.transact(share_first_guardian, student, sibling)
    talk = db.transact(story.said, '梦瑶请假，小弟照常')
    db.transact(students.link, talk.id, student.id, by=by)
    if 'no guardian' in told_by:
        db.transact(lambda session: setattr(session.get_one(Contact, talk.contact_id), 'guardian_id', None))

    db.transact(students.erase, student.id, by=by)

    contact, guardian_ids = db.read(
        lambda session: (session.get_one(Contact, talk.contact_id), session.scalars(select(Guardian.id)).all())
    )
    assert db.read(conversations.seen, talk.id, by=by).student_name == '王小弟'
    assert contact.student_id == sibling.id
    assert contact.guardian_id in guardian_ids
    assert [one.text for one in db.read(conversations.messages, talk.id, by=by)] == ['梦瑶请假，小弟照常']
    assert db.read(students.history, sibling.id, by=by)[0].action == 'contact_linked'
    db.transact(students.erase, sibling.id, by=by)
    for table in (Student, Guardian, Contact, Conversation, Message):
        assert db.read(lambda session, table=table: session.scalar(select(func.count()).select_from(table))) == 0


def test_a_sibling_a_person_said_is_not_theirs_does_not_get_the_chat(db: Database) -> None:
    by = db.transact(story.member).id
    student, namesake = enrol(db), enrol(db, '别家的孩子')
    talk = db.transact(story.said, '梦瑶请假')
    db.transact(students.link, talk.id, student.id, by=by)
    db.transact(
        lambda session: contact_matching.unlink(session, session.get_one(Contact, talk.contact_id), namesake.id, by=by)
    )

    db.transact(students.erase, student.id, by=by)

    assert refusal_of(lambda: db.read(conversations.seen, talk.id, by=by)) is NotFound


def test_no_number_can_be_read_in_the_database(db: Database, tmp_path: Path) -> None:
    by, student = db.transact(story.member).id, enrol(db)
    db.transact(story.said, '我的手机是 13812345678，微信 wang_mama88', who='wang_mama')
    db.transact(students.change, student.id, by=by, guardian=GuardianFields(phone='13911112222'))

    backups.write(db.engine, tmp_path / 'all.zip')
    with zipfile.ZipFile(tmp_path / 'all.zip') as archive:
        stored = b''.join(archive.read(name) for name in archive.namelist())
    if db.sqlite:
        folder = Path(str(db.url.database)).parent
        stored += b''.join(file.read_bytes() for file in folder.glob('edudesk.sqlite3*'))

    assert '王梦瑶'.encode() in stored
    for number in (b'13812345678', b'13911112222', b'wang_mama88'):
        assert number not in stored


def test_a_student_can_be_given_only_to_who_works_here(db: Database) -> None:
    by, student = db.transact(story.member).id, enrol(db)
    nobody = StudentFields(owner_id=4711)

    for attempt in (
        lambda: enrol(db, owner_id=4711),
        lambda: db.transact(students.change, student.id, by=by, values=nobody),
    ):
        with pytest.raises(Invalid) as refusal:
            attempt()
        assert refusal.value.field == 'owner_id'
