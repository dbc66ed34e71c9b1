"""All students this member may know of, by name, a page at a time."""

from dataclasses import dataclass
from datetime import date
from functools import partial

from nicegui import ui
from sqlalchemy.orm import Session

from console import follow_ups, signals, staff, students
from console.calendar import today
from console.database import read
from console.enrolments import FEW_LESSONS
from console.errors import ConsoleError
from console.staff import Action
from console.students import Record
from models import Stage
from pages import address
from pages.layout import me, member, reload_on, staff_page
from pages.student_card import stage_chip
from pages.student_dialog import StudentDialog
from pages.widgets import button, empty_state, error_state, panel, row, text

PAGE = 25
ALL = ''
HEADS = ('学员', '家长', '年级', '阶段', '课程', '剩余课时', '下次跟进', '负责人')


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """One page of the table. `next_start`: where the page after begins; None on the last."""

    records: list[Record]
    names: dict[int, str]
    next_dates: dict[int, date]
    next_start: tuple[str, int] | None


@staff_page('/students', title='学员', action=Action.SEE_STUDENTS)
async def students_page(q: str = '', stage: str = ALL, page: str = '', new: bool = False) -> None:
    by = me()
    starts: list[tuple[str, int] | None] = [None]  # where each page that was turned begins

    def wanted() -> tuple[str, Stage | None, tuple[str, int] | None]:
        return search.value or '', Stage(chosen.value) if chosen.value else None, starts[-1]

    async def reload() -> None:
        asked, found, fault = wanted(), None, ''
        try:
            found = await read(_sheet, by, *asked)
        except ConsoleError as refusal:
            fault = str(refusal)
        if asked == wanted():
            table.refresh(found, fault)

    reload_on(reload, signals.student_changed)

    async def show() -> None:
        address.keep(
            '/students',
            q=search.value or None,
            stage=chosen.value or None,
            page=len(starts) if len(starts) > 1 else None,
        )
        await reload()

    async def first() -> None:
        starts[:] = [None]
        await show()

    async def turn(start: tuple[str, int]) -> None:
        starts.append(start)
        await show()

    async def turn_back() -> None:
        starts.pop()
        await show()

    async def opened(student_id: int) -> None:
        ui.navigate.to(f'/students/{student_id}')

    @ui.refreshable
    def table(sheet: _Sheet | None, fault: str = '') -> None:
        if sheet is None:
            error_state(fault, reload)
            return
        if not sheet.records:
            _nothing(searched=bool(search.value or chosen.value))
            return
        _table(sheet)
        with row('padded end'):
            button('上一页', turn_back, small=True, disabled=len(starts) == 1)
            start = sheet.next_start
            button('下一页', partial(turn, start or ('', 0)), small=True, disabled=start is None)

    with ui.element('div').classes('sheet'), panel('students'):
        with ui.element('header').classes('filters'):
            search = ui.input(value=address.words_in(q)[:50], placeholder='学员或家长姓名、完整手机号', on_change=first)
            search.props('debounce=250 clearable maxlength=50 aria-label=搜索学员').classes('grow')
            stages = {ALL: '全部阶段'} | {str(one): str(one) for one in Stage}
            chosen = ui.select(stages, value=stage if stage in stages else ALL, on_change=first).classes('narrow')
            chosen.props('aria-label=阶段')
            if staff.may(member().role, Action.EDIT_STUDENTS):
                adding = StudentDialog(member(), on_added=opened)
                button('添加学员', adding.show, kind='primary')
                if new:
                    adding.show()
        starts[:] = await _starts(by, *wanted()[:2], turns=address.turns_in(page))
        table(await read(_sheet, by, *wanted()))


async def _starts(by: int, search: str, stage: Stage | None, *, turns: int) -> list[tuple[str, int] | None]:
    """Where each page begins, up to the one after so many turns, or the last there is."""
    starts: list[tuple[str, int] | None] = [None]
    for _ in range(turns):
        sheet = await read(_sheet, by, search, stage, starts[-1])
        if sheet.next_start is None:
            break
        starts.append(sheet.next_start)
    return starts


def _sheet(session: Session, by: int, search: str, stage: Stage | None, after: tuple[str, int] | None) -> _Sheet:
    found = students.page(session, by=by, search=search, stage=stage, limit=PAGE + 1, after=after)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return _Sheet(
        records=[students.as_record(student) for student in found[:PAGE]],
        names=staff.colleagues(session),
        next_dates=follow_ups.next_dates(session, [student.id for student in found]),
        next_start=(last.name, last.id) if last else None,
    )


def _nothing(*, searched: bool) -> None:
    if searched:
        empty_state('没有符合条件的学员', '手机号须输入完整的 11 位；也可以换个姓名再试。')
    else:
        empty_state('还没有学员', '点“添加学员”，或在会话里为家长关联、新建学员。')


def _table(sheet: _Sheet) -> None:
    with ui.element('div').classes('scroll-x'), ui.element('table').classes('table'):
        with ui.element('thead'), ui.element('tr'):
            for head in HEADS:
                text(head, tag='th')
        with ui.element('tbody'):
            for record in sheet.records:
                _row(record, sheet)


def _row(record: Record, sheet: _Sheet) -> None:
    student = record.student
    with ui.element('tr'):
        with ui.element('td'), ui.element('a').classes('name').props(f'href=/students/{student.id}'):
            text(student.name, tag='b')
        with ui.element('td'):
            for guardian in record.guardians[:1]:
                text(f'{guardian.name} {guardian.kinship or ""}')
                text(guardian.phone or '', 'num muted', tag='div')
        text(student.grade or '', tag='td')
        with ui.element('td'):
            stage_chip(student.stage)
        text('、'.join(one.course for one in record.enrolments), tag='td')
        with ui.element('td').classes('num'):
            if record.enrolments:
                left = sum(one.lessons_left for one in record.enrolments)
                text(str(left), 'few' if left <= FEW_LESSONS else '', tag='b')
                text(f' / {sum(one.lessons_total for one in record.enrolments)}', 'muted')
        with ui.element('td').classes('num'):
            if next_on := sheet.next_dates.get(student.id):
                text(f'{next_on:%m-%d}', 'few' if next_on <= today() else '', tag='b')
        text(sheet.names.get(student.owner_id or 0, '未分配'), tag='td')
