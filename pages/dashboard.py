"""What is to be done now, for the role of whoever looks, and the day so far."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from console import alerts, signals, staff, today
from console.calendar import today as today_here
from console.database import read
from console.enrolments import FEW_LESSONS
from console.follow_ups import Due
from console.reports_sheets import Shape
from console.staff import Action
from console.today import Counts, Ending, Line, Today
from models import Alert, KnowledgeEntry, Role
from pages.layout import me, member, reload_on, staff_page
from pages.reports_sheets import picture
from pages.widgets import ago, empty_state, panel, row, stack, text, waiting_clock


@staff_page('/', title='工作台')
async def dashboard() -> None:
    by = me()
    role = member().role

    @ui.refreshable
    def board(now: Today, counts: Counts, alarms: list[Alert]) -> None:
        _tiles(now, counts, role)
        with ui.element('div').classes('board'):
            with stack('todo'):
                _lists(now, alarms, role)
            _figures(now)

    async def fetched() -> tuple[Today, Counts, list[Alert]]:
        may_see = staff.may(role, Action.SEE_ALERTS)
        alarms = await read(alerts.seen, by=by, limit=today.SHORT) if may_see else []
        return await read(today.look, by=by), await read(today.counts, by=by), alarms

    async def reload() -> None:
        board.refresh(*await fetched())

    reload_on(
        reload,
        signals.draft_changed,
        signals.conversation_changed,
        signals.student_changed,
        signals.alert_changed,
        signals.knowledge_changed,
    )
    with ui.element('div').classes('sheet'):
        board(*await fetched())


def _tiles(now: Today, counts: Counts, role: Role) -> None:
    with ui.element('div').classes('tiles'):
        if now.reviews:
            _tile('待审核草稿', counts.drafts, '/review', 'warn')
        _tile('待回复会话', counts.waiting, '/conversations', 'warn')
        _tile('发送失败', now.failed_count, '#failed' if now.failed else '', 'danger')
        if staff.may(role, Action.SEE_STUDENTS):
            _tile('该跟进', now.follow_ups_count, '#follow-ups' if now.follow_ups else '', 'warn')
            _tile('课时不足', now.ending_count, '#ending' if now.ending else '', 'warn')
        if staff.may(role, Action.SEE_ALERTS):
            _tile('告警', counts.alerts, '#alerts' if counts.alerts else '', 'danger')


def _tile(word: str, number: int, target: str, tone: str) -> None:
    tile = ui.element('a' if target else 'div').classes(f'panel tile {tone if number else ""}')
    if target:
        tile.props['href'] = target
    with tile:
        text(str(number), 'num', tag='b')
        text(word, 'muted')


def _lists(now: Today, alarms: list[Alert], role: Role) -> None:
    if alarms:
        _list('告警', alarms, _alert_row, ('', ''), anchor='alerts')
    if now.named:
        _list('同事提到您', now.named, _talk_row, ('', ''), anchor='named')
    if now.due:
        _list('提醒到时', now.due, _talk_row, ('', ''), anchor='due')
    if now.reviews:
        _list('最急的待审核', now.drafts, _draft_row, ('没有待审核的草稿', '家长来消息后，AI 草稿会出现在这里。'))
    _list('等待最久的会话', now.waiting, _waiting_row, ('没有人在等待', '家长的新消息会出现在这里。'))
    if now.failed:
        _list('发送失败，需要处理', now.failed, _talk_row, ('', ''), anchor='failed')
    if now.entries:
        _list(f'快到期的知识 ({now.entries_count})', now.entries, _entry_row, ('', ''), anchor='entries')
    if now.follow_ups:
        _list('该跟进的学员', now.follow_ups, _follow_up_row, ('', ''), anchor='follow-ups')
    if staff.may(role, Action.SEE_STUDENTS):
        _list(
            f'剩余课时不超过 {FEW_LESSONS} 节',
            now.ending,
            _ending_row,
            ('没有课时不足的学员', '该续费的学员会出现在这里。'),
            anchor='ending',
        )


def _list(
    title: str, lines: list[Any], draw: Callable[[Any], None], nothing: tuple[str, str], *, anchor: str = ''
) -> None:
    with panel() as box:
        if anchor:
            box.props(f'id={anchor}')
        with ui.element('header'):
            text(title, tag='h2')
        if not lines:
            empty_state(*nothing)
        with ui.element('div').classes('list'):
            for line in lines:
                draw(line)


def _draft_row(line: Line) -> None:
    where = f'/review?draft={line.draft_id}' if line.draft_id is not None else f'/conversations/{line.conversation_id}'
    _line(line, where, waiting_clock)


def _waiting_row(line: Line) -> None:
    _line(line, f'/conversations/{line.conversation_id}', waiting_clock)


def _talk_row(line: Line) -> None:
    _line(line, f'/conversations/{line.conversation_id}', ago)


def _alert_row(alert: Alert) -> None:
    with row():
        text(alert.text, 'grow words')
        ago(alert.repeated_at)


def _line(line: Line, target: str, clock: Callable[[Any], Any]) -> None:
    with ui.element('a').props(f'href={target}'):
        with row():
            text(line.title, 'grow clip', tag='b')
            clock(line.at)
        text(line.text, 'clip muted', tag='div')


def _ending_row(ending: Ending) -> None:
    with ui.element('a').props(f'href=/students/{ending.student_id}').classes('row'):
        text(ending.student_name, tag='b')
        text(ending.course, 'grow clip muted')
        text(f'剩 {ending.lessons_left} 节', f'chip {"danger" if ending.lessons_left == 0 else "warn"}')


def _entry_row(entry: KnowledgeEntry) -> None:
    with ui.element('a').props(f'href=/knowledge?entry={entry.id}').classes('row'):
        text(entry.question, 'grow clip', tag='b')
        text(f'{entry.valid_until:%m-%d} 到期', 'chip warn')


def _follow_up_row(due: Due) -> None:
    with ui.element('a').props(f'href=/students/{due.student_id}').classes('row'):
        text(due.student_name, tag='b')
        text(due.text, 'grow clip muted')
        text(f'{due.next_on:%m-%d}', f'chip {"danger" if due.next_on < today_here() else "warn"}')


def _figures(now: Today) -> None:
    figures = now.figures
    with panel('day'):
        with ui.element('header'):
            text('今天', tag='h2')
        with ui.element('dl').classes('padded'):
            for word, number in (
                ('收到消息', sum(came for came, _ in figures.hours)),
                ('发出消息', sum(went for _, went in figures.hours)),
                ('草稿原样通过', figures.untouched),
                ('修改后通过', figures.edited),
                ('退回草稿', figures.rejected),
            ):
                text(word, tag='dt')
                text(str(number), 'num', tag='dd')
        if any(map(any, figures.hours)):
            with ui.element('div').classes('hours'):
                rows = [[f'{hour} 时', came, went] for hour, (came, went) in enumerate(figures.hours)]
                picture(Shape.COLUMNS, '今天各小时的消息', ['收到', '发出'], rows)
