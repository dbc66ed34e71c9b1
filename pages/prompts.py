"""提示词: the versions of the rules, how they differ, how they do on the kept questions, and which is current."""

from functools import partial

from nicegui import ui
from sqlalchemy.orm import Session

from console import evaluation_runs, prompts, signals
from console.database import read, transact
from console.evaluation_runs import Change
from console.parts import parts
from console.prompts import LONGEST_NOTE, Version
from console.staff import Action
from console.writing.deepseek import DeepSeekWriter
from models import EvaluationRun
from pages.layout import me, reload_on, staff_page
from pages.widgets import Form, ago, button, chip, empty_state, panel, refusals_at, refusals_shown, row, stack, text

SHOWN = 8  # runs
SIGNS = {'same': ' ', 'added': '+', 'removed': '−'}


@staff_page('/settings/prompts', title='提示词', action=Action.EDIT_PROMPTS)
async def prompts_page() -> None:
    by = me()
    with ui.element('div').classes('sheet'):
        versions = _Versions(by)
        runs = _Runs(by)
        results = _Results(by)
        texts = _Texts()

    async def show(found: list[Version], newest: list[EvaluationRun]) -> None:
        versions.show(found)
        runs.show(newest)
        texts.offer(found)
        await results.offer(newest)

    async def reload() -> None:
        await show(*await read(_look, by))

    reload_on(reload, signals.policy_changed, signals.evaluation_changed)
    await reload()


def _look(session: Session, by: int) -> tuple[list[Version], list[EvaluationRun]]:
    return prompts.everything(session, by=by), evaluation_runs.recent(session, by=by)


class _Versions:
    """All versions, and what can be done with one."""

    def __init__(self, by: int) -> None:
        self._by = by
        self._editor, self._choice = _Editor(by), _Choice(by)
        self._newest: Version | None = None
        with panel():
            with ui.element('header'):
                text('版本', 'grow', tag='h2')
                with ui.element('a').classes('btn small').props('href=/knowledge/cases'):
                    text('测试用例')
                button('新版本', self._begin, kind='primary', small=True)
            self._place = ui.element('div')

    def show(self, found: list[Version]) -> None:
        self._newest = found[0]
        self._place.clear()
        with self._place:
            for version in found:
                self._draw(version)

    def _draw(self, version: Version) -> None:
        with stack('padded version'):
            with row('wrap'):
                text(version.name, tag='h3')
                if version.current:
                    chip('使用中', 'good')
                if version.cases is not None:
                    chip(f'评测 {version.passed}/{version.cases} 通过', 'info')
                ui.element('span').classes('grow')
                button('评测', partial(self._try, version.name), small=True)
                button('以此为底稿', partial(self._editor.show, version), kind='quiet', small=True)
                if not version.current:
                    button('启用', partial(self._choice.show, version), small=True)
            with row('wrap muted'):
                text(version.note or '')
                if version.made_at:
                    text(f'· {version.made_by or "已离开的同事"} ·')
                    ago(version.made_at)

    def _begin(self) -> None:
        if self._newest is not None:
            self._editor.show(self._newest)

    async def _try(self, name: str) -> None:
        with refusals_shown():
            await transact(evaluation_runs.start, name, writer=_writer(), by=self._by)
            ui.notify('已开始评测，可以离开这个页面')


class _Runs:
    """The newest runs; one that is under way moves on by itself."""

    def __init__(self, by: int) -> None:
        self._by = by
        with panel():
            with ui.element('header'):
                text('评测', 'grow', tag='h2')
                chip(f'起草方式：{_writer()}')
            self._place = ui.element('div')

    def show(self, found: list[EvaluationRun]) -> None:
        self._place.clear()
        with self._place:
            if not found:
                empty_state('还没有评测过', '在上面选一个版本点“评测”，用测试用例试一遍。')
            for run in found[:SHOWN]:
                self._draw(run)

    def _draw(self, run: EvaluationRun) -> None:
        with row('wrap padded run'):
            text(f'#{run.id} {run.prompt_version}', tag='b')
            if run.finished_at is None:
                chip('进行中', 'warn')
            elif run.last_error:
                chip(run.last_error, 'danger')
            text(f'{run.done}/{run.cases} 完成，{run.passed} 通过', 'num')
            ui.element('progress').props(f'value={run.done} max={run.cases} aria-label=评测进度').classes('grow')
            text(run.writer, 'muted')
            ago(run.started_at)
            if run.finished_at is None:
                button('停止', partial(self._stop, run.id), small=True)

    async def _stop(self, run_id: int) -> None:
        with refusals_shown():
            await transact(evaluation_runs.stop, run_id, by=self._by)


class _Results:
    """What two runs made of the same cases, side by side."""

    def __init__(self, by: int) -> None:
        self._by = by
        with panel():
            with ui.element('header'):
                text('结果对比', tag='h2')
            with stack('padded'):
                with row('wrap'):
                    self._after = ui.select({}, label='这一次', on_change=self._compare).classes('pick')
                    self._before = ui.select({}, label='和哪一次比 (可不选)', on_change=self._compare).classes('pick')
                    self._before.props('clearable')
                self._place = stack()

    async def offer(self, found: list[EvaluationRun]) -> None:
        """The newest finished one against the one before it, until somebody chooses."""
        ended = [run for run in found if run.finished_at and run.done]
        words = {run.id: f'#{run.id} {run.prompt_version}，{run.passed}/{run.done} 通过' for run in ended}
        at_first = not self._after.options
        for select, position in ((self._after, 0), (self._before, 1)):
            value = select.value if select.value in words else None
            if value is None and at_first and len(ended) > position:
                value = ended[position].id
            select.set_options(words, value=value)
        await self._compare()

    async def _compare(self) -> None:
        after, before = self._after.value, self._before.value
        with refusals_shown():
            changes = await read(evaluation_runs.compare, after, before, by=self._by) if after else []
            if (after, before) == (self._after.value, self._before.value) and not self._place.is_deleted:
                self._place.clear()
                with self._place:
                    _changes(changes)


