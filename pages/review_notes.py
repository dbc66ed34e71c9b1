"""What is to be noticed about the item in hand, in words, with the ways out; and what was done to it."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from console.drafts import WORDS
from console.review_desk import Opened
from models import DraftStatus
from pages.widgets import ago, button, copy_button, row, stack, text

ACTIONS = {
    'proposed': '起草',
    'edited': '修改',
    'approved': '通过',
    'auto-approved': '自动回复',
    'rejected': '退回',
    'undone': '撤销了上一步',
    'regenerate': '要求换一版',
    'superseded': '已过期',
    'expired': '超时失效',
    'sending': '开始发送',
    'sent': '企业微信已接收',
    'failed': '发送失败',
    'retried': '重新发送',
}

Act = Callable[[], Awaitable[None]]


class Notes:
    """`told` is news to be read once; `left` are unsaved words of an earlier visit."""

    def __init__(
        self,
        *,
        on_take_theirs: Act,
        on_keep_mine: Act,
        on_go_on: Callable[..., Awaitable[None]],
        on_use: Callable[[str], Awaitable[None]],
        on_discard: Act,
    ) -> None:
        self.told = ''
        self.left = ''
        self._on_take_theirs = on_take_theirs
        self._on_keep_mine = on_keep_mine
        self._on_go_on = on_go_on
        self._on_use = on_use
        self._on_discard = on_discard
        self._place = stack('notes').props('aria-live=polite')

    def show(self, opened: Opened, theirs: Opened | None, *, own: str, parts: int) -> None:
        """`own` is the text in the editor, if the person changed it; `parts` how many messages it makes."""
        self._place.clear()
        with self._place:
            if opened.stale:
                self._stale(opened, own)
            elif not opened.open:
                self._closed(opened, own)
            elif theirs is not None:
                self._conflict(theirs)
            elif opened.draft_id is None and not opened.writing:
                with _note('danger'):
                    text('AI 不可用，请人工回复', tag='b')
                    text(opened.failure or '', 'words')
            elif opened.failure:
                with _note('warn'):
                    text('没能写出新版本', tag='b')
                    text(opened.failure, 'words')
            if opened.open:
                _outlook(opened, parts)
            if opened.open and opened.writing:
                with _note('busy'):
                    text('正在起草…', tag='b')
                    text('当前版本会保留，写好后自动换上。' if opened.draft_id else '写好后会自动出现在这里。')
            if opened.open and opened.needs_human:
                with _note('warn'):
                    text('需要人工', tag='b')
                    text('知识库里没有足够的依据，请补充或改写后再发出。')
            if self.told:
                with _note(''):
                    text(self.told)
            if self.left:
                self._left()
        self._place.set_visibility(bool(self._place.default_slot.children))

    def _stale(self, opened: Opened, own: str) -> None:
        with _note('warn'):
            text('家长又发来了新消息，本草稿已过期', tag='b')
            for words in opened.later:
                text(words or '（没有文字）', 'bubble words', tag='div')
            self._ways_on(opened, own)

    def _closed(self, opened: Opened, own: str) -> None:
        with _note('warn'):
            text(_what_became(opened), tag='b')
            if opened.reason:
                text(opened.reason, 'words')
            self._ways_on(opened, own)

    def _ways_on(self, opened: Opened, own: str) -> None:
        if own:
            text('您的文字仍在编辑框里，没有发送。')
        if opened.successor is None and opened.writing:
            text('新的草稿正在起草，会自动出现在队列里。')
        with row('wrap'):
            if opened.successor is not None:
                button('打开新草稿', lambda: self._on_go_on(carry=False), small=True)
            if opened.successor is not None and own:
                button('把我的文字带到新草稿', lambda: self._on_go_on(carry=True), small=True)
            if own:
                copy_button(own)

    def _conflict(self, theirs: Opened) -> None:
        with _note('danger'):
            text(f'{theirs.changed_by or "有人"}刚修改了这份草稿，您的文字没有保存，仍在编辑框里。对方的内容:', tag='b')
            text(theirs.content, 'bubble words', tag='div')
            with row('wrap'):
                button('采用对方的内容', self._on_take_theirs, small=True)
                button('保存我的文字', self._on_keep_mine, small=True)
                copy_button(theirs.content)

    def _left(self) -> None:
        with _note(''):
            text('您之前为上一版草稿写的文字没有保存:', tag='b')
            text(self.left, 'bubble words', tag='div')
            with row('wrap'):
                button('放入编辑框', lambda: self._on_use(self.left), small=True)
                copy_button(self.left)
                button('丢弃', self._on_discard, kind='quiet', small=True)


def _outlook(opened: Opened, parts: int) -> None:
    if opened.withheld:
        with _note('warn'):
            text('需由其他同事放行', tag='b')
            text(opened.withheld, 'words')
    if why := opened.outlook.why_not(parts):
        with _note('danger'):
            text('现在不能发给客户', tag='b')
            text(why, 'words')
    elif opened.outlook.told:
        with _note('warn'):
            text('由同事发给客户', tag='b')
            text(opened.outlook.told, 'words')


def happened(opened: Opened) -> None:
    """What was done to the draft, by whom and when."""
    for event in opened.history:
        with row('happened'):
            ago(event.at)
            times = f' {event.times} 次' if event.times > 1 else ''
            text(f'{event.who or "系统"} {ACTIONS.get(event.action, event.action)}{times}', 'grow')
            if event.action == 'approved' and opened.edit_size is not None:
                text(f'改动 {opened.edit_size} 字' if opened.edit_size else '原文未改', 'muted')
        if event.note:
            text(event.note, 'muted words', tag='div')


def replaced(before: str, *, on_use: Callable[[str], Awaitable[None]]) -> None:
    """The version before this one, folded away."""
    with ui.element('details').classes('fold'):
        text('上一版草稿', tag='summary')
        text(before, 'bubble ours words', tag='div')
        with row():
            copy_button(before)
            button('换回这一版的文字', lambda: on_use(before), kind='quiet', small=True)


def _note(tone: str) -> ui.element:
    return ui.element('div').classes(f'note tall {tone}')


def _what_became(opened: Opened) -> str:
    if opened.draft_id is None:
        if opened.successor is not None:
            return '这个会话已有新的草稿'
        return '这个会话已由人工接管' if opened.taken_over else '这个会话已有人回复'
    status = opened.status or DraftStatus.PENDING
    who = f'{opened.decided_by}' if opened.decided_by else ''
    return f'这份草稿{who}{WORDS[status]}，不能再修改或发送'
