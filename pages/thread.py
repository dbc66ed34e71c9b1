"""One conversation: what was said, the reply box, and the student it is about."""

from asyncio import to_thread
from collections.abc import Callable

from nicegui import background_tasks, ui

from console import conversations, deliveries, drafts, inbox, media_files, recalls, replies, staff, students
from console.database import read, transact
from console.errors import ConsoleError
from console.inbox import Opened
from console.parts import parts
from console.staff import Action
from models import ACTIVE_TURN, ConversationStatus, Draft, Staff, TurnStatus
from pages.layout import refusals_shown
from pages.student_card import student_card
from pages.student_link import LinkDialog
from pages.thread_lines import Lines
from pages.thread_media import attach_button, confirmed, unsent
from pages.thread_window import ThreadWindow, shows
from pages.widgets import Handler, avatar, button, chip, confirm, empty_state, icon_button, row, text, waiting_clock

PAGE = 50
PART_BYTES = 2048
"""What WeCom takes in one message."""
NOBODY = 0


class Thread:
    """Draws a conversation into the place it is made in, and keeps it true."""

    def __init__(self, conversation_id: int, member: Staff, *, on_back: Handler) -> None:
        self.conversation_id = conversation_id
        self._member = member
        self._on_back = on_back
        self._limit = PAGE
        self._opened: Opened | None = None
        self._drawn: dict[int, object] = {}

    def _may(self, action: Action) -> bool:
        return staff.may(self._member.role, action)

    async def open(self, place: ui.element) -> None:
        """Fetch, draw and mark as read. Raises `NotFound`, `NotAllowed`."""
        opened = await read(inbox.opened, self.conversation_id, by=self._member.id, limit=self._limit)
        self._place, self._opened = place, opened
        place.clear()
        with place:
            self._draw()
            self._show(opened)
        if opened.listed.conversation.unread:
            await transact(conversations.mark_read, self.conversation_id, by=self._member.id)

    async def reload(self) -> None:
        try:
            opened = await read(inbox.opened, self.conversation_id, by=self._member.id, limit=self._limit)
        except ConsoleError as refusal:
            self._gone(refusal)
            return
        if not self._lines_place.is_deleted:  # another one was opened meanwhile
            self._show(opened)

    def heard(self, conversation_id: int) -> None:
        """News of some conversation: reload if it is this one. A burst makes two reloads."""
        if conversation_id == self.conversation_id:
            background_tasks.create_lazy(self.reload(), name=f'thread {id(self)}')

    def heard_of_draft(self, _draft_id: int) -> None:
        self.heard(self.conversation_id)

    def heard_of_student(self, student_id: int) -> None:
        if self._opened is not None and self._opened.listed.contact.student_id == student_id:
            self.heard(self.conversation_id)

    async def toggle_hold(self) -> None:
        """Take over, or hand back to the AI."""
        opened = self._opened
        if opened is None or not self._may(Action.TAKE_OVER):
            return
        back = opened.listed.conversation.taken_over
        with refusals_shown():
            await transact(replies.hand_back if back else replies.take_over, self.conversation_id, by=self._member.id)
            ui.notify('已交还 AI' if back else '已接管，AI 不再起草')

    def write(self) -> None:
        if self._may(Action.PROPOSE_REPLY) and not self._box.is_deleted:
            self._box.run_method('write')

    def _draw(self) -> None:
        with ui.element('section').classes('thread').props('aria-label=对话'):
            with ui.element('div'):
                self._head = ui.element('header').classes('head')
                self._window = ui.element('div')
            with ui.element('chat-scroll').classes('scroll').props('tabindex=0') as self._lines_place:
                self._older = row('older')
                self._lines = Lines(
                    me=self._member.id,
                    alone=self._may(Action.SEND_ALONE),
                    on_retry=self._retry,
                    on_recall=self._recall,
                )
                self._below = ui.element('div').classes('below').props('aria-live=polite')
            if self._may(Action.PROPOSE_REPLY):
                self._box = self._composer()
        self._meter = ThreadWindow(self.conversation_id, self._member, may_move=self._may(Action.TAKE_OVER))
        self._side = ui.element('aside').classes('side').props('aria-label=学员')
        with self._older:
            button('加载更早的消息', self._load_older, kind='quiet', small=True)
        if self._may(Action.EDIT_STUDENTS):
            self._linking = LinkDialog(self._member, on_pick=self._link)

    def _show(self, opened: Opened) -> None:
        self._opened = opened
        conversation = opened.listed.conversation
        self._older.set_visibility(opened.older)
        self._lines.show(opened)
        draft, turn, record = opened.draft, opened.turn, opened.record
        waits = (conversation.waiting_since, conversation.taken_over, conversation.status)
        colleagues = [one.id for one in opened.colleagues]
        self._redraw(
            self._head, self._draw_head, opened, (opened.listed.title, waits, conversation.assignee_id, colleagues)
        )
        self._redraw(self._window, self._meter.draw, opened, shows(opened))
        self._redraw(
            self._below,
            self._draw_below,
            opened,
            (draft and (draft.id, draft.version), turn and (turn.id, turn.status), waits),
        )
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

    def _draw_head(self, opened: Opened) -> None:
        conversation = opened.listed.conversation
        resolved = conversation.status is ConversationStatus.RESOLVED
        icon_button('back', '返回列表', self._on_back).classes('back')
        avatar(opened.listed.title)
        with ui.element('div').classes('grow'), row():
            text(opened.listed.title, 'clip', tag='b')
            if conversation.taken_over:
                chip('已接管', 'warn')
            if resolved:
                chip('已解决', 'good')
            if conversation.waiting_since is not None:
                with ui.element('span').classes('waits'):
                    text('等待 ')
                    waiting_clock(conversation.waiting_since)
        if self._may(Action.TAKE_OVER):
            options = {NOBODY: '未分配'} | {one.id: one.name for one in opened.colleagues}
            if conversation.assignee_id and conversation.assignee_id not in options:
                options[conversation.assignee_id] = opened.names.get(conversation.assignee_id, '已离职')
            ui.select(
                options,
                value=conversation.assignee_id or NOBODY,
                on_change=lambda event: self._assign(event.value or None),
            ).classes('assignee').props('aria-label=负责人')
            button('交还 AI' if conversation.taken_over else '接管', self.toggle_hold, key='t', small=True)
            button('重新打开' if resolved else '已解决', lambda: self._resolve(not resolved), kind='quiet', small=True)
        button('学员', self._toggle_side, kind='quiet', small=True).classes('to-side')

    def _draw_below(self, opened: Opened) -> None:
        draft, turn, conversation = opened.draft, opened.turn, opened.listed.conversation
        if draft is not None:
            self._draw_draft(draft, opened)
        elif turn is not None and turn.status in ACTIVE_TURN:
            text('AI 正在起草回复…', 'note busy', tag='div')
        elif conversation.waiting_since is not None and not conversation.taken_over:
            failed = turn is not None and turn.status is TurnStatus.FAILED
            with ui.element('div').classes('note warn ask'):
                why = f'AI 没能写出草稿: {turn.last_error}' if failed and turn and turn.last_error else ''
                text(why or '家长在等待，还没有草稿。', 'grow words')
                if self._may(Action.PROPOSE_REPLY):
                    button('让 AI 起草', self._ask_ai, small=True)

    def _draw_draft(self, draft: Draft, opened: Opened) -> None:
        blocked = any(check['level'] == 'block' for check in draft.checks)
        by_hand = draft.author_id is not None
        with ui.element('div').classes('draft panel'):
            with ui.element('header'):
                who = opened.names.get(draft.author_id or 0, '同事') + '写的回复' if by_hand else 'AI 草稿'
                text(who, tag='b')
                chip('待审核', 'warn')
                if blocked:
                    chip('有检查项', 'danger')
            with ui.element('div').classes('padded words'):
                if opened.draft_media is not None:
                    unsent(opened.draft_media, draft_id=draft.id)
                else:
                    text(opened.shown(draft.content))
            if self._may(Action.REVIEW):
                with row('actions padded'):
                    if not blocked:
                        button('通过并发送', lambda: self._approve(draft), kind='primary', small=True)
                    with ui.element('a').classes('btn small').props(f'href=/review?draft={draft.id}'):
                        text('去审核')
            else:
                text('主管通过后会自动发给家长。', 'padded muted', tag='div')

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

    def _composer(self) -> ui.element:
        alone = self._may(Action.SEND_ALONE)
        box = ui.element('reply-box').props(f'data-keep={self.conversation_id} data-bytes={PART_BYTES}')
        with box:
            field = ui.element('textarea').props('rows=2 maxlength=8000 aria-label=回复')
            field.props['placeholder'] = '回复家长…' if alone else '写给家长的回复，主管审核后发出…'
            with row():
                if self._opened is not None and self._opened.listed.conversation.channel in replies.SENDS_FILES:
                    attach_button()
                text('', 'size num muted')
                with ui.element('div').classes('meter').props('aria-hidden=true'):
                    ui.element('i')
                text('', 'grow')
                text('Ctrl + Enter', 'hint', tag='kbd')
                with ui.element('button').classes('btn primary').props('type=button data-send disabled'):
                    text('发送' if alone else '提交审核')
        emit = '(event) => emit(event.detail)'
        box.on('given', lambda event: self._given(event.args), js_handler=emit)
        box.on('refused', lambda event: ui.notify(event.args, type='warning'), js_handler=emit)
        box.on('reply', lambda event: self._send(event.args), js_handler='(event) => emit(event.detail)')
        return box

    async def _send(self, words: str) -> None:
        kept: str | None = None
        try:
            with refusals_shown():
                outcome = await transact(replies.send, self.conversation_id, words, by=self._member.id)
                kept = words
                if isinstance(outcome, Draft):
                    ui.notify('已提交审核')
                self._lines_place.run_method('toEnd')
        finally:
            if not self._box.is_deleted:
                self._box.run_method('sent', kept)

    async def _given(self, media_file_id: int) -> None:
        """A file was uploaded: show it, and send it if that is confirmed."""
        alone = self._may(Action.SEND_ALONE)
        with refusals_shown():
            media = await read(media_files.seen, media_file_id, by=self._member.id)
            if not await confirmed(media, '发送' if alone else '提交审核'):
                await transact(media_files.withdraw, media_file_id, by=self._member.id)
                return
            outcome = await transact(replies.send_file, self.conversation_id, media_file_id, by=self._member.id)
            if isinstance(outcome, Draft):
                ui.notify('已提交审核')
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

    async def _approve(self, draft: Draft) -> None:
        with refusals_shown():
            await transact(drafts.approve, draft.id, version=draft.version, by=self._member.id, undo=parts().undo)
            ui.notify('已通过')

    async def _link(self, student_id: int) -> None:
        await transact(students.link, self.conversation_id, student_id, by=self._member.id)

    async def _ask_ai(self) -> None:
        with refusals_shown():
            await transact(replies.ask_ai, self.conversation_id, by=self._member.id)

    async def _assign(self, assignee_id: int | None) -> None:
        if self._opened is not None and assignee_id == self._opened.listed.conversation.assignee_id:
            return
        with refusals_shown():
            await transact(conversations.assign, self.conversation_id, assignee_id, by=self._member.id)
            ui.notify('已更改负责人')

    async def _resolve(self, resolved: bool) -> None:
        with refusals_shown():
            await transact(conversations.resolve, self.conversation_id, by=self._member.id, resolved=resolved)

    async def _load_older(self) -> None:
        self._limit += PAGE
        await self.reload()

    def _toggle_side(self) -> None:
        self._side.classes(toggle='shown')

    def _gone(self, refusal: ConsoleError) -> None:
        if self._lines_place.is_deleted:
            return
        self._place.clear()
        with self._place, ui.element('div').classes('nobody'):
            empty_state('会话已不在', str(refusal), action='返回列表', on_action=self._on_back)
