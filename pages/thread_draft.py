"""What stands below the messages: a reply that waits for release, or how far the AI is with one."""

from nicegui import ui

from console import draft_decisions, replies, staff
from console.database import transact
from console.inbox import Opened
from console.parts import parts
from console.staff import Action
from models import ACTIVE_TURN, Draft, Staff, TurnStatus
from pages.thread_media import unsent
from pages.widgets import button, chip, refusals_shown, row, text


class ThreadDraft:
    """`draw` it anew whenever `shows` says something else."""

    def __init__(self, conversation_id: int, member: Staff) -> None:
        self._conversation_id = conversation_id
        self._member = member

    @staticmethod
    def shows(opened: Opened) -> object:
        draft, turn, conversation = opened.draft, opened.turn, opened.listed.conversation
        waits = conversation.waiting_since, conversation.taken_over, conversation.status
        return draft and (draft.id, draft.version), turn and (turn.id, turn.status), waits

    def draw(self, opened: Opened) -> None:
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
                if staff.may(self._member.role, Action.PROPOSE_REPLY):
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
                return
            if opened.quiet:
                text('现在是免打扰时段，通过后仍会马上发出。', 'padded muted', tag='div')
            with row('actions padded'):
                if not blocked:
                    button('通过并发送', lambda: self._approve(draft), kind='primary', small=True)
                with ui.element('a').classes('btn small').props(f'href=/review?draft={draft.id}'):
                    text('去审核')

    async def _approve(self, draft: Draft) -> None:
        with refusals_shown():
            await transact(
                draft_decisions.approve, draft.id, version=draft.version, by=self._member.id, undo=parts().undo
            )
            ui.notify('已通过')

    async def _ask_ai(self) -> None:
        with refusals_shown():
            await transact(replies.ask_ai, self._conversation_id, by=self._member.id)
