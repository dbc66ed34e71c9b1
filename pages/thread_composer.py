"""The box below a conversation: a reply to the parent, or a note to colleagues; scripts by `/`, colleagues by `@`."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from console import media_files, message_parts, notes, replies, scripts, staff
from console.database import read, transact
from console.parts import parts
from console.staff import Action
from models import Channel, Draft, Message, Staff
from pages.fields import known_id
from pages.review_snack import Snack
from pages.script_picker import EMIT, Item, offered
from pages.thread_media import attach_button, confirmed
from pages.widgets import refusals_shown, row, text

LONGEST_ORDER = 40


class ThreadComposer:
    """Drawn where it is made. `on_sent` is called when something was added to the conversation."""

    def __init__(
        self,
        conversation_id: int,
        member: Staff,
        *,
        channel: Channel,
        snack: Snack,
        on_sent: Callable[[], None],
        on_typing: Callable[[bool], Awaitable[None]],
    ) -> None:
        self._conversation_id = conversation_id
        self._member = member
        self._snack = snack
        self._on_sent = on_sent
        self._alone = staff.may(member.role, Action.SEND_ALONE)
        self._box = ui.element('reply-box').props(f'data-keep={conversation_id} data-bytes={message_parts.MOST_BYTES}')
        self._box.props['data-reply-hint'] = (
            '回复家长… 输入 / 用话术' if self._alone else '写给家长的回复，主管审核后发出… 输入 / 用话术'
        )
        self._box.props['data-note-hint'] = '写给同事的备注，不会发给家长。输入 @ 提到同事'
        with self._box:
            self._draw(channel)
        for name, heard in (
            ('reply', self._send),
            ('note', self._add_note),
            ('given', self._given),
            ('seek', self._seek),
            ('picked', self._picked),
            ('typing', on_typing),
        ):
            self._box.on(name, _taking(heard), js_handler=EMIT)
        self._box.on('refused', lambda event: ui.notify(event.args, type='warning'), js_handler=EMIT)

    def take(self, words: str) -> None:
        """Put these words above what is typed, for her to go on with."""
        if not self._box.is_deleted:
            self._box.run_method('giveBack', words)

    def _draw(self, channel: Channel) -> None:
        with row('turns'):
            for mode, words in (('reply', '回复家长'), ('note', '内部备注')):
                with ui.element('button').classes('btn quiet small').props(f'type=button data-turn={mode}'):
                    text(words)
            text('', 'unfilled').props('role=status')
        ui.element('textarea').props('rows=2 maxlength=8000 aria-label=回复')
        ui.element('pick-list').props('aria-label=可插入的内容')
        with row():
            if channel in replies.SENDS_FILES:
                attach_button()
            text('', 'size num muted')
            with ui.element('div').classes('meter').props('aria-hidden=true'):
                ui.element('i')
            text('', 'grow')
            text('Ctrl + Enter', 'hint', tag='kbd')
            with ui.element('button').classes('btn primary').props('type=button data-send disabled'):
                text('发送' if self._alone else '提交审核', 'for-reply')
                text('添加备注', 'for-note')

    async def _send(self, told: dict[str, str]) -> None:
        words, order = str(told['words']), str(told['order'])[:LONGEST_ORDER]
        kept: str | None = None
        undo = parts().undo
        try:
            with refusals_shown():
                outcome = await transact(
                    replies.send, self._conversation_id, words, by=self._member.id, undo=undo, order=order
                )
                kept = words
                if isinstance(outcome, Draft):
                    ui.notify('已提交审核')
                elif undo:
                    self._snack.show('已发送', self._taking_back(outcome, words), undo.total_seconds())
                self._on_sent()
        finally:
            self._answer(kept)

    async def _add_note(self, words: str) -> None:
        kept: str | None = None
        try:
            with refusals_shown():
                await transact(notes.add, self._conversation_id, words, by=self._member.id)
                kept = words
                self._on_sent()
        finally:
            self._answer(kept)

    def _answer(self, kept: str | None) -> None:
        if not self._box.is_deleted:
            self._box.run_method('sent', kept)

    def _taking_back(self, message: Message, words: str) -> Callable[[], Awaitable[None]]:
        async def take_back() -> None:
            with refusals_shown():
                await transact(replies.take_back, message.id, by=self._member.id)
                self.take(words)

        return take_back

    async def _given(self, media_file_id: int) -> None:
        """A file was uploaded: show it, and send it if that is confirmed."""
        with refusals_shown():
            media = await read(media_files.seen, media_file_id, by=self._member.id)
            if not await confirmed(media, '发送' if self._alone else '提交审核'):
                await transact(media_files.withdraw, media_file_id, by=self._member.id)
                return
            outcome = await transact(replies.send_file, self._conversation_id, media_file_id, by=self._member.id)
            if isinstance(outcome, Draft):
                ui.notify('已提交审核')
            self._on_sent()

    async def _seek(self, asked: dict[str, str]) -> None:
        kind, words = asked['kind'], asked['words']
        with refusals_shown():
            found = await self._colleagues(words) if kind == 'colleagues' else await self._scripts(words)
            if not self._box.is_deleted:
                self._box.run_method('offer', kind, words, found)

    async def _scripts(self, words: str) -> list[Item]:
        return await offered(words, by=self._member.id, conversation_id=self._conversation_id)

    async def _colleagues(self, words: str) -> list[Item]:
        readers = await read(notes.readers, self._conversation_id)
        return [
            {'kind': 'colleague', 'id': one.id, 'title': one.name, 'note': '', 'text': f'@{one.name} '}
            for one in readers
            if one.id != self._member.id and words.casefold() in one.name.casefold()
        ]

    async def _picked(self, item: Item) -> None:
        if item['kind'] == 'script' and (script_id := known_id(item['id'])) is not None:
            with refusals_shown():
                await transact(scripts.used, script_id, by=self._member.id)


def _taking(heard: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    async def take(event: Any) -> None:
        await heard(event.args)

    return take
