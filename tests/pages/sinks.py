"""A school whose every word is an attack: what each place that shows stored words is to show as text."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from console.crypto import cipher
from models import (
    Alert,
    AuditEntry,
    Author,
    Channel,
    Contact,
    ContactWay,
    Conversation,
    ConversationStatus,
    Direction,
    Draft,
    DraftEvent,
    DraftStatus,
    Enrolment,
    FollowUp,
    Guardian,
    KfAccount,
    KnowledgeEntry,
    MediaFile,
    MediaStatus,
    Message,
    Note,
    Role,
    SavedView,
    Script,
    Staff,
    Student,
    StudentGuardian,
    utc_now,
)

CANARY = 'http://canary.invalid'
RUN = 'window.__ran=1'
PAYLOADS = (
    f'<script class=pwn>{RUN}</script>',
    f'<img class=pwn src=x onerror={RUN}>',
    f'<svg class=pwn onload={RUN}>',
    f'"><b class=pwn onclick={RUN}>',
    f"' class=pwn onmouseover='{RUN}",
    f'javascript:{RUN}',
    f'<a class=pwn href="javascript:{RUN}">x</a>',
    '<iframe class=pwn srcdoc="<script>parent.__ran=1</script>"></iframe>',
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f'`${{{RUN}}}`',
    f'<details class=pwn open ontoggle={RUN}>',
    f'<input class=pwn autofocus onfocus={RUN}>',
    f'</textarea></title><img class=pwn src=x onerror={RUN}>',
    f'<!--><img class=pwn src=x onerror={RUN}>-->',
    f'&lt;img class=pwn src=x onerror={RUN}&gt;',
    f'<style class=pwn>@import"{CANARY}/s.css"</style>',
    f'![]({CANARY}/p.png) <img class=pwn src={CANARY}/p.png>',
    f'<math><mtext></form><mglyph><style></math><img class=pwn src=x onerror={RUN}>',
    f'a\u202e\u2066\u200b\ufeff<b class=pwn onclick={RUN}>cba',
    f'\\u003cimg class=pwn src=x onerror={RUN}\\u003e %3Cscript%3E\u2028',
)
BIDI = '\u202e'
FIRST = 1001
"""Id of the first student, contact, conversation and draft; the demo school's are below."""


def lot(sink: str) -> list[str]:
    """One word for each payload, told apart from those of other sinks."""
    return [f'{sink}:{payload}' for payload in PAYLOADS]


def whole(sink: str) -> str:
    """All of them in one text, for what is shown of one thing only."""
    return '\n'.join(lot(sink))


IN_ROWS = (
    'student.name', 'student.grade', 'guardian.name', 'guardian.kinship', 'enrolment.course', 'contact.name',
    'contact.remark', 'message.in', 'message.ai', 'message.staff', 'message.file', 'message.last', 'media.trouble',
    'draft.question', 'entry.question', 'entry.answer', 'script.title', 'script.text', 'script.group', 'note.text',
    'staff.name', 'staff.username', 'staff.userid', 'alert.text', 'way.name', 'account.name',
    'follow.text', 'follow.way', 'audit.action', 'source.sentence', 'source.title', 'check.text', 'check.detail',
    'view.name', 'event.note',
)  # fmt: skip
"""Shown twenty times, each time with one payload."""

AS_ONE = (
    'student.school', 'student.source', 'student.tags', 'student.notes', 'student.performance', 'guardian.notes',
    'enrolment.teacher', 'enrolment.time', 'draft.content',
)  # fmt: skip
"""Shown once, with all twenty in it."""


