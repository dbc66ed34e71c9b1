"""What was just done, at the foot of the page, with a way back for a few seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from nicegui import background_tasks, ui

from console.errors import ConsoleError
from pages.review_lessons import Lesson
from pages.widgets import Button, Text, button, icon_button, row, text

Undo = Callable[[], Awaitable[None]]

UNDO_SECONDS = 8.0
"""How long the way back is offered, unless more hangs on it."""

LESSONS_SECONDS = 20.0


class Snack:
    """`undo` takes the last thing back also after the words have gone; it may be refused then."""

    def __init__(self) -> None:
        self._undo: Undo | None = None
        self._way_back: Button | None = None
        self._shown = 0
        self._place = ui.element('foot-notice').classes('snack').props('role=status')
        self._place.set_visibility(False)

    def show(
        self,
        words: str,
        undo: Undo | None,
        seconds: float = UNDO_SECONDS,
        link: str = '',
        lessons: Sequence[Lesson] = (),
    ) -> None:
        """`undo` is offered for so many seconds; `lessons` may be kept with a press each, and stay longer."""
        self._undo, self._way_back = undo, None
        self._shown += 1
        self._place.clear()
        with self._place:
            text(words, 'words')
            if link:
                with ui.element('a').props(f'href={link}'):
                    text('打开会话')
            if undo is not None and seconds > 0:
                self._way_back = button('撤销', self.undo, key='z', small=True)
            icon_button('close', '关闭', self.close)
            if lessons:
                with row('lessons wrap'):
                    text('顺手留下:', 'muted')
                    for lesson in lessons:
                        self._lesson(lesson)
        self._place.set_visibility(True)
        stays = max(seconds, LESSONS_SECONDS if lessons else 4.0)
        background_tasks.create(self._fade(self._shown, seconds, stays), name='snack')

    def _lesson(self, lesson: Lesson) -> None:
        async def keep() -> None:
            made.enable(False)
            try:
                await lesson.keep()
                told = lesson.kept
            except ConsoleError as refusal:
                told = str(refusal)
            if not made.is_deleted:
                label.set_text(told)

        made = button(lesson.words, keep, small=True)
        label = next(one for one in made.default_slot.children if isinstance(one, Text))

    async def undo(self) -> None:
        undo, self._undo = self._undo, None
        if undo is None:
            ui.notify('没有可以撤销的操作。')
            return
        if self._way_back is not None:  # later, what else is offered stays, whatever becomes of this
            self.close()
        await undo()

    def close(self) -> None:
        if not self._place.is_deleted:
            self._place.set_visibility(False)

    async def _fade(self, shown: int, seconds: float, stays: float) -> None:
        """The way back goes when it ends, then all of it."""
        await asyncio.sleep(seconds)
        if shown == self._shown and self._way_back is not None and not self._place.is_deleted:
            self._way_back.delete()
            self._way_back = None
        await asyncio.sleep(stays - seconds)
        if shown == self._shown:
            self.close()
