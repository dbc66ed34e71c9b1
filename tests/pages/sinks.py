"""A school whose every word is an attack: what each place that shows stored words is to show as text."""

import sqlite3
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
    ContactTag,
    ContactWay,
    Conversation,
    ConversationStatus,
    Delivery,
    DeliveryStatus,
    Direction,
    Draft,
    DraftEvent,
    DraftStatus,
    Enrolment,
    EvaluationCase,
    EvaluationResult,
    EvaluationRun,
    EventStatus,
    FollowUp,
    Guardian,
    Job,
    JobStatus,
    KfAccount,
    KnowledgeEntry,
    Material,
    MediaFile,
    MediaStatus,
    Message,
    Note,
    Policy,
    PromptVersion,
    ReceivedEvent,
    Role,
    SavedView,
    Script,
    Staff,
    Student,
    StudentGuardian,
    Tag,
    Term,
    TermKind,
    Turn,
    TurnStatus,
    UnknownQuestion,
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
    'view.name', 'event.note', 'staff.campus', 'draft.writer', 'draft.prompt', 'tag.name', 'tag.group', 'term.word',
    'term.other', 'unknown.text', 'prompt.name', 'prompt.note', 'case.question', 'case.expected', 'case.must',
    'case.never', 'case.reason', 'result.answer', 'result.fault', 'material.name', 'material.group', 'material.file',
    'job.title', 'delivery.error', 'received.sender', 'received.error',
)  # fmt: skip
"""Shown twenty times, each time with one payload."""

AS_ONE = (
    'student.school', 'student.source', 'student.tags', 'student.notes', 'student.performance', 'guardian.notes',
    'enrolment.teacher', 'enrolment.time', 'draft.content', 'similar.answer', 'turn.error', 'policy.tone',
    'policy.language', 'policy.welcome', 'prompt.rules', 'run.version', 'run.writer', 'run.error',
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
                id=id_, username=w['staff.username'], name=w['staff.name'], role=Role.AGENT,
                wecom_userid=w['staff.userid'], campus=w['staff.campus'],
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
                customer_message=w['draft.question'], content=one['draft.content'], original_content='x',
                writer=w['draft.writer'], prompt_version=w['draft.prompt'],
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
                text=words_said, sent_at=now, fields={}, staff_id=FIRST + place - 1 if author is Author.STAFF else None,
            )  # fmt: skip
            add(message)
            if author is Author.STAFF:
                add(_unsent(message, w['delivery.error']))
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
    _seed_settings(session, one)
    for place in range(len(PAYLOADS)):
        _seed_lists(session, place, corp_id, {sink: found[place] for sink, found in words.items()})


def seed_wecom(world: sqlite3.Connection) -> None:
    """The tags again, where the console reads them anew: what the sandbox has not got is taken for deleted."""
    for place, (name, group) in enumerate(zip(lot('tag.name'), lot('tag.group'), strict=True)):
        world.execute('INSERT INTO tag_group VALUES (?, ?, 0)', (f'group{place}', group))
        world.execute('INSERT INTO tag VALUES (?, ?, ?, 0, 0)', (f'evil{FIRST + place}', f'group{place}', name))


def _seed_settings(session: Session, one: dict[str, str]) -> None:
    """The rules, an evaluation, and a conversation for which no draft could be written."""
    now = utc_now()
    told = {'tone': one['policy.tone'], 'language': one['policy.language'], 'welcome_text': one['policy.welcome']}
    session.merge(Policy(id=1, updated_by_id=FIRST, **told))
    run = EvaluationRun(
        id=FIRST, prompt_version=one['run.version'], writer=one['run.writer'], last_error=one['run.error'],
        cases=len(PAYLOADS), done=len(PAYLOADS), finished_at=now,
    )  # fmt: skip
    alone = FIRST + 200
    session.add_all((run, Contact(id=alone, channel=Channel.SIMULATE, external_userid=f'evil{alone}', name='无人回复')))
    session.flush()
    waits = {'status': ConversationStatus.WAITING, 'waiting_since': now, 'review_by': now}
    session.add(
        Conversation(id=alone, contact_id=alone, channel=Channel.SIMULATE, last_seq=1, last_inbound_seq=1, **waits)
    )
    session.flush()
    failed = {'status': TurnStatus.FAILED, 'last_error': one['turn.error']}
    session.add_all((Turn(conversation_id=alone, first_seq=1, basis_seq=1, **failed), _sent(one['similar.answer'])))
    session.flush()


def _seed_lists(session: Session, place: int, corp_id: str, w: dict[str, str]) -> None:
    """What stands in lists of its own: one line of each, with one payload."""
    now, id_ = utc_now(), FIRST + place
    name = cipher().seal(w['material.file'], f'media_file.name:shelf{place}')
    given = {'kind': 'file', 'mime': 'application/pdf', 'status': MediaStatus.KEPT, 'size': 9}
    musts = {'must_say': [w['case.must']], 'must_not_say': [w['case.never']]}
    session.add_all(
        (
            Tag(id=id_, wecom_id=f'evil{id_}', name=w['tag.name'], group_name=w['tag.group']),
            Term(kind=TermKind.PROMISE, word=w['term.word'], others=[w['term.other']]),
            UnknownQuestion(conversation_id=FIRST, text=f'{w["unknown.text"]} {_unlike_others(place)}'),
            PromptVersion(name=w['prompt.name'], note=w['prompt.note'], rules=f'{place}\n{whole("prompt.rules")}'),
            EvaluationCase(
                id=id_, question=w['case.question'], expected=w['case.expected'], reason=w['case.reason'], **musts
            ),
            MediaFile(id=id_, corp_id=corp_id, name=name, path=f'shelf{place}', **given),
            Job(kind='knowledge_import', title=w['job.title'], status=JobStatus.FAILED, finished_at=now),
            ReceivedEvent(
                cipher_hash=f'evil{id_}', dedup_key=f'evil{id_}', corp_id=corp_id, gate=f'app:{w["received.sender"]}',
                sealed='', status=EventStatus.PARKED, last_error=w['received.error'], sent_at=now,
            ),
        )
    )  # fmt: skip
    session.flush()
    session.add_all(
        (
            ContactTag(contact_id=id_ + 100, tag_id=id_),
            EvaluationResult(
                run_id=FIRST, case_id=id_, passed=False, answer=w['result.answer'], faults=[w['result.fault']],
                duration_ms=1,
            ),
            Material(name=w['material.name'], group_name=w['material.group'], media_file_id=id_),
        )
    )  # fmt: skip
    session.flush()


def _unsent(message: Message, why: str) -> Delivery:
    return Delivery(
        conversation_id=FIRST, message_id=message.id, channel=Channel.SIMULATE, part=1, parts=1,
        client_id=f'evil{message.id}', status=DeliveryStatus.DEAD, text_sealed='', last_error=why,
        finished_at=utc_now(),
    )  # fmt: skip


def _sent(content: str) -> Draft:
    """What another parent was answered to the question of the first draft."""
    draft = Draft(
        conversation_id=FIRST + 1, channel=Channel.SIMULATE, status=DraftStatus.PENDING, basis_seq=1, writer='人工',
        customer_message=lot('draft.question')[0], content=content, original_content='x',
    )  # fmt: skip
    for status in (DraftStatus.APPROVED, DraftStatus.SENDING, DraftStatus.SENT):
        draft.status = status
    return draft


def _unlike_others(place: int) -> str:
    """So many signs of its own that nobody takes the question for one of the others."""
    return ''.join(chr(0x4E00 + 100 * place + number) for number in range(80))
