"""消息故障: what the machine gave up, why, and the buttons that try it again or let it be."""

from functools import partial

from nicegui import ui

from console import failed_work, signals, staff
from console.database import read, transact
from console.failed_work import Failed, Kind
from console.staff import Action
from pages.layout import me, member, reload_on, staff_page
from pages.widgets import ago, button, confirm, empty_state, panel, refusals_shown, row, stack, text

PAGE = 20
HEADINGS = {
    Kind.EVENT: ('收到后没有处理的消息', '时间不对的先隔离，识别不了的先搁置；处理之后才会出现在会话里'),
    Kind.DELIVERY: ('没有发出去的消息', '重新发送不会让家长收到两遍'),
    Kind.TURN: ('没有写出草稿的会话', '家长还在等，可以再写一次，也可以直接回复'),
    Kind.FILE: ('没有下载到的文件', '企业微信只保留三天'),
    Kind.JOB: ('没有做完的任务', '最近七天'),
}
DROPPED = {
    Kind.EVENT: ('放弃这条消息？', '它不会出现在会话里，以后也不能再处理。'),
    Kind.DELIVERY: ('不再发送这条消息？', '家长不会收到它。会话里会标为已取消，仍可以在那里重新发送。'),
}


@staff_page('/settings/failed', title='消息故障', action=Action.SEE_FAILED)
async def failed_work_page() -> None:
    board = Board(me())
    reload_on(board.reload, signals.alert_changed, signals.conversation_changed, signals.job_changed)
    with ui.element('div').classes('sheet'):
        if staff.may(member().role, Action.SEE_SETTINGS):
            with ui.element('a').props('href=/settings'):
                text('← 设置', 'muted')
        board.place = stack()
        await board.reload()


class Board:
    """One list a kind, each with its own way back in time."""

    place: ui.element

    def __init__(self, by: int) -> None:
        self._by = by
        self._before: dict[Kind, int] = {}

    async def reload(self) -> None:
        turned = dict(self._before)
        found = {
            kind: await read(failed_work.page, kind, by=self._by, limit=PAGE + 1, before=turned.get(kind))
            for kind in Kind
        }
        if turned != self._before or self.place.is_deleted:
            return
        self.place.clear()
        with self.place:
            for kind, rows in found.items():
                if rows or kind in self._before:
                    self._list(kind, rows)
            if not any(found.values()) and not self._before:
                with panel():
                    empty_state('没有故障', '收不进来、发不出去、写不出草稿的消息会列在这里，并写明原因。')

    def _list(self, kind: Kind, rows: list[Failed]) -> None:
        word, hint = HEADINGS[kind]
        with panel():
            with ui.element('header'), row('wrap'):
                text(word, tag='h2')
                text(hint, 'muted')
            with ui.element('div').classes('list'):
                for one in rows[:PAGE]:
                    with row('wrap'):
                        _line(one)
                        if one.retry:
                            button(one.retry, partial(self._retry, one), small=True)
                        if one.may_drop:
                            button('放弃', partial(self._drop, one), kind='quiet', small=True)
            if kind in self._before or len(rows) > PAGE:
                with row('padded'):
                    if kind in self._before:
                        button('最新的', partial(self._turn_to, kind, None), kind='quiet', small=True)
                    if len(rows) > PAGE:
                        button('更早的', partial(self._turn_to, kind, rows[PAGE - 1].id), kind='quiet', small=True)

    async def _turn_to(self, kind: Kind, before: int | None) -> None:
        self._before.pop(kind, None)
        if before is not None:
            self._before[kind] = before
        await self._look_again()

    async def _look_again(self) -> None:
        with refusals_shown():
            await self.reload()

    async def _retry(self, one: Failed) -> None:
        with refusals_shown():
            await transact(failed_work.retry, one.kind, one.id, by=self._by)
            ui.notify('已重新开始处理')
        await self._look_again()

    async def _drop(self, one: Failed) -> None:
        if await confirm(*DROPPED[one.kind], ok='放弃'):
            with refusals_shown():
                await transact(failed_work.drop, one.kind, one.id, by=self._by)
                ui.notify('已放弃')
            await self._look_again()


def _line(one: Failed) -> None:
    with ui.element('div').classes('grow'):
        with row('wrap'):
            if one.conversation_id is not None:
                with ui.element('a').props(f'href=/conversations/{one.conversation_id}'):
                    text(one.title, tag='b')
            elif one.title:
                text(one.title, tag='b')
            text(one.what, 'clip')
            ago(one.since)
        text(one.reason, 'words muted', tag='div')
