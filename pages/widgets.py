"""Small parts that pages are made of. They take data and callbacks, and know nothing of the database."""

import inspect
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal, Self

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from nicegui.elements.mixins.validation_element import ValidationElement
from nicegui.elements.mixins.value_element import ValueElement

from console.errors import ConsoleError

Handler = Callable[[], Awaitable[Any] | Any]
Tone = Literal['', 'good', 'warn', 'danger', 'info']

for field in (ui.input, ui.textarea, ui.select, ui.number):
    field.default_props('outlined dense stack-label hide-bottom-space no-error-icon')


class Text(TextElement):
    """Words in a tag of one's choice, as text: nothing in it is ever read as HTML."""

    def __init__(self, text: str, tag: str = 'span') -> None:
        super().__init__(tag=tag, text=text)


class Button(ui.element):
    """A plain button. While its handler runs, further clicks do nothing.

    The handler runs at the top of the page, so that what it opens or says outlives a refresh of the button's list.
    """

    def __init__(self, on_click: Handler) -> None:
        super().__init__('button')
        self._on_click = on_click
        self._busy = False
        self.props('type=button')
        self.on('click', self._clicked)

    def enable(self, enabled: bool = True) -> None:
        if enabled:
            self.props(remove='disabled')
        else:
            self.props('disabled')

    async def _clicked(self) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            with self.client.content:
                await _run(self._on_click)
        finally:
            self._busy = False


def text(words: str, classes: str = '', *, tag: str = 'span') -> Text:
    """`.set_text(…)` changes it."""
    made = Text(words, tag)
    return made.classes(classes) if classes else made


def icon(name: str) -> None:
    """One of assets/icons.svg; decoration only, so whatever holds it needs words of its own."""
    with ui.element('svg').classes('icon').props('aria-hidden=true'):
        ui.element('use').props(f'href=/assets/icons.svg#{name}')


def button(
    words: str,
    on_click: Handler,
    *,
    kind: Literal['', 'primary', 'quiet', 'danger'] = '',
    key: str | None = None,
    disabled: bool = False,
    small: bool = False,
) -> Button:
    """`key` is shown on it; `shortcuts` makes it work. `on_click` takes nothing and may be async."""
    made = Button(on_click)
    made.classes(f'btn {kind} {"small" if small else ""}')
    made.enable(not disabled)
    with made:
        text(words)
        if key:
            text(key.upper(), tag='kbd').props('aria-hidden=true')
    return made


def icon_button(name: str, label: str, on_click: Handler) -> Button:
    """A square button with a picture; `label` is read aloud and shown on hover."""
    made = Button(on_click)
    made.classes('btn quiet icon-only')
    made.props['aria-label'] = made.props['title'] = label
    with made:
        icon(name)
    return made


def copy_button(words: str, label: str = '复制') -> None:
    """Puts `words` on the clipboard, in the browser alone."""
    made = ui.element('button').classes('btn small').props('type=button')
    made.props['data-copy'] = words
    with made:
        text(label, 'todo')
        text('已复制', 'done').props('role=status')
        text('没能复制，请手动选择', 'failed')


def chip(words: str, tone: Tone = '') -> Text:
    return text(words, f'chip {tone}')


def avatar(name: str) -> Text:
    """The first sign of a name in a circle."""
    return text(name.strip()[:1] or '?', 'avatar').props('aria-hidden=true')


def panel(classes: str = '') -> ui.element:
    """A card with a hairline; use as a context. Add the class `padded` for text."""
    return ui.element('section').classes(f'panel {classes}')


def row(classes: str = '') -> ui.element:
    """Side by side, centred; use as a context."""
    return ui.element('div').classes(f'row {classes}')


def stack(classes: str = '') -> ui.element:
    """One below the other; use as a context."""
    return ui.element('div').classes(f'stack {classes}')


def waiting_clock(since: datetime) -> ui.element:
    """How long somebody has been waiting; ticks in the browser, amber after 5 minutes, red after 15."""
    clock = ui.element('waiting-clock')
    clock.props['since'] = since.isoformat()
    return clock


def ago(at: datetime) -> ui.element:
    """3 分钟前, with the full time on hover; ticks in the browser."""
    moment = ui.element('time-ago')
    moment.props['at'] = at.isoformat()
    return moment


def empty_state(title: str, hint: str = '', *, action: str = '', on_action: Handler | None = None) -> None:
    """What this list is for, and the one next step."""
    with ui.element('div').classes('nothing'):
        text(title, tag='b')
        if hint:
            text(hint)
        if on_action is not None:
            button(action, on_action)


