"""素材: the school's pictures, videos and files, kept to be sent from the pane beside a chat."""

from functools import partial

from nicegui import ui

from console import file_types, group_names, materials, signals, staff
from console.database import read, transact
from console.materials import Shelved
from console.staff import Action
from models import Staff
from pages.knowledge_nav import knowledge_nav
from pages.layout import me, member, reload_on, staff_page
from pages.review_snack import Snack
from pages.thread_media import KINDS, unsent
from pages.widgets import Form, button, empty_state, panel, refusals_at, refusals_shown, row, text

EMIT = '(event) => emit(event.detail)'


@staff_page('/knowledge/materials', title='素材', action=Action.SEE_KNOWLEDGE)
async def materials_page() -> None:
    by, who = me(), member()
    edits = staff.may(who.role, Action.EDIT_KNOWLEDGE)
    editor = _Editor(who) if edits else None

    @ui.refreshable
    def shelf(found: list[Shelved]) -> None:
        wanted = (search.value or '').casefold().split()
        shown = [one for one in found if all(word in f'{one.name} {one.group}'.casefold() for word in wanted)]
        in_use, aside = [one for one in shown if one.active], [one for one in shown if not one.active]
        _cards('在用', in_use, editor)
        if aside:
            _cards('已停用', aside, editor)

    async def reload() -> None:
        shelf.refresh(await read(materials.everything, by=by))

    reload_on(reload, signals.materials_changed)
    with ui.element('div').classes('sheet'):
        knowledge_nav('/knowledge/materials')
        with row('wrap'):
            text('校区地图、课程表、宣传单：在侧边栏的“话术”里一点就能发给家长。', 'muted grow')
            search = ui.input(placeholder='搜索素材', on_change=reload).classes('script-search')
            search.props('debounce=200 clearable maxlength=40 aria-label=搜索素材')
            if edits:
                _giver()
        shelf(await read(materials.everything, by=by))


def _giver() -> None:
    giver = ui.element('file-giver').props('to=/media/materials')
    with giver:
        with ui.element('button').classes('btn primary').props('type=button data-choose'):
            text('上传素材', 'todo')
            text('正在上传…', 'doing').props('role=status')
        ui.element('input').props('type=file multiple hidden tabindex=-1 aria-hidden=true')
    giver.on('given', lambda event: ui.notify(f'已保存“{event.args}”'), js_handler=EMIT)
    giver.on('refused', lambda event: ui.notify(event.args, type='warning'), js_handler=EMIT)


class _Editor:
    """Names, groups, and what is put aside; the last can be undone at once."""

    def __init__(self, who: Staff) -> None:
        self._by = who.id
        self._material_id = 0
        with Form() as self._dialog, ui.element('div').classes('dialog'):
            text('编辑素材', tag='h3')
            self._name = ui.input('名称').props(f'autofocus maxlength={materials.LONGEST_NAME}')
            self._group = ui.input('分组 (可不填)').props(f'maxlength={group_names.LONGEST}')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('保存', self._save, kind='primary')
        self._snack = Snack()

    def show(self, one: Shelved) -> None:
        self._material_id = one.id
        self._name.value, self._group.value = one.name, one.group
        self._name.error = self._group.error = None
        self._dialog.open()

    async def put_aside(self, one: Shelved) -> None:
        with refusals_shown():
            await transact(materials.put_aside, one.id, by=self._by)
            self._snack.show(f'已停用“{one.name}”', partial(self.take_up, one))

    async def take_up(self, one: Shelved) -> None:
        with refusals_shown():
            await transact(materials.take_up, one.id, by=self._by)

    async def _save(self) -> None:
        with refusals_at({'name': self._name, 'group': self._group}):
            name, group = self._name.value or '', self._group.value or ''
            await transact(materials.rename, self._material_id, name=name, group=group, by=self._by)
            self._dialog.close()


def _cards(title: str, found: list[Shelved], editor: _Editor | None) -> None:
    with panel():
        with ui.element('header'):
            text(title, tag='h2')
            text(str(len(found)), 'muted num')
        if not found:
            empty_state('没有素材', '主管上传图片、视频或文件后，大家都能从侧边栏发给家长。')
            return
        with ui.element('div').classes('materials'):
            for one in found:
                with ui.element('article').classes('material').props(f'data-material={one.id}'):
                    _card(one, editor)


def _card(one: Shelved, editor: _Editor | None) -> None:
    unsent(one.file)
    if one.file.kind == 'image' or not one.file.name.startswith(one.name):
        text(one.name, 'words', tag='b')
    about = [one.group, KINDS[one.file.kind], file_types.size(one.file.size), f'用过 {one.uses} 次']
    text(' · '.join(filter(None, about)), 'muted', tag='div')
    if editor is not None:
        with row('end'):
            button('编辑', partial(editor.show, one), kind='quiet', small=True)
            if one.active:
                button('停用', partial(editor.put_aside, one), kind='quiet', small=True)
            else:
                button('恢复', partial(editor.take_up, one), kind='quiet', small=True)
