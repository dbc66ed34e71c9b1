"""Bringing knowledge in from a file: columns, a preview of what each row would do, then work that can be left."""

import asyncio
from functools import partial

from nicegui import background_tasks, events, ui

from console import jobs, knowledge_import, signals, tables
from console.database import read, transact
from console.knowledge_import import COLUMNS, Item, Plan
from console.staff import Action
from console.tables import Sheet
from models import Job, JobStatus
from pages.knowledge_nav import IMPORT, PLACES, knowledge_nav
from pages.layout import me, reload_on, staff_page
from pages.widgets import Tone, ago, button, chip, empty_state, panel, refusals_shown, row, text

SHOWN = 50
STATES: dict[str, tuple[str, Tone]] = {
    'new': ('新增', 'good'),
    'changed': ('更新', 'info'),
    'same': ('不变', ''),
    'faulty': ('有误', 'danger'),
}
UNUSED = -1


@staff_page('/knowledge/import', title=PLACES[IMPORT], action=Action.EDIT_KNOWLEDGE)
async def import_page() -> None:
    by = me()

    @ui.refreshable
    def past(found: list[Job]) -> None:
        if not found:
            empty_state('还没有导入过', '导入的进度和结果会出现在这里，离开页面也会继续。')
        with ui.element('div').classes('list import'):
            for job in found:
                _job(job, by)

    async def listed() -> list[Job]:
        return await read(jobs.newest, knowledge_import.KIND, by=by, action=Action.EDIT_KNOWLEDGE)

    async def reload() -> None:
        past.refresh(await listed())

    reload_on(reload, signals.job_changed)
    with ui.element('div').classes('sheet'):
        knowledge_nav('/knowledge/import')
        with panel():
            with ui.element('header'):
                text('导入', tag='h2')
                text('Excel、CSV 或 Markdown，先预览再导入', 'grow muted')
                button('导出 Excel', partial(_export, by, 'xlsx'), small=True)
                button('导出 CSV', partial(_export, by, 'csv'), kind='quiet', small=True)
            _Intake(by)
        with panel():
            with ui.element('header'):
                text('导入记录', tag='h2')
            past(await listed())


