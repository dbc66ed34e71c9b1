"""The line above a conversation: whose it is, who answers, putting it aside, and ending it."""

from datetime import datetime
from functools import partial

from nicegui import ui

from console import conversations, inbox, replies, resolving, snoozing, staff
from console.database import read, transact
from console.errors import Invalid
from console.inbox import Opened
from console.staff import Action
from models import Conversation, ConversationStatus, Staff, utc_now
from pages.fields import moment
from pages.review_snack import Snack
from pages.widgets import (
    Button,
    Handler,
    avatar,
    button,
    chip,
    confirm,
    icon_button,
    refusals_at,
    refusals_shown,
    row,
    text,
    waiting_clock,
)

NOBODY = 0


class ThreadHead:
    """`draw` it anew whenever `shows` says something else, and in its `state` what `standing` says.

    They are apart since every message changes how things stand: a menu that is open in the head must stay.
    """

    state: ui.element

    def __init__(
        self, conversation_id: int, member: Staff, *, snack: Snack, on_back: Handler, on_side: Handler, on_day: Handler
    ) -> None:
        self._conversation_id = conversation_id
        self._member = member
        self._snack = snack
        self._on_back = on_back
        self._on_side = on_side
        self._on_day = on_day

    @staticmethod
    def shows(opened: Opened) -> object:
        conversation = opened.listed.conversation
        return (
            opened.listed.title,
            (conversation.taken_over, conversation.status is ConversationStatus.RESOLVED),
            conversation.snoozed_until is not None,
            conversation.assignee_id,
            [one.id for one in opened.colleagues],
        )

    @staticmethod
    def standing(opened: Opened) -> object:
        conversation = opened.listed.conversation
        return conversation.waiting_since, conversation.taken_over, conversation.status, conversation.snoozed_until

    def draw(self, opened: Opened) -> None:
        icon_button('back', '返回列表', self._on_back).classes('back')
        avatar(opened.listed.title)
        with ui.element('div').classes('grow'), row():
            text(opened.listed.title, 'clip', tag='b')
            self.state = row()
        if staff.may(self._member.role, Action.TAKE_OVER):
            self._draw_deeds(opened)
        icon_button('calendar', '跳到某一天', self._on_day)
        button('学员', self._on_side, kind='quiet', small=True).classes('to-side')

    async def toggle_hold(self, conversation: Conversation) -> None:
        """Take over, or hand back to the AI."""
        if not staff.may(self._member.role, Action.TAKE_OVER):
            return
        back = conversation.taken_over
        with refusals_shown():
            await transact(replies.hand_back if back else replies.take_over, self._conversation_id, by=self._member.id)
            ui.notify('已交还 AI' if back else '已接管，AI 不再起草')

    def draw_state(self, opened: Opened) -> None:
        conversation = opened.listed.conversation
        if conversation.taken_over:
            chip('已接管', 'warn')
        if conversation.status is ConversationStatus.RESOLVED:
            chip('已解决', 'good')
        if snoozing.is_due(conversation):
            chip('提醒到时', 'warn')
        elif conversation.snoozed_until is not None:
            chip(f'{snoozing.word(conversation.snoozed_until, utc_now())} 提醒', 'info')
        if conversation.waiting_since is not None:
            with ui.element('span').classes('waits'):
                text('等待 ')
                waiting_clock(conversation.waiting_since)

    def _draw_deeds(self, opened: Opened) -> None:
        conversation = opened.listed.conversation
        options = {NOBODY: '未分配'} | {one.id: one.name for one in opened.colleagues}
        if conversation.assignee_id and conversation.assignee_id not in options:
            options[conversation.assignee_id] = opened.names.get(conversation.assignee_id, '已离职')
        ui.select(
            options,
            value=conversation.assignee_id or NOBODY,
            on_change=lambda event: self._assign(event.value or None, conversation),
        ).classes('assignee').props('aria-label=负责人')
        hold = partial(self.toggle_hold, conversation)
        button('交还 AI' if conversation.taken_over else '接管', hold, key='t', small=True)
        if conversation.snoozed_until is not None:
            button('取消提醒', self._wake, kind='quiet', small=True)
        elif conversation.status is not ConversationStatus.RESOLVED:
            self._draw_snooze()
        if conversation.status is ConversationStatus.RESOLVED:
            button('重新打开', self._reopen, kind='quiet', small=True)
        else:
            button('已解决', self._resolve, kind='quiet', small=True)

    def _draw_snooze(self) -> None:
        def offer() -> None:
            times.clear()
            with times:
                for words, until in snoozing.offered(utc_now()).items():
                    pick = Button(partial(self._snooze, until, menu))
                    pick.props('role=menuitem')
                    with pick:
                        text(words)

        async def chosen() -> None:
            with refusals_at({'until': typed}):
                until = moment('until', typed.value)
                if until is None:
                    raise Invalid('until', '请选择日期和时间。')
                await self._put_aside(until, menu)

        with button('稍后', offer, kind='quiet', small=True).props('aria-haspopup=menu'):
            menu = ui.menu().props('anchor="bottom right" self="top right" :offset="[0, 6]"')
        with menu, ui.element('div').classes('menu snooze'):
            times = ui.element('div').classes('menu')
            with row():
                typed = ui.input().props('type=datetime-local aria-label=自选提醒时间')
                button('提醒', chosen, small=True)

    async def _snooze(self, until: datetime, menu: ui.menu) -> None:
        with refusals_shown():
            await self._put_aside(until, menu)

    async def _put_aside(self, until: datetime, menu: ui.menu) -> None:
        await transact(snoozing.snooze, self._conversation_id, until, by=self._member.id)
        if not menu.is_deleted:
            menu.close()
        self._snack.show(f'{snoozing.word(until, utc_now())} 再提醒您', self._wake)

    async def _wake(self) -> None:
        with refusals_shown():
            await transact(snoozing.wake, self._conversation_id, by=self._member.id)

    async def _assign(self, assignee_id: int | None, conversation: Conversation) -> None:
        if assignee_id == conversation.assignee_id:
            return
        with refusals_shown():
            await transact(conversations.assign, self._conversation_id, assignee_id, by=self._member.id)
            ui.notify('已更改负责人')

    async def _resolve(self) -> None:
        with refusals_shown():
            opened = await read(inbox.opened, self._conversation_id, by=self._member.id, limit=1)
            words = '还有一条回复在等待审核。标为已解决后，它不会再发给家长。'
            if opened.draft is not None and not await confirm('标为已解决？', words, danger=False, ok='标为已解决'):
                return
            await transact(resolving.resolve, self._conversation_id, by=self._member.id)
            self._snack.show('已标为已解决', self._reopen)

    async def _reopen(self) -> None:
        with refusals_shown():
            await transact(resolving.reopen, self._conversation_id, by=self._member.id)