class _Texts:
    """How the words of two versions differ."""

    def __init__(self) -> None:
        self._rules: dict[str, str] = {}
        with panel():
            with ui.element('header'):
                text('内容对比', tag='h2')
            with stack('padded'):
                with row('wrap'):
                    self._left = ui.select([], label='原来', on_change=self._draw).classes('pick')
                    self._right = ui.select([], label='后来', on_change=self._draw).classes('pick')
                self._place = ui.element('div')

    def offer(self, found: list[Version]) -> None:
        self._rules = {version.name: version.rules for version in found}
        names = list(self._rules)
        self._left.set_options(names, value=self._left.value or names[min(1, len(names) - 1)])
        chosen = self._right.value if self._right.value != self._left.value else None  # with itself nobody compares
        self._right.set_options(names, value=chosen or names[0])
        self._draw()

    def _draw(self) -> None:
        self._place.clear()
        with self._place:
            _diff(self._rules.get(self._left.value or '', ''), self._rules.get(self._right.value or '', ''))


def _writer() -> str:
    return '大模型' if isinstance(parts().writer, DeepSeekWriter) else '本地知识库'


def _changes(changes: list[Change]) -> None:
    if not changes:
        text('请选择一次评测。', 'muted')
        return
    better, worse = sum(one.better for one in changes), sum(one.worse for one in changes)
    if any(one.before and one.after for one in changes):
        with row('wrap'):
            chip(f'变好 {better} 个', 'good' if better else '')
            chip(f'变差 {worse} 个', 'danger' if worse else '')
    for one in changes:
        with ui.element('details').classes('change'):
            with ui.element('summary'), row('wrap'):
                if one.better or one.worse:
                    chip('变好' if one.better else '变差', 'good' if one.better else 'danger')
                if one.after:
                    chip('通过' if one.after.passed else '不通过', 'good' if one.after.passed else 'warn')
                text(one.case.question, 'clip')
            for title, result in (('这一次', one.after), ('那一次', one.before)):
                if result is not None:
                    text(title, tag='b')
                    text(result.answer or '没有答复', 'words', tag='p')
                    for fault in result.faults:
                        text(fault, 'bad', tag='p')
                    if result.likeness is not None:
                        text(f'和期望的回答相似度 {result.likeness:.0%}', 'muted', tag='p')


def _diff(before: str, after: str) -> None:
    lines = prompts.diff(before, after)
    if all(line.kind == 'same' for line in lines):
        text('内容相同。', 'muted')
        return
    with ui.element('div').classes('text-diff'):
        for line in lines:
            text(f'{SIGNS[line.kind]} {line.text}', line.kind, tag='p')


class _Editor:
    """A new version, begun from one there is."""

    def __init__(self, by: int) -> None:
        self._by = by
        with Form() as self._dialog, ui.element('div').classes('dialog wide'):
            self._title = text('', tag='h3')
            self._rules = ui.textarea('提示词').props('autofocus rows=16').classes('rules')
            self._note = ui.input('这一版要改进什么').props(f'maxlength={LONGEST_NOTE}')
            text('保存后不会马上使用。先评测，和现在的版本比过，再启用。', 'muted', tag='p')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('保存', self._save, kind='primary')

    def show(self, base: Version) -> None:
        self._title.set_text(f'新版本，以 {base.name} 为底稿')
        self._rules.value, self._note.value = base.rules, ''
        self._rules.error = self._note.error = None
        self._dialog.open()

    async def _save(self) -> None:
        with refusals_at({'rules': self._rules, 'note': self._note}):
            rules, note = self._rules.value or '', self._note.value or ''
            made = await transact(prompts.add, rules=rules, note=note, by=self._by)
            self._dialog.close()
            ui.notify(f'已保存为 {made.name}')


class _Choice:
    """Make a version current: evaluated, or with a reason."""

    def __init__(self, by: int) -> None:
        self._by = by
        self._name = ''
        with Form() as self._dialog, ui.element('div').classes('dialog').props('role=alertdialog'):
            self._title = text('', tag='h3')
            self._words = text('', 'words', tag='p')
            self._reason = ui.input('理由').props('maxlength=200')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('启用', self._save, kind='primary')

    def show(self, version: Version) -> None:
        self._name = version.name
        self._title.set_text(f'启用 {version.name}？')
        needs = version.made_at is not None and version.cases is None
        told = '这个版本还没有评测过，请写明为什么现在就要启用。' if needs else ''
        if version.cases is not None:
            told = f'最近一次评测 {version.passed}/{version.cases} 通过。'
        self._words.set_text(f'{told}之后的草稿都按它起草，随时可以换回来。')
        self._reason.set_visibility(needs)
        self._reason.value, self._reason.error = '', None
        self._dialog.open()

    async def _save(self) -> None:
        with refusals_at({'reason': self._reason}):
            await transact(prompts.make_current, self._name, by=self._by, reason=self._reason.value or '')
            self._dialog.close()
            ui.notify(f'已启用 {self._name}')