class _Intake:
    """A file, its columns, and what would come of it."""

    def __init__(self, by: int) -> None:
        self._by = by
        self._name = ''
        self._sheet: Sheet | None = None
        self._plan: Plan | None = None
        self._selects: dict[str, ui.select] = {}
        with ui.element('div').classes('padded stack'):
            upload = ui.upload(
                label='选择文件，或拖到这里',
                auto_upload=True,
                max_file_size=tables.LARGEST,
                max_files=1,
                on_upload=self._received,
                on_rejected=lambda: ui.notify('只能导入 5 MB 以内的一个文件。', type='warning'),
            )
            upload.props('accept=.xlsx,.csv,.md,.txt,.tsv flat bordered aria-label=选择文件').classes('pick-file')
            self._upload = upload
            text('第一行是列名，其后每行一条；Markdown 用标题写问题，下面写答案。', 'muted', tag='div')
            text('重复导入同一份文件不会产生重复条目：有编号按编号，没有按问题对应。', 'muted', tag='div')
            self._columns = ui.element('div').classes('filters')
            self._preview = ui.element('div').classes('stack').props('aria-live=polite')

    async def _received(self, event: events.UploadEventArguments) -> None:
        content = await event.file.read()
        self._upload.reset()
        self._forget()
        with refusals_shown():
            sheet = await asyncio.to_thread(tables.read, event.file.name, content)
            self._forget()  # another file may have come meanwhile
            self._sheet, self._name = sheet, event.file.name
            places = knowledge_import.guessed(self._sheet.columns)
            choices = {UNUSED: '不导入', **dict(enumerate(self._sheet.columns))}
            with self._columns:
                self._selects = {
                    name: ui.select(choices, label=label, value=places.get(name, UNUSED), on_change=self._look)
                    for name, label in COLUMNS.items()
                }
            await self._look()

    def _forget(self) -> None:
        self._sheet = self._plan = None
        self._columns.clear()
        self._preview.clear()

    def _places(self) -> dict[str, int]:
        return {name: one.value for name, one in self._selects.items() if one.value != UNUSED}

    async def _look(self) -> None:
        sheet, places = self._sheet, self._places()
        self._plan = None
        self._preview.clear()
        if sheet is None:
            return
        with refusals_shown():
            plan = await read(knowledge_import.plan, self._name, sheet, places, by=self._by)
            if sheet is self._sheet and places == self._places() and not self._preview.is_deleted:
                self._plan = plan
                self._preview.clear()
                with self._preview:
                    self._draw(plan)

    def _draw(self, plan: Plan) -> None:
        with row('wrap'):
            text(f'{self._name}: 共 {len(plan.items)} 行', 'grow', tag='b')
            for state, (words, tone) in STATES.items():
                chip(f'{words} {plan.count(state)}', tone)
        first = sorted(plan.items, key=lambda item: ('faulty', 'changed', 'new', 'same').index(item.state))[:SHOWN]
        with ui.element('div').classes('scroll-x'), ui.element('table').classes('table import-preview'):
            with ui.element('thead'), ui.element('tr'):
                for head in ('行', '结果', '问题', '说明'):
                    text(head, tag='th')
            with ui.element('tbody'):
                for item in first:
                    with ui.element('tr'):
                        text(str(item.number), 'num', tag='td')
                        with ui.element('td'):
                            chip(*STATES[item.state])
                        at = self._selects['question'].value
                        text(item.cells[at] if at != UNUSED else '', tag='td')
                        with ui.element('td'):
                            text('；'.join(item.errors.values()))
                            _changes(item)
        if len(plan.items) > SHOWN:
            text(f'只列出 {SHOWN} 行，有误的和更新的在前。', 'muted')
        todo = plan.count('new') + plan.count('changed')
        with row('end'):
            button('开始导入', self._start, kind='primary', disabled=not todo)

    async def _start(self) -> None:
        plan, self._plan = self._plan, None
        if plan is None:
            return
        with refusals_shown():
            job_id = await transact(knowledge_import.begin, plan, by=self._by)
            background_tasks.create(knowledge_import.carry_out(plan, job_id, by=self._by), name=f'job {job_id}')
            self._forget()
            ui.notify('已开始，可以离开这个页面')


def _changes(item: Item) -> None:
    """What would be overwritten, and by what."""
    for name, (before, after) in item.changes.items():
        with ui.element('div').classes('import-change'):
            text(COLUMNS[name], 'muted', tag='div')
            text(before or '（空）', 'two-lines', tag='del')
            text(after, 'two-lines', tag='ins')


def _job(job: Job, by: int) -> None:
    counts = job.report.get('counts', {})
    with ui.element('div').classes('stack'):
        with row('wrap'):
            text(job.title, 'grow clip', tag='b')
            ago(job.created_at)
            if jobs.broken_off(job):
                chip('已中断，请重新导入', 'danger')
            elif job.status is JobStatus.RUNNING:
                chip(f'{job.done} / {job.total}', 'info')
            elif job.status is JobStatus.FAILED:
                chip('没有完成，请重新导入', 'danger')
            for state, (words, tone) in STATES.items():
                if counts.get(state):
                    chip(f'{words} {counts[state]}', tone)
            if job.report.get('rows'):
                button('下载有误的行', partial(_report, job.id, by), small=True)
        if job.status is JobStatus.RUNNING and not jobs.broken_off(job):
            ui.element('progress').props(f'max={max(1, job.total)} value={job.done} aria-label=进度')


async def _report(job_id: int, by: int) -> None:
    with refusals_shown():
        content = await read(knowledge_import.report_file, job_id, by=by)
        ui.download.content(content, f'导入有误的行-{job_id}.csv', 'text/csv')


async def _export(by: int, ending: str) -> None:
    with refusals_shown():
        rows = await transact(knowledge_import.exported, by=by)
        write = tables.as_excel if ending == 'xlsx' else tables.as_csv
        content = await asyncio.to_thread(write, tuple(COLUMNS.values()), rows)
        ui.download.content(content, f'知识库.{ending}')