def seed(session: Session, corp_id: str) -> None:
    """Past all services, which would refuse much of it."""
    now = utc_now()
    words = {sink: lot(sink) for sink in IN_ROWS}
    one = {sink: whole(sink) for sink in AS_ONE}
    people = range(FIRST, FIRST + len(PAYLOADS))

    def add(*rows: Any) -> None:
        session.add_all(rows)
        session.flush()

    for id_ in people:
        w = {sink: found[id_ - FIRST] for sink, found in words.items()}
        add(
            Staff(
                username=w['staff.username'], name=w['staff.name'], role=Role.AGENT, wecom_userid=w['staff.userid'],
            ),
            Student(
                id=id_, name=w['student.name'], grade=w['student.grade'], school=one['student.school'],
                source=one['student.source'], tags=lot('student.tags'), notes=one['student.notes'],
                performance=one['student.performance'],
            ),
            Guardian(id=id_, name=w['guardian.name'], notes=one['guardian.notes']),
            Contact(id=id_, channel=Channel.SIMULATE, external_userid=f'evil{id_}', name=w['contact.name']),
            Script(title=w['script.title'], text=w['script.text'], group_name=w['script.group']),
            KnowledgeEntry(
                question=w['entry.question'], answer=w['entry.answer'], variants=[w['entry.question']],
                facts={w['entry.question']: w['entry.answer']},
            ),
            Alert(kind=f'evil{id_}', text=w['alert.text'], announced_at=now),
            AuditEntry(action=w['audit.action'], subject='student', subject_id=FIRST),
            ContactWay(name=w['way.name'], state=f'evil{id_}', wecom_userid='nobody', welcome_text=w['way.name']),
            KfAccount(corp_id=corp_id, open_kfid=f'evil{id_}', name=w['account.name']),
        )  # fmt: skip
        add(
            Contact(
                id=id_ + 100, channel=Channel.CONTACT, account='nobody', external_userid=f'evil{id_}',
                name=w['contact.name'], remark=w['contact.remark'], avatar_url=f'javascript:{RUN}', student_id=FIRST,
                followed_at=now, synced_at=now,
            ),
        )  # fmt: skip
        add(
            StudentGuardian(
                student_id=id_, guardian_id=id_, kinship=w['guardian.kinship']
            ),
            Enrolment(
                student_id=id_, course=w['enrolment.course'], teacher=one['enrolment.teacher'],
                class_time=one['enrolment.time'], lessons_total=20, lessons_used=19,
            ),
            FollowUp(
                student_id=FIRST, way=w['follow.way'], text=w['follow.text'], next_on=now.date() - timedelta(days=1)
            ),
            Conversation(
                id=id_, contact_id=id_, channel=Channel.SIMULATE, status=ConversationStatus.WAITING, waiting_since=now,
                last_message_text=w['message.last'], last_seq=100 if id_ == FIRST else 1, last_inbound_seq=1,
                review_by=now + timedelta(seconds=id_ - 5000),
            ),
        )  # fmt: skip
        add(
            Draft(
                id=id_, conversation_id=id_, channel=Channel.SIMULATE, status=DraftStatus.PENDING, basis_seq=1,
                customer_message=w['draft.question'], content=one['draft.content'], original_content='x', writer='人工',
                sources=[
                    {'kind': 'knowledge', 'sentence': sentence, 'title': title, 'ref': '1'}
                    for sentence, title in zip(words['source.sentence'], words['source.title'], strict=True)
                ],
                checks=[
                    {'kind': 'promise', 'level': 'block', 'text': text, 'detail': detail}
                    for text, detail in zip(words['check.text'], words['check.detail'], strict=True)
                ],
            ),
        )  # fmt: skip
    for place in range(1, len(PAYLOADS) + 1):
        w = {sink: found[place - 1] for sink, found in words.items()}
        lines = (
            (Direction.IN, Author.PARENT, 'text', w['message.in']),
            (Direction.OUT, Author.AI, 'text', w['message.ai']),
            (Direction.OUT, Author.STAFF, 'text', w['message.staff']),
            (Direction.IN, Author.PARENT, 'file', w['message.file']),
            (Direction.IN, Author.PARENT, 'image', '[图片]'),
        )
        for number, (direction, author, kind, words_said) in enumerate(lines):
            message = Message(
                conversation_id=FIRST, seq=5 * place + number - 4, direction=direction, author=author, kind=kind,
                text=words_said, sent_at=now, fields={},
            )  # fmt: skip
            add(message)
            if kind == 'file':
                name = cipher().seal(w['message.file'], f'media_file.name:none{place}')
                kept = {'status': MediaStatus.KEPT, 'name': name, 'path': f'none{place}', 'size': 9}
                add(MediaFile(message_id=message.id, corp_id=corp_id, kind=kind, mime='application/pdf', **kept))
            if kind == 'image':
                refused = {'status': MediaStatus.REFUSED, 'last_error': w['media.trouble']}
                add(MediaFile(message_id=message.id, corp_id=corp_id, kind=kind, **refused))
        add(
            Note(conversation_id=FIRST, after_seq=5 * place, text=w['note.text']),
            SavedView(staff_id=1, page='conversations', name=w['view.name'], shared=True),
            SavedView(staff_id=1, page='review', name=w['view.name'], shared=True),
            DraftEvent(draft_id=FIRST, action='rejected', version=1, note=w['event.note']),
        )
