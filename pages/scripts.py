"""话术: the school's and one's own, what colleagues propose, and one form for all of them."""

from collections.abc import Sequence
from functools import partial

from nicegui import ui

from console import group_names, scripts, signals, staff
from console.database import read, transact
from console.scripts import Shelf
from console.staff import Action
from models import Script, Staff
from pages.knowledge_nav import knowledge_nav
from pages.layout import me, member, reload_on, staff_page
from pages.widgets import Form, button, chip, confirm, empty_state, panel, refusals_at, refusals_shown, row, text

PLACES = '可以写 {家长}、{学员}、{老师}，使用时自动换成档案里的姓名。'


@staff_page('/knowledge/scripts', title='话术', action=Action.SEE_KNOWLEDGE)
async def scripts_page() -> None:
    by, who = me(), member()
    editor = ScriptDialog(who)

    @ui.refreshable
    def shelf(found: Shelf) -> None:
        wanted = (search.value or '').split()
        if found.proposed:
            _table('同事的提议', _matching(found.proposed, wanted), editor, names)
        _table('在用', _matching(found.offered, wanted), editor, names)
        if found.aside:
            _table('已停用', _matching(found.aside, wanted), editor, names)

    async def reload() -> None:
        shelf.refresh(await read(scripts.everything, by=by))

    reload_on(reload, signals.scripts_changed)
    names = await read(staff.colleagues)
    with ui.element('div').classes('sheet'):
        knowledge_nav('/knowledge/scripts')
        with row('wrap'):
            with ui.element('div').classes('grow'):
                text('在会话里输入 / 就能找到。', 'muted')
            search = ui.input(placeholder='搜索话术', on_change=reload).classes('script-search')
            search.props('debounce=200 clearable maxlength=40 aria-label=搜索话术')
            if staff.may(who.role, Action.PROPOSE_REPLY):
                button('添加话术', editor.show, kind='primary')
        shelf(await read(scripts.everything, by=by))


class ScriptDialog:
    """One form for a new script, a proposal and a change."""

    def __init__(self, who: Staff) -> None:
        self.who = who
        self._edits = staff.may(who.role, Action.EDIT_KNOWLEDGE)
        self._script: Script | None = None
        with Form() as self._dialog, ui.element('div').classes('dialog wide'):
            self._heading = text('', tag='h3')
            self._title = ui.input('标题').props(f'autofocus maxlength={scripts.LONGEST_TITLE}')
            self._text = ui.textarea('内容').props(f'rows=5 maxlength={scripts.LONGEST_TEXT}')
            text(PLACES, 'muted', tag='div')
            self._group = ui.input('分组 (可不填)').props(f'maxlength={group_names.LONGEST}')
            choices = {'school': '大家都能用' if self._edits else '提议给大家，主管同意后可用', 'mine': '只有我自己用'}
            self._whose = ui.radio(choices, value='school').props('inline')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('保存', self._save, kind='primary')
        self._fields = {'title': self._title, 'text': self._text, 'group': self._group}

    def show(self, script: Script | None = None) -> None:
        self._script = script
        self._heading.set_text('编辑话术' if script else '添加话术')
        self._title.value = script.title if script else ''
        self._text.value = script.text if script else ''
        self._group.value = (script.group_name or '') if script else ''
        self._whose.set_visibility(script is None)
        for field in self._fields.values():
            field.error = None
        self._dialog.open()

    async def accept(self, script: Script) -> None:
        with refusals_shown():
            await transact(scripts.accept, script.id, by=self.who.id)
            ui.notify('已启用')

    async def put_aside(self, script: Script) -> None:
        mine = script.owner_id == self.who.id
        title, words, ok = f'停用“{script.title}”？', '停用后大家找不到它，可以随时恢复。', '停用'
        if script.owner_id is not None:
            title, words, ok = (f'{"删除" if mine else "不采用"}“{script.title}”？', '删除后不能恢复。', '删除')
        if await confirm(title, words, ok=ok):
            with refusals_shown():
                await transact(scripts.put_aside, script.id, by=self.who.id)
                ui.notify(f'已{ok}')

    async def _save(self) -> None:
        given = {'title': self._title.value or '', 'text': self._text.value or '', 'group': self._group.value or ''}
        mine = self._whose.value == 'mine'
        with refusals_at(self._fields):
            if self._script is not None:
                await transact(scripts.change, self._script.id, **given, by=self.who.id)
            elif mine or self._edits:
                await transact(scripts.save, **given, mine=mine, by=self.who.id)
            else:
                await transact(scripts.propose, **given, by=self.who.id)
            self._dialog.close()
            ui.notify('已保存' if mine or self._edits or self._script else '已提议，主管同意后大家就能用')


def _matching(found: Sequence[Script], words: list[str]) -> list[Script]:
    return [
        one
        for one in found
        if all(word.casefold() in f'{one.title} {one.text} {one.group_name}'.casefold() for word in words)
    ]


def _table(title: str, found: list[Script], editor: ScriptDialog, names: dict[int, str]) -> None:
    with panel():
        with ui.element('header'):
            text(title, tag='h2')
            text(str(len(found)), 'muted num')
        if not found:
            empty_state('没有话术', '把常说的话存成话术，回复时输入 / 就能用。')
            return
        with ui.element('div').classes('scroll-x'), ui.element('table').classes('table scripts'):
            with ui.element('thead'), ui.element('tr'):
                for head in ('标题与内容', '分组', '用过', ''):
                    text(head, tag='th')
            with ui.element('tbody'):
                for script in found:
                    _script_row(script, editor, names)


def _script_row(script: Script, editor: ScriptDialog, names: dict[int, str]) -> None:
    with ui.element('tr'):
        with ui.element('td'):
            with row():
                text(script.title, tag='b')
                if scripts.is_proposal(script):
                    chip(f'{names.get(script.owner_id or 0, "同事")} 提议', 'warn')
                elif script.owner_id is not None:
                    chip('我自己的', 'info')
            text(script.text, 'words muted', tag='div')
        text(script.group_name or '', tag='td')
        text(f'{script.uses} 次', 'num', tag='td')
        with ui.element('td').classes('end'):
            if not scripts.may_change(script, editor.who):
                return
            if not script.active and staff.may(editor.who.role, Action.EDIT_KNOWLEDGE):
                words = '采用' if scripts.is_proposal(script) else '恢复'
                button(words, partial(editor.accept, script), small=True)
            button('编辑', partial(editor.show, script), kind='quiet', small=True)
            if script.active or scripts.is_proposal(script):
                own = script.owner_id is not None
                words = ('删除' if script.owner_id == editor.who.id else '不采用') if own else '停用'
                button(words, partial(editor.put_aside, script), kind='quiet', small=True)