def error_state(words: str, on_retry: Handler) -> None:
    """What went wrong, with a way to try again."""
    with ui.element('div').classes('nothing').props('role=alert'):
        text('没能加载', tag='b')
        text(words)
        button('重试', on_retry)


def skeleton(lines: int = 4) -> None:
    """Grey lines while a list is being fetched."""
    with stack('padded').props('aria-busy=true aria-label=正在加载'):
        for _ in range(lines):
            ui.element('div').classes('skeleton')


async def confirm(title: str, words: str = '', *, danger: bool = True, ok: str = '确定') -> bool:
    """Ask once before something final. `title` names the thing. A second Enter calls off what is dangerous."""
    with ui.dialog() as dialog, ui.element('div').classes('dialog').props('role=alertdialog'):
        text(title, tag='h3')
        if words:
            text(words, 'words', tag='p')
        with ui.element('div').classes('actions end'):
            no = button('取消', lambda: dialog.submit(False))
            yes = button(ok, lambda: dialog.submit(True), kind='danger' if danger else 'primary')
            (no if danger else yes).props('autofocus')
    answer = bool(await dialog)
    if not dialog.is_deleted:  # it went with its tab
        dialog.delete()
    return answer


class Form(ui.dialog):
    """A dialog to fill in; use as a context. Esc and a click beside it ask first, once something was changed.

    What counts is the difference to what stood in the fields when it was opened, so fill them before.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asking = False
        self._before: dict[int, Any] = {}
        self.props('persistent').on('shake', self._left)  # how a persistent dialog says that somebody wants out

    def open(self) -> Self:
        self._before = self._filled()
        return super().open()

    def _filled(self) -> dict[int, Any]:
        fields = (one for one in self.descendants() if isinstance(one, ValueElement))
        return {one.id: one.value for one in fields if one.value}

    async def _left(self) -> None:
        if self._asking:
            return
        self._asking = True
        try:
            with self.client.content:
                if self._filled() == self._before or await confirm('放弃修改？', '填写的内容不会保存。', ok='放弃'):
                    self.close()
        finally:
            self._asking = False


def keep_rows(place: ui.element, rows: dict[int, ui.element], wanted: Mapping[int, Callable[[], ui.element]]) -> None:
    """Show these, in this order. What is shown already stays where it is: a click on it must not be lost."""
    for gone in rows.keys() - wanted.keys():
        rows.pop(gone).delete()
    for position, (key, draw) in enumerate(wanted.items()):
        if key not in rows:
            with place:
                rows[key] = draw()
            rows[key].move(target_index=position)


@contextmanager
def refusals_shown() -> Iterator[None]:
    """Turn an expected refusal into a notice. Anything else stays a crash, which is logged and told by the page."""
    try:
        yield
    except ConsoleError as refusal:
        ui.notify(str(refusal), type='warning')


@contextmanager
def refusals_at(fields: Mapping[str, ValidationElement[Any]]) -> Iterator[None]:
    """Show a refusal that names one of `fields`, as its field or its reason, right there; any other as a notice."""
    for field in fields.values():
        field.error = None
    try:
        yield
    except ConsoleError as refusal:
        at = fields.get(refusal.field or refusal.reason or '')
        if at is None:
            ui.notify(str(refusal), type='warning')
        else:
            at.error = str(refusal)
            at.run_method('focus')


def shortcuts(keys: Mapping[str, tuple[str, Handler]]) -> ui.element:
    """Single keys and what they do: `{'j': ('下一条', handler)}`; Enter, ArrowDown … go by the browser's names.

    They rest while somebody types. Made inside a dialog they work while it is open, and the page's rest.
    """
    known = dict(keys)

    async def pressed(event: Any) -> None:
        if event.args in known:
            with listener.client.content:
                await _run(known[event.args][1])

    listener = ui.element('span').props('hidden')
    listener.props['data-keys'] = json.dumps({key: word for key, (word, _) in known.items()}, ensure_ascii=False)
    listener.on('shortcut', pressed, js_handler='(event) => emit(event.detail)')
    return listener


def on_enter(field: ui.element, handler: Callable[..., Any] | None = None, *, js: str = 'emit()') -> None:
    """What Enter does in a text field: `js` in the browser, which may `emit` to `handler`.

    The Enter that ends an input method's composition only takes the signs into the field.
    """
    field.on('keydown.enter', handler, js_handler=f'(event) => {{ if (!composing(event)) {js} }}')


async def _run(handler: Handler) -> None:
    outcome = handler()
    if inspect.iscoroutine(outcome):  # a dialog can be awaited too, and would open again
        await outcome
