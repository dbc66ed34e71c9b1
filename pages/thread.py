"""One conversation: what was said, the reply box, and the student it is about."""

from asyncio import to_thread
from collections.abc import Callable
from datetime import date

from nicegui import background_tasks, ui

from console import deliveries, inbox, notes, recalls, staff, students
from console.database import read, transact
from console.errors import ConsoleError, Invalid
from console.inbox import Opened
from console.parts import parts
from console.staff import Action
from models import Staff
from pages.fields import day
from pages.review_snack import Snack
from pages.student_card import student_card
from pages.student_link import LinkDialog
from pages.thread_composer import ThreadComposer
from pages.thread_draft import ThreadDraft
from pages.thread_head import ThreadHead
from pages.thread_lines import Lines
from pages.thread_presence import ThreadPresence
from pages.thread_window import ThreadWindow, shows
from pages.widgets import Handler, button, confirm, empty_state, on_enter, refusals_at, refusals_shown, row, text

PAGE = 50


class Thread:
    """Draws a conversation into the place it is made in, and keeps it true."""

    presence: ThreadPresence

    def __init__(self, conversation_id: int, member: Staff, *, snack: Snack, on_back: Handler) -> None:
        self.conversation_id = conversation_id
        self._member = member
        self._snack = snack
        self._on_back = on_back
        self._limit = PAGE
        self._before: int | None = None
        self._opened: Opened | None = None
        self._composer: ThreadComposer | None = None
        self._drawn: dict[int, object] = {}

    def _may(self, action: Action) -> bool:
        return staff.may(self._member.role, action)

    async def open(self, place: ui.element) -> None:
        """Fetch, draw and mark as read. Raises `NotFound`, `NotAllowed`."""
        opened = await self._read()
        self._place, self._opened = place, opened
        place.clear()
        with place:
            self._draw(opened)
            self._show(opened)
        await self._attend(opened)
        if place.client.has_socket_connection:
            background_tasks.create(self.presence.renew(), name='presence')

    async def reload(self) -> None:
        try:
            opened = await self._read()
        except ConsoleError as refusal:
            self._gone(refusal)
            return
        if not self._lines_place.is_deleted:  # another one was opened meanwhile
            self._show(opened)
            if self._place.client.has_socket_connection:  # a tab that was closed lingers for a while
                await self._attend(opened)

    async def _read(self) -> Opened:
        return await read(
            inbox.opened, self.conversation_id, by=self._member.id, limit=self._limit, before=self._before
        )

    async def _attend(self, opened: Opened) -> None:
        if inbox.wants_attention(opened):
            await transact(inbox.attend, self.conversation_id, by=self._member.id)

    def heard(self, conversation_id: int) -> None:
        """News of some conversation: reload if it is this one. A burst makes two reloads."""
        if conversation_id == self.conversation_id:
            background_tasks.create_lazy(self.reload(), name=f'thread {id(self)}')

    def heard_of_draft(self, _draft_id: int) -> None:
        self.heard(self.conversation_id)

    def heard_of_student(self, student_id: int) -> None:
        if self._opened is not None and self._opened.listed.contact.student_id == student_id:
            self.heard(self.conversation_id)

    def heard_of_presence(self, conversation_id: int) -> None:
        if conversation_id == self.conversation_id:
            self.presence.heard()

    async def toggle_hold(self) -> None:
        if self._opened is not None:
            await self._head.toggle_hold(self._opened.listed.conversation)

    def _draw(self, opened: Opened) -> None:
        self._head = ThreadHead(
            self.conversation_id,
            self._member,
            snack=self._snack,
            on_back=self._on_back,
            on_side=lambda: self._side.classes(toggle='shown'),
            on_day=self._ask_day,
        )
        self._draft = ThreadDraft(self.conversation_id, self._member, snack=self._snack, on_take=self._take)
        with ui.element('section').classes('thread').props('aria-label=对话'):
            with ui.element('div'):
                self._top = ui.element('header').classes('head')
                self.presence = ThreadPresence(self.conversation_id, self._member)
                self._window = ui.element('div')
            with ui.element('chat-scroll').classes('scroll').props('tabindex=0') as self._lines_place:
                with row('older') as self._older:
                    button('加载更早的消息', self._load_older, kind='quiet', small=True)
                self._lines = Lines(
                    me=self._member.id,
                    alone=self._may(Action.SEND_ALONE),
                    on_retry=self._retry,
                    on_recall=self._recall,
                    on_remove_note=self._remove_note,
                )
                with row('later') as self._later:
                    button('加载之后的消息', self._load_later, kind='quiet', small=True)
                    button('回到最新', self._to_end, small=True)
                self._below = ui.element('div').classes('below').props('aria-live=polite')
            if self._may(Action.PROPOSE_REPLY):
                self._composer = ThreadComposer(
                    self.conversation_id,
                    self._member,
                    channel=opened.listed.conversation.channel,
                    snack=self._snack,
                    on_sent=self._sent,
                    on_typing=self.presence.type,
                )
        self._meter = ThreadWindow(self.conversation_id, self._member, may_move=self._may(Action.TAKE_OVER))
        self._side = ui.element('aside').classes('side').props('aria-label=学员')
        if self._may(Action.EDIT_STUDENTS):
            self._linking = LinkDialog(self._member, on_pick=self._link)

    def _show(self, opened: Opened) -> None:
        self._opened = opened
        self._older.set_visibility(opened.older)
        self._later.set_visibility(opened.later)
        self._lines.show(opened)
        record = opened.record
        self._redraw(self._top, self._head.draw, opened, self._head.shows(opened))
        self._redraw(self._head.state, self._head.draw_state, opened, self._head.standing(opened))
        self._redraw(self._window, self._meter.draw, opened, shows(opened))
        self._redraw(self._below, self._draft.draw, opened, self._draft.shows(opened))
        self._redraw(
            self._side, self._draw_side, opened, (opened.hidden, record and (record.student.id, record.student.version))
        )

    def _redraw(self, place: ui.element, draw: Callable[[Opened], None], opened: Opened, shows: object) -> None:
        """Draw only what shows something else than before: a menu that is open or words being marked stay."""
        key = place.id
        if key not in self._drawn or self._drawn[key] != shows:
            self._drawn[key] = shows
            place.clear()
            with place:
                draw(opened)

    def _draw_side(self, opened: Opened) -> None:
        if opened.record is not None:
            student_card(opened.record, by=self._member.id, reveals=self._may(Action.SEE_NUMBERS))
        elif opened.hidden:
            text('学员资料由其他同事负责，您无权查看。', 'muted', tag='div')
            return
        else:
            text('还没有关联学员', tag='b')
            text('关联后，AI 起草时会参考学员的课程和课时。', 'muted', tag='div')
        if self._may(Action.EDIT_STUDENTS):
            with row():
                words = '更换学员' if opened.record is not None else '关联学员'
                button(words, self._linking.show, kind='quiet' if opened.record is not None else '', small=True)

    def _take(self, words: str) -> None:
        if self._composer is not None:
            self._composer.take(words)

    def _sent(self) -> None:
        if self._before is not None:
            background_tasks.create(self._to_end(), name='to the end')
        else:
            self._lines_place.run_method('toEnd')

    async def _recall(self, message_id: int) -> None:
        if not await confirm('撤回这条消息？', '家长可能已经看过。只在企业微信里撤回。', ok='撤回'):
            return
        with refusals_shown():
            recall = await transact(recalls.begin, message_id, by=self._member.id)
            for msgid in recall.msgids:
                await to_thread(parts().channels.recall, recall.channel, msgid)
            await transact(recalls.done, recall, by=self._member.id)
            ui.notify('已撤回')

    async def _retry(self, message_id: int) -> None:
        with refusals_shown():
            await transact(deliveries.retry, message_id, by=self._member.id)
            ui.notify('已重新排队发送')

    async def _remove_note(self, note_id: int) -> None:
        if await confirm('删除这条备注？', '同事也不再看到它。', ok='删除'):
            with refusals_shown():
                await transact(notes.remove, note_id, by=self._member.id)

    async def _link(self, student_id: int) -> None:
        await transact(students.link, self.conversation_id, student_id, by=self._member.id)

    async def _load_older(self) -> None:
        self._limit += PAGE
        await self.reload()

    async def _load_later(self) -> None:
        """The next ones below; at the end, whatever comes."""
        last = self._opened.listed.conversation.last_seq if self._opened else 0
        if self._before is not None:
            self._limit += PAGE
            self._before = self._before + PAGE if self._before + PAGE <= last else None
        await self.reload()

    async def _to_end(self) -> None:
        self._before, self._limit = None, PAGE
        self._lines.clear()
        await self.reload()
        self._lines_place.run_method('toEnd')

    async def _ask_day(self) -> None:
        with ui.dialog() as dialog, ui.element('div').classes('dialog'):
            text('跳到某一天', tag='h3')
            on = ui.input('日期').props('type=date autofocus')

            async def go() -> None:
                with refusals_at({'day': on}):
                    await self._jump(day('day', on.value))
                    dialog.close()

            on_enter(on, go)
            with ui.element('div').classes('actions end'):
                button('取消', dialog.close)
                button('跳转', go, kind='primary')
        dialog.on('hide', dialog.delete)
        dialog.open()

    async def _jump(self, on: date | None) -> None:
        """Show what was said from this day on. Raises `Invalid` if nothing was."""
        if on is None:
            raise Invalid('day', '请选择日期。')
        seq = await read(inbox.first_since, self.conversation_id, on, by=self._member.id)
        if seq is None:
            raise Invalid('day', '这一天之后没有消息。')
        await self.to_line(seq)

    async def to_line(self, seq: int) -> None:
        """Show what was said from this message on."""
        last = self._opened.listed.conversation.last_seq if self._opened else seq
        self._before, self._limit = (seq + PAGE, PAGE) if seq + PAGE <= last else (None, max(PAGE, last - seq + 1))
        self._lines.clear()
        await self.reload()
        self._lines_place.run_method('toLine', seq)

    def _gone(self, refusal: ConsoleError) -> None:
        if self._lines_place.is_deleted:
            return
        self._place.clear()
        with self._place, ui.element('div').classes('nobody'):
            empty_state('会话已不在', str(refusal), action='返回列表', on_action=self._on_back)
