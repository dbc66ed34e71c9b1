"""Plain drafts looked over in one list and released together."""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from console import bulk_release
from console.bulk_release import Offered, Outcome
from console.database import read, transact
from console.parts import parts
from pages.widgets import button, refusals_shown, row, shortcuts, text

OnReleased = Callable[[str, Callable[[], Awaitable[None]] | None, float], Awaitable[None]]
"""Words for the person, what takes all of them back, and for how many seconds it is offered."""


class BulkRelease:
    def __init__(self, by: int, *, on_released: OnReleased) -> None:
        self._by = by
        self._on_released = on_released

    async def ask(self, draft_ids: list[int]) -> None:
        """Show those of these drafts that are plain, and release what is left ticked."""
        with refusals_shown():
            found = await read(bulk_release.offered, draft_ids, by=self._by)
            if not found:
                ui.notify('没有可以批量通过的草稿。')
                return
            chosen = await _chosen(found)
            if not chosen:
                return
            undo = parts().undo
            outcome = await transact(bulk_release.approve, chosen, by=self._by, undo=undo)
            await self._tell(outcome, undo.total_seconds())

    async def _tell(self, outcome: Outcome, seconds: float) -> None:
        if outcome.refused:
            await _report(outcome)
        if outcome.taken:
            back = partial(self._take_back, outcome.taken) if seconds else None
            await self._on_released(f'已通过 {len(outcome.taken)} 条', back, seconds)

    async def _take_back(self, draft_ids: list[int]) -> None:
        outcome = await transact(bulk_release.take_back, draft_ids, by=self._by)
        told = f'已撤回 {len(outcome.taken)} 条'
        if outcome.refused:
            told += f'，{len(outcome.refused)} 条没能撤回: {outcome.refused[0].why}'
        ui.notify(told, type='warning' if outcome.refused else None)


async def _chosen(found: list[Offered]) -> list[tuple[int, int]]:
    ticked = {one.draft_id: one.version for one in found}

    def tick(one: Offered, on: bool) -> None:
        if on:
            ticked[one.draft_id] = one.version
        else:
            ticked.pop(one.draft_id, None)
        count.set_text(f'通过 {len(ticked)} 条')
        ok.enable(bool(ticked))

    def done() -> None:
        dialog.submit(list(ticked.items()))

    with ui.dialog() as dialog, ui.element('div').classes('dialog wide bulk'):
        text('批量通过', tag='h3')
        text('这些草稿每一句都来自已审核的知识库或学员档案。请逐条看过，不放心的取消勾选。', 'muted', tag='p')
        with ui.element('div').classes('list'):
            for one in found:
                with row('one'):
                    box = ui.checkbox(value=True, on_change=lambda event, one=one: tick(one, bool(event.value)))
                    box.props['aria-label'] = f'通过 {one.title} 的草稿'
                    with ui.element('div').classes('grow'):
                        with row():
                            text(one.title, 'clip', tag='b')
                            text(one.question, 'muted clip')
                        text(one.content, 'words', tag='div')
        with row('actions end'):
            button('取消', dialog.close).props('autofocus')
            ok = button('', done, kind='primary', key='a')
            with ok:
                count = text(f'通过 {len(found)} 条')
                count.move(ok, 0)
        shortcuts({'a': ('通过勾选的草稿', done), 'Escape': ('取消', dialog.close)})
    answer = await dialog
    if not dialog.is_deleted:
        dialog.delete()
    return answer if isinstance(answer, list) else []


async def _report(outcome: Outcome) -> None:
    with ui.dialog() as dialog, ui.element('div').classes('dialog'):
        text(f'{len(outcome.refused)} 条没有通过', tag='h3')
        for one in outcome.refused:
            text(one.why, 'note warn words', tag='div')
        with row('actions end'):
            button('知道了', dialog.close, kind='primary').props('autofocus')
    await dialog
    if not dialog.is_deleted:
        dialog.delete()
