"""The text in hand: always editable, measured as WeCom measures it, and never lost while it is typed."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from difflib import SequenceMatcher
from typing import Any, Literal

from nicegui import background_tasks, ui

from console import drafts, message_parts
from console.message_parts import MOST_BYTES
from pages.widgets import row, text

SAVE_AFTER_SECONDS = 1.0
LONGEST_COMPARED = 4000

INSERT = """{
  const field = document.querySelector('.editor textarea');
  field.focus();
  field.setRangeText(%s, field.selectionStart, field.selectionEnd, 'end');
  field.dispatchEvent(new Event('input', { bubbles: true }));
}"""

Change = tuple[Literal['same', 'gone', 'new'], str]


class Editor:
    """`on_pause` is called a second after the last key; `on_kept` with what an earlier visit left unsaved."""

    def __init__(
        self,
        content: str,
        *,
        place: str,
        about: str,
        footnote: str,
        on_pause: Callable[[], Awaitable[None]],
        on_kept: Callable[[str, str], None],
        on_send: Callable[[], Awaitable[None]],
    ) -> None:
        self.base = content
        self._typed = 0
        self._on_pause = on_pause
        with ui.element('kept-words').classes('panel editor') as self._kept:
            self._kept.props['name'] = place
            self._kept.props['about'] = about
            self._kept.on('kept', lambda event: on_kept(event.args['about'], event.args['text']),
                          js_handler='(event) => emit(event.detail)')  # fmt: skip
            self.field = ui.textarea(value=content, on_change=self._changed)
            self.field.props(remove='outlined').props('borderless autogrow aria-label=回复内容')
            for modifier in ('ctrl', 'meta'):
                self.field.on(f'keydown.{modifier}.enter.prevent', on_send)
            with ui.element('footer'):
                text(footnote, 'grow clip')
                self._state = text('').props('role=status')
                self._parts = text('', 'parts')
                self._size = text('', 'num')
                with ui.element('div').classes('meter').props('aria-hidden=true'):
                    self._bar = ui.element('i')
        self._measure()

    @property
    def text(self) -> str:
        return self.field.value or ''

    @property
    def parts(self) -> int:
        """How many messages it will arrive as."""
        return message_parts.count(self.text)

    @property
    def dirty(self) -> bool:
        return self.text != self.base

    def replace(self, content: str, *, saved: bool = True) -> None:
        """Another text in the field; unless `saved`, as if the person had typed it."""
        if saved:
            self.base = content
        self.field.value = content
        self._measure()

    def insert(self, words: str) -> None:
        """Put them where the caret is, in place of what is selected, as if the person had typed them."""
        ui.run_javascript(INSERT % json.dumps(words))

    def saved(self, words: str) -> None:
        """The server has these words now."""
        self.base = words
        self.forget(words)
        self.tell('已保存' if not self.dirty else '')

    def forget(self, words: str) -> None:
        """This tab need not keep these words any longer."""
        self._kept.props['saved'] = words

    def tell(self, words: str, *, bad: bool = False) -> None:
        self._state.set_text(words)
        self._state.classes(replace='bad' if bad else '')

    def _changed(self) -> None:
        self._typed += 1
        self._measure()
        if self.dirty:
            self.tell('未保存')
        background_tasks.create(self._pause(self._typed), name='typing')

    async def _pause(self, typed: int) -> None:
        await asyncio.sleep(SAVE_AFTER_SECONDS)
        if typed == self._typed and not self.field.is_deleted:
            await self._on_pause()

    def _measure(self) -> None:
        size = len(self.text.encode(errors='replace'))
        self._size.set_text(f'{size:,} / {MOST_BYTES:,} 字节')
        self._parts.set_text(f'将分 {self.parts} 条发送' if self.parts > 1 else '')
        too_long = len(self.text) > drafts.LONGEST
        self._size.classes(replace='num bad' if too_long else 'num')
        share = size if size <= MOST_BYTES else size % MOST_BYTES or MOST_BYTES
        self._bar.style(f'width: {share / MOST_BYTES:.0%}')


def preview(words: str) -> None:
    """The messages a long text will arrive as."""
    pieces = message_parts.cut(words)
    if len(pieces) < 2:
        return
    with ui.element('details').classes('fold'):
        text(f'预览: 家长会收到 {len(pieces)} 条消息', tag='summary')
        for piece in pieces:
            text(piece, 'bubble ours words', tag='div')


def evidence(sources: tuple[dict[str, Any], ...], blocked: list[str]) -> None:
    """The text sentence by sentence with what each rests on; `blocked` are words that must not stay."""
    with ui.element('div').classes('evidence words'):
        for source in sources:
            found = any(words and words in source['sentence'] for words in blocked)
            kind = 'doubted' if found else source['kind']
            sentence = text(source['sentence'], f's {kind}')
            sentence.props['title'] = _origin(source)
    with row('legend wrap'):
        for kind, word in (
            ('knowledge', '知识库'),
            ('record', '学员档案'),
            ('customer', '家长的话'),
            ('none', '无依据'),
        ):
            if any(source['kind'] == kind for source in sources):
                text(word, f's {kind}')


def changes(before: str, after: str) -> None:
    """What was taken out of a text and what was put in."""
    with ui.element('div').classes('evidence words'):
        for kind, words in difference(before, after):
            text(words, tag={'same': 'span', 'gone': 'del', 'new': 'ins'}[kind])


def difference(before: str, after: str) -> list[Change]:
    """Runs of signs that both texts have, or only one. A lone sign between two changes belongs to them."""
    if len(before) + len(after) > LONGEST_COMPARED:
        return [('gone', before), ('new', after)]
    found: list[list[str]] = []  # same, gone, new
    for operation, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if operation == 'equal' and (j - i > 1 or not found or j == len(before)):
            found.append([before[i:j], '', ''])
        elif found and not found[-1][0]:
            found[-1][1] += before[i:j]
            found[-1][2] += after[k:m]
        else:
            found.append(['', before[i:j], after[k:m]])
    kinds: tuple[Literal['same', 'gone', 'new'], ...] = ('same', 'gone', 'new')
    return [(kind, words) for run in found for kind, words in zip(kinds, run, strict=True) if words]


def _origin(source: dict[str, Any]) -> str:
    match source['kind']:
        case 'knowledge':
            version = f' · 第 {source["version"]} 版' if source.get('version') else ''
            until = f' · 有效至 {source["valid_until"]}' if source.get('valid_until') else ''
            return f'知识库: {source["title"]}{version}{until}'
        case 'record':
            return '学员档案'
        case 'customer':
            return '家长的话'
        case 'courtesy':
            return '问候或客套话'
    return '无依据: 知识库、档案和对话里都没有找到'
