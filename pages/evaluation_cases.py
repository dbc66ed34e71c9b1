"""测试用例: questions that every version of the rules is tried on, and what an answer must and must not say."""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from console import evaluation_cases
from console.database import read, transact
from console.evaluation_cases import LONGEST, pieces
from console.staff import Action
from models import EvaluationCase
from pages.knowledge_nav import CASES, PLACES, knowledge_nav
from pages.layout import me, staff_page
from pages.widgets import Form, button, chip, empty_state, panel, refusals_at, refusals_shown, row, stack, text


@staff_page('/knowledge/cases', title=PLACES[CASES], action=Action.EDIT_KNOWLEDGE)
async def cases_page() -> None:
    by = me()

    async def aside(case: EvaluationCase) -> None:
        with refusals_shown():
            await transact(evaluation_cases.put_aside, case.id, case.active, by=by)
        await reload()

    async def reload() -> None:
        listed.refresh(await read(evaluation_cases.everything, by=by))

    editor = _Editor(by, reload)

    @ui.refreshable
    def listed(found: list[EvaluationCase]) -> None:
        if not found:
            empty_state('还没有测试用例', '退回草稿时选择“存为测试用例”，或在这里添加。')
        for case in found:
            with stack('padded case' if case.active else 'padded case inactive'):
                with row('wrap'):
                    text(case.question, 'grow words', tag='b')
                    if not case.active:
                        chip('已停用')
                    button('编辑', partial(editor.show, case), kind='quiet', small=True)
                    button('停用' if case.active else '启用', partial(aside, case), kind='quiet', small=True)
                with row('wrap'):
                    for words in case.must_say:
                        chip(f'必须说 {words}', 'good')
                    for words in case.must_not_say:
                        chip(f'不能说 {words}', 'danger')
                if case.expected:
                    text(case.expected, 'words muted', tag='p')
                if case.reason:
                    text(f'来自退回的草稿：{case.reason}', 'muted', tag='p')

    with ui.element('div').classes('sheet'):
        knowledge_nav('/knowledge/cases')
        with panel():
            with ui.element('header'):
                text('评测时用来提问的问题', 'grow', tag='h2')
                button('添加用例', editor.show, kind='primary', small=True)
            listed(await read(evaluation_cases.everything, by=by))


class _Editor:
    def __init__(self, by: int, on_saved: Callable[[], Awaitable[None]]) -> None:
        self._by, self._on_saved = by, on_saved
        self._case: EvaluationCase | None = None
        with Form() as self._dialog, ui.element('div').classes('dialog wide'):
            self._title = text('', tag='h3')
            self._question = ui.textarea('家长的问题').props(f'autofocus rows=2 maxlength={LONGEST}')
            self._expected = ui.textarea('期望的回答 (可不填)').props(f'rows=3 maxlength={LONGEST}')
            self._must = ui.textarea('必须说的，一行一个').props('rows=3')
            self._must_not = ui.textarea('不能说的，一行一个').props('rows=3')
            text('请不要写真实姓名和号码。', 'muted', tag='p')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('保存', self._save, kind='primary')
        self._fields = {
            'question': self._question,
            'expected': self._expected,
            'must_say': self._must,
            'must_not_say': self._must_not,
        }

    def show(self, case: EvaluationCase | None = None) -> None:
        self._case = case
        self._title.set_text('编辑用例' if case else '添加用例')
        self._question.value = case.question if case else ''
        self._expected.value = (case.expected or '') if case else ''
        self._must.value = '\n'.join(case.must_say) if case else ''
        self._must_not.value = '\n'.join(case.must_not_say) if case else ''
        for field in self._fields.values():
            field.error = None
        self._dialog.open()

    async def _save(self) -> None:
        given = {
            'expected': self._expected.value or '',
            'must_say': pieces(self._must.value),
            'must_not_say': pieces(self._must_not.value),
        }
        question = self._question.value or ''
        with refusals_at(self._fields):
            if self._case is not None:
                await transact(evaluation_cases.change, self._case.id, by=self._by, question=question, **given)
            else:
                await transact(evaluation_cases.add, question, by=self._by, **given)
            self._dialog.close()
            ui.notify('已保存')
            await self._on_saved()
