"""Of a 微信客服 conversation: who answers it, what may still go out and until when, and handing it over."""

from functools import partial

from nicegui import ui

from console import kf, kf_sessions, kf_window
from console.inbox import Opened
from console.parts import parts
from models import UNFINISHED, Channel, SessionState, Staff, utc_now
from pages.widgets import button, chip, confirm, refusals_shown, row, text

FEW = 2
IN_WECOM = (SessionState.POOL, SessionState.SERVICER)


def shows(opened: Opened) -> object:
    """What the line shows; the same again need not be drawn again."""
    conversation = opened.listed.conversation
    window = _window(opened)
    return conversation.session_state, conversation.servicer, window.left, _hours(window), window.why_closed


class ThreadWindow:
    """The line below the title. Nothing for other channels."""

    def __init__(self, conversation_id: int, member: Staff, *, may_move: bool) -> None:
        self._conversation_id = conversation_id
        self._member = member
        self._may_move = may_move
        self._client = parts().channels.kf
        with ui.dialog() as self._dialog, ui.element('div').classes('dialog'):
            text('转给接待人员', tag='h3')
            text('之后由对方在企业微信中回复，系统不能发送。', 'muted', tag='div')
            self._found = ui.element('div').classes('list found').props('aria-live=polite')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)

    def draw(self, opened: Opened) -> None:
        conversation = opened.listed.conversation
        if conversation.channel is not Channel.KF:
            return
        with row('window'):
            chip(_who_answers(opened), 'info' if conversation.session_state in IN_WECOM else '')
            window = _window(opened)
            if window.open:
                words = f'剩 {window.left} 条 · 还剩 {_hours(window)} 小时'
                text(words, 'num few' if window.left <= FEW else 'num muted')
            else:
                text(window.why_closed, 'few words')
            if self._may_move and self._client is not None:
                if conversation.session_state in IN_WECOM:
                    button('结束人工接待', self._take_back, kind='quiet', small=True)
                elif conversation.session_state != SessionState.ENDED:
                    button('转人工', self._offer, kind='quiet', small=True)

    async def _offer(self) -> None:
        if self._client is None:
            return
        with refusals_shown():
            found = await kf.servicers(self._client, self._conversation_id, by=self._member.id)
            self._found.clear()
            with self._found:
                for userid, name in found.items():
                    made = ui.element('button').classes('pick').props('type=button')
                    made.on('click', partial(self._hand_over, userid, name))
                    with made:
                        text(name, tag='b')
                        if name != userid:
                            text(userid, 'muted')
                if not found:
                    text('现在没有可接待的人员。请在企业微信管理后台添加，或请接待人员恢复接待。', 'muted', tag='div')
            self._dialog.open()

    async def _hand_over(self, userid: str, name: str) -> None:
        if self._client is None:
            return
        with refusals_shown():
            await kf.hand_to_servicer(self._client, self._conversation_id, userid, by=self._member.id)
            self._dialog.close()
            ui.notify(f'已转给 {name}')

    async def _take_back(self) -> None:
        words = '企业微信中的这次接待会结束，客户下次发言后由系统接待。'
        if self._client is None or not await confirm('结束人工接待', words, danger=False, ok='结束接待'):
            return
        with refusals_shown():
            await kf.take_back(self._client, self._conversation_id, by=self._member.id)
            ui.notify('人工接待已结束')


def _window(opened: Opened) -> kf_window.Window:
    on_their_way = [
        part
        for parts_of_one in opened.parts.values()
        for part in parts_of_one
        if part.status in UNFINISHED and part.kind not in kf_window.ON_EVENT
    ]
    return kf_window.of(opened.listed.conversation, queued=len(on_their_way))


def _hours(window: kf_window.Window) -> int:
    """Whole hours left."""
    return max(0, int((window.ends_at - utc_now()).total_seconds() // 3600)) if window.ends_at else 0


def _who_answers(opened: Opened) -> str:
    conversation = opened.listed.conversation
    state = conversation.session_state
    words = kf_sessions.WORDS.get(state, '接待状态未知')
    if state == SessionState.SERVICER and conversation.servicer:
        names = {one.wecom_userid: one.name for one in opened.colleagues if one.wecom_userid}
        return f'{words} · {names.get(conversation.servicer, conversation.servicer)}'
    return words
