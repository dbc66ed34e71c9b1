"""The item in hand: the parent's words, the draft, what is to be noticed, and the decision."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from console import channel_names, draft_decisions, reservations, review_desk
from console.database import read, transact
from console.errors import ConsoleError
from console.review_desk import Opened
from models import DraftStatus
from pages.review_decisions import Decisions, OnDecided
from pages.review_editor import Editor, changes, evidence, preview
from pages.review_notes import Notes, happened, replaced
from pages.thread_media import unsent
from pages.widgets import avatar, button, chip, row, shortcuts, stack, text, waiting_clock

OnOpen = Callable[[int, str], Awaitable[None]]
FOCUS = """(event) => {
  if (event.detail !== 'e') return;
  const field = document.querySelector('.editor textarea');
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}"""


class Desk:
    """Lives until another item is taken in hand, so that a late click cannot reach the next one."""

    def __init__(
        self,
        opened: Opened,
        *,
        by: int,
        on_decided: OnDecided,
        on_open: OnOpen,
        on_scripts: Callable[[], None],
        wait: bool,
        carry: str = '',
    ) -> None:
        self.opened = opened
        self.version = opened.version
        self.theirs: Opened | None = None  # what another made of it while this person was typing
        self._by = by
        self._on_open = on_open
        self._on_scripts = on_scripts
        self.lock = asyncio.Lock()
        self.decisions = Decisions(self, by=by, on_decided=on_decided, wait=wait)
        self._draw()
        if carry and opened.open:
            self.editor.replace(carry, saved=False)

    async def reload(self) -> None:
        """Something changed somewhere: show what concerns this item, and leave alone what is being typed."""
        async with self.lock:
            if self.opened.draft_id is not None:
                opened = await read(review_desk.opened, self.opened.draft_id, by=self._by)
            else:
                opened = await read(review_desk.unanswered, self.opened.conversation_id, by=self._by)
            if self.gone:
                return
            await self._show(opened)
        replaced = self.opened.draft_id is None or self.opened.status is DraftStatus.SUPERSEDED
        if self.opened.successor is not None and replaced and not self.opened.stale and not self.editor.dirty:
            ui.notify('新版本已写好。')
            await self._on_open(self.opened.successor, '')

    async def save(self) -> None:
        """Keep what was typed. What cannot be kept stays in the field, with the reason beside it."""
        async with self.lock:
            words = self.editor.text
            if self.opened.draft_id is None or not self.opened.open or not self.editor.dirty or self.theirs:
                return
            self.editor.tell('正在保存…')
            try:
                draft = await transact(
                    draft_decisions.edit, self.opened.draft_id, version=self.version, by=self._by, content=words
                )
            except ConsoleError as refusal:
                self.editor.tell(str(refusal), bad=True)
                return
            self.version = draft.version
            self.editor.saved(words)

    async def hold(self) -> None:
        if self.opened.draft_id is not None and self.opened.open:
            await transact(reservations.hold, self.opened.draft_id, by=self._by)

    async def release(self) -> None:
        """Others need not see this person at it any longer."""
        if self.opened.draft_id is not None and self.opened.open:
            await transact(reservations.release, self.opened.draft_id, by=self._by)

    async def _show(self, opened: Opened) -> None:
        before, self.opened = self.opened, opened
        if opened.open and opened.version < self.version:
            self.opened = before  # read before our own change was kept
            return
        if opened.open and opened.version > self.version:
            if self.editor.dirty:
                self.theirs = opened
            else:
                self.version = opened.version
                self.editor.replace(opened.content)
                self.notes.told = f'{opened.changed_by or "有人"}刚修改了这份草稿，已更新为最新内容。'
        if opened != before:
            self._refresh()

    def _refresh(self) -> None:
        self._notice()
        self._head.refresh()
        self._checks.refresh()
        self._below.refresh()
        self._events.refresh()

    async def _paused(self) -> None:
        """The person stopped typing for a moment."""
        await self.save()
        if not self.gone:
            self._below.refresh()
            self._notice()

    def _left(self, about: str, words: str) -> None:
        """An earlier visit in this tab left words that were never kept."""
        if words == self.editor.text:
            self.editor.forget(words)
        elif about == self._about and self.opened.open and not self.editor.dirty:
            self.editor.replace(words, saved=False)
            self.notes.told = '已恢复您上次没来得及保存的文字。'
            self._refresh()
        elif words.strip():
            self.notes.left = words
            self._refresh()

    async def _take_theirs(self) -> None:
        if self.theirs is not None:
            self.version = self.theirs.version
            self.editor.replace(self.theirs.content)
            self.theirs = None
            self._refresh()

    async def _keep_mine(self) -> None:
        if self.theirs is not None:
            self.version = self.theirs.version
            self.theirs = None
            await self.save()
            self._refresh()

    async def _use(self, words: str) -> None:
        self.notes.left = ''
        self.editor.replace(words, saved=False)
        self._refresh()

    async def _discard_left(self) -> None:
        self.editor.forget(self.notes.left)
        self.notes.left = ''
        self._refresh()

    async def _go_on(self, *, carry: bool) -> None:
        if self.opened.successor is not None:
            await self._on_open(self.opened.successor, self.editor.text if carry else '')

    @property
    def conversation(self) -> str:
        return f'/conversations/{self.opened.conversation_id}'

    @property
    def hindrance(self) -> str:
        """Why what is in the editor could not be sent now; empty if it could."""
        return self.opened.withheld or self.opened.outlook.why_not(self.editor.parts)

    @property
    def gone(self) -> bool:
        """Whether another item was taken in hand meanwhile."""
        return self.editor.field.is_deleted

    @property
    def _about(self) -> str:
        return f'draft-{self.opened.draft_id}'

    def _draw(self) -> None:
        self._head()
        self.notes = Notes(
            on_take_theirs=self._take_theirs,
            on_keep_mine=self._keep_mine,
            on_go_on=self._go_on,
            on_use=self._use,
            on_discard=self._discard_left,
        )
        with stack('said'):
            text('家长说', tag='h2')
            for words in self.opened.said:
                text(words or '（没有文字）', 'bubble words', tag='div')
        self._checks()
        self.editor = Editor(
            self.opened.content,
            place=f'conversation-{self.opened.conversation_id}',
            about=self._about,
            footnote=_footnote(self.opened),
            on_pause=self._paused,
            on_kept=self._left,
            on_send=self.decisions.approve,
        )
        with ui.element('div').classes('decision'):
            self._actions()
        with stack():
            self._below()
        if self.opened.draft_id is not None:
            with ui.element('details').classes('fold'):
                text('经过', tag='summary')
                self._events()
        if self.opened.before is not None:
            replaced(self.opened.before, on_use=self._use)
        self._keys()
        self._notice()

    @ui.refreshable_method
    def _head(self) -> None:
        opened = self.opened
        with row('head'):
            avatar(opened.title)
            with ui.element('div').classes('grow'):
                with row('wrap'):
                    text(opened.title, tag='b')
                    chip(channel_names.NAMES[opened.channel], 'info')
                    if opened.held_by:
                        chip(f'{opened.held_by} 正在看', 'warn')
                with ui.element('small'):
                    if opened.since is not None:
                        text('等待 ')
                        waiting_clock(opened.since)
                        text(' · ')
                    with ui.element('a').props(f'href={self.conversation}'):
                        text('打开会话')

    @ui.refreshable_method
    def _checks(self) -> None:
        if not self.opened.checks:
            return
        with stack():
            for check in self.opened.checks:
                with ui.element('div').classes(f'note {"danger" if check["level"] == "block" else "warn"}'):
                    text(check['text'], 'words')
                    if check['detail'] and check['detail'] not in check['text']:
                        text(check['detail'], 'words', tag='b')

    @ui.refreshable_method
    def _below(self) -> None:
        opened, words = self.opened, self.editor.text
        if opened.media is not None:
            unsent(opened.media, draft_id=opened.draft_id)
            return
        preview(words)
        if opened.sources:
            with stack():
                text('依据' if not self.editor.dirty else '依据 (按已保存的内容)', tag='h2')
                evidence(opened.sources, [check['detail'] for check in opened.checks if check['level'] == 'block'])
        if opened.draft_id is not None and words != opened.original and not opened.by_hand:
            with stack():
                text('与 AI 原文的差异', tag='h2')
                changes(opened.original, words)

    @ui.refreshable_method
    def _events(self) -> None:
        happened(self.opened)

    def _actions(self) -> None:
        decisions = self.decisions
        if self.opened.draft_id is not None:
            self._buttons = [
                button('通过并下一条', decisions.approve, kind='primary', key='a'),
                button('编辑', lambda: self.editor.field.run_method('focus'), key='e'),
                button('换一版', decisions.regenerate, key='g'),
                button('话术', self._scripts, key='s'),
                button('退回', decisions.reject, key='r'),
                button('接管', decisions.take_over, kind='quiet', key='t'),
            ]
        else:
            self._buttons = [
                button('发送回复', decisions.approve, kind='primary', key='a'),
                button('写回复', lambda: self.editor.field.run_method('focus'), key='e'),
                button('重新起草', decisions.regenerate, key='g'),
                button('话术', self._scripts, key='s'),
                button('接管', decisions.take_over, kind='quiet', key='t'),
            ]
        text('? 按键', 'muted hint')

    def _notice(self) -> None:
        """Say what is to be noticed, and offer only what can be done."""
        words = self.editor.text
        own = words if self.editor.dirty or words != self.opened.original else ''
        self.notes.show(self.opened, self.theirs, own=own, parts=self.editor.parts)
        for made in self._buttons:
            made.enable(self.opened.open and self.theirs is None)
        release = self._buttons[0]
        release.props['title'] = self.hindrance
        if self.hindrance:
            release.enable(False)

    def _scripts(self) -> None:
        if self.opened.open and self.opened.media is None:
            self._on_scripts()

    def _keys(self) -> None:
        keys: dict[str, tuple[str, Callable[[], Any]]] = {
            'a': ('通过并到下一条', self.decisions.approve),
            'e': ('编辑', lambda: None),
            'g': ('换一版', self.decisions.regenerate),
            's': ('插入话术', self._scripts),
            't': ('接管会话', self.decisions.take_over),
        }
        if self.opened.draft_id is not None:
            keys['r'] = ('退回，再按 1–7 选理由', self.decisions.reject)
        # The browser itself moves the focus: a word typed right after E must not be taken for keys.
        shortcuts(keys).on('shortcut', js_handler=FOCUS)


def _footnote(opened: Opened) -> str:
    if opened.draft_id is None:
        return '您的回复'
    if opened.by_hand:
        return opened.writer
    prompt = f'提示词 {opened.prompt_version}' if opened.prompt_version else ''
    seconds = f'{opened.duration_ms / 1000:.1f} 秒' if opened.duration_ms is not None else ''
    return ' · '.join(filter(None, ('AI 草稿', opened.writer, prompt, seconds)))
