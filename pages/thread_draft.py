"""What stands below the messages: a reply that waits for release, or how far the AI is with one."""

from collections.abc import Callable
from functools import partial

from nicegui import ui

from console import draft_decisions, replies, staff
from console.database import transact
from console.inbox import Opened
from console.offers import Offer
from console.parts import parts
from console.staff import Action
from models import ACTIVE_TURN, Draft, Staff, TurnStatus
from pages.review_snack import Snack
from pages.thread_media import unsent
from pages.widgets import button, chip, refusals_shown, row, text


class ThreadDraft:
    """`draw` it anew whenever `shows` says something else. `on_take` is given words for the reply box."""

    def __init__(self, conversation_id: int, member: Staff, *, snack: Snack, on_take: Callable[[str], None]) -> None:
        self._conversation_id = conversation_id
        self._member = member
        self._snack = snack
        self._on_take = on_take

    @staticmethod
    def shows(opened: Opened) -> object:
        draft, turn, conversation = opened.draft, opened.turn, opened.listed.conversation
        waits = conversation.waiting_since, conversation.taken_over, conversation.status
        refused = opened.refused and (opened.refused.draft_id, opened.refused.version)
        return draft and (draft.id, draft.version), refused, turn and (turn.id, turn.status), waits

    def draw(self, opened: Opened) -> None:
        draft, turn, conversation = opened.draft, opened.turn, opened.listed.conversation
        if draft is not None:
            self._draw_draft(draft, opened)
        elif turn is not None and turn.status in ACTIVE_TURN:
            text('AI 正在起草回复…', 'note busy', tag='div')
        elif opened.refused is not None:
            self._draw_refused(opened.refused, opened)
        elif conversation.waiting_since is not None and not conversation.taken_over:
            failed = turn is not None and turn.status is TurnStatus.FAILED
            with ui.element('div').classes('note warn ask'):
                why = f'AI 没能写出草稿: {turn.last_error}' if failed and turn and turn.last_error else ''
                text(why or '家长在等待，还没有草稿。', 'grow words')
                if staff.may(self._member.role, Action.PROPOSE_REPLY):
                    button('让 AI 起草', self._ask_ai, small=True)

    def _draw_refused(self, refused: Offer, opened: Opened) -> None:
        """It stays until something else is said: she reads why, and goes on from her own words."""
        conversation = opened.listed.conversation
        waits = conversation.waiting_since is not None
        with ui.element('div').classes('draft panel'):
            with ui.element('header'):
                text(opened.names.get(refused.author_id or 0, '同事') + '写的回复', tag='b')
                chip('已退回', 'danger')
            text(refused.text, 'padded words', tag='div')
            why = '：'.join(filter(None, (refused.reason, refused.remark)))
            with ui.element('div').classes('padded'):
                text(f'{refused.who or "主管"}退回: {why}', 'note warn words', tag='div')
            if staff.may(self._member.role, Action.PROPOSE_REPLY):
                with row('actions padded'):
                    if not refused.as_file:
                        button('放回输入框', partial(self._on_take, refused.text), small=True)
                    if waits and not conversation.taken_over:
                        button('让 AI 起草', self._ask_ai, small=True)

    def _draw_draft(self, draft: Draft, opened: Opened) -> None:
        blocked = any(check['level'] == 'block' for check in draft.checks)
        with ui.element('div').classes('draft panel'):
            with ui.element('header'):
                by_hand = opened.names.get(draft.author_id or 0, '同事') + '写的回复'
                text('AI 草稿' if draft.author_id is None else by_hand, tag='b')
                chip('待审核', 'warn')
                if blocked:
                    chip('有检查项', 'danger')
            with ui.element('div').classes('padded words'):
                if opened.draft_media is not None:
                    unsent(opened.draft_media, draft_id=draft.id)
                else:
                    text(opened.shown(draft.content))
            if opened.refusal:
                words = opened.refusal if staff.may(self._member.role, Action.REVIEW) else '主管通过后会自动发给家长。'
                text(words, 'padded muted', tag='div')
            elif opened.quiet:
                text('现在是免打扰时段，通过后仍会马上发出。', 'padded muted', tag='div')
            with row('actions padded'):
                if not opened.refusal:
                    self._draw_release(draft, blocked=blocked)
                if opened.draft_media is None and staff.may(self._member.role, Action.PROPOSE_REPLY):
                    button('放进回复框', partial(self._on_take, opened.shown(draft.content)), small=True)

    def _draw_release(self, draft: Draft, *, blocked: bool) -> None:
        if not blocked:
            button('通过并发送', lambda: self._approve(draft), kind='primary', small=True)
        with ui.element('a').classes('btn small').props(f'href=/review?draft={draft.id}'):
            text('去审核')

    async def _approve(self, draft: Draft) -> None:
        undo = parts().undo
        with refusals_shown():
            await transact(draft_decisions.approve, draft.id, version=draft.version, by=self._member.id, undo=undo)
            take_back = partial(self._take_back, draft.id) if undo else None
            self._snack.show('已通过', take_back, undo.total_seconds())

    async def _take_back(self, draft_id: int) -> None:
        with refusals_shown():
            await transact(draft_decisions.undo, draft_id, by=self._member.id)

    async def _ask_ai(self) -> None:
        with refusals_shown():
            await transact(replies.ask_ai, self._conversation_id, by=self._member.id)
