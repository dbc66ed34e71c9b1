"""A panel that reads as a list of facts and turns into a form where it stands."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from nicegui import ui

from console.errors import Invalid
from pages.student_card import fact
from pages.widgets import button, refusals_at, text


@dataclass(frozen=True, kw_only=True)
class Field:
    """One line of the form. `at`: the name a refusal gives the field, where it is another than `key`."""

    key: str
    label: str
    kind: Literal['text', 'words', 'date', 'number', 'choice'] = 'text'
    choices: dict[Any, str] = field(default_factory=dict)
    hint: str = ''
    at: str | None = None
    keeps: bool = False  # once filled it can be changed, but not emptied


# Whoever is quicker than the answer of the server already writes in a field, and must not be taken out of it.
_FOCUS = """const form = getHtmlElement(%d);
if (form && !form.contains(document.activeElement)) form.querySelector('input, textarea')?.focus();"""

Save = Callable[[dict[str, Any], int | None], Awaitable[None]]
"""Gets what was changed, and the version that was read when editing began. Raises a `ConsoleError`."""

Special = Mapping[str, Callable[[], None]]
_NOTHING: Special = {}


def _nothing() -> None:
    pass


class InPlace:
    """One thing's facts. `on_leave` is called when its form closes; with `on_remove` the form offers that, too."""

    def __init__(
        self,
        title: str,
        fields: list[Field],
        on_save: Save,
        *,
        may_edit: bool,
        on_leave: Callable[[], None] = _nothing,
        on_remove: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._fields = fields
        self._on_save = on_save
        self._on_leave = on_leave
        self._values: dict[str, Any] = {}
        self._version: int | None = None
        self._begun: dict[str, Any] = {}
        self._begun_version: int | None = None
        with ui.element('section').classes('panel in-place') as self.panel:
            with ui.element('header'):
                self._title = text(title, 'grow clip', tag='h2')
                self._edit = button('编辑', self._begin, small=True)
            self._facts = ui.element('div').classes('padded')
            with ui.element('div').classes('padded stack') as self._form:
                with ui.element('div').classes('pair'):
                    self._inputs = {one.key: _input(one) for one in fields}
                with ui.element('div').classes('actions'):
                    button('保存', self._save, kind='primary')
                    button('取消', self._leave)
                    if on_remove is not None:
                        button('删除', on_remove, kind='quiet').classes('remove')
        self._edit.set_visibility(may_edit)
        self._form.set_visibility(False)

    def show(
        self, values: dict[str, Any], version: int | None, *, title: str = '', special: Special = _NOTHING
    ) -> None:
        """What is true now. A form that is being filled in is left alone. `special` draws the facts it names."""
        if title:
            self._title.set_text(title)
        if (values, version) == (self._values, self._version):
            return
        self._values, self._version = values, version
        self._facts.clear()
        with self._facts, ui.element('dl'):
            for one in self._fields:
                value = values.get(one.key)
                if value and one.key in special:
                    text(one.label, tag='dt')
                    with ui.element('dd'):
                        special[one.key]()
                else:
                    fact(one.label, one.choices.get(value) or str('' if value is None else value))
            if not any(values.values()):
                text('还没有填写', 'muted')

    def begin(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._begun, self._begun_version = dict(self._values), self._version
        for one in self._fields:
            box = self._inputs[one.key]
            value = self._values.get(one.key)
            box.value = value if one.kind == 'choice' else str('' if value is None else value)
            box.error = None
        self._open(True)
        ui.run_javascript(_FOCUS % self._form.id)

    def _leave(self) -> None:
        self._open(False)

    def _open(self, opened: bool) -> None:
        self._form.set_visibility(opened)
        self._facts.set_visibility(not opened)
        self._edit.set_visibility(not opened)
        if not opened:
            self._on_leave()

    async def _save(self) -> None:
        with refusals_at({one.at or one.key: self._inputs[one.key] for one in self._fields}):
            changed = {}
            for one in self._fields:
                before = self._begun.get(one.key)
                value = self._inputs[one.key].value
                if value == before or (value in (None, '') and before in (None, '')) or value == str(before):
                    continue
                if one.keeps and value in (None, ''):
                    raise Invalid(one.at or one.key, f'{one.label}填写后不能清空，可以改成别的。')
                changed[one.key] = value
            if changed:
                await self._on_save(changed, self._begun_version)
                ui.notify('已保存')
            self._open(False)


@dataclass(frozen=True, kw_only=True)
class Item:
    id: int
    title: str
    values: dict[str, Any]
    special: Special = field(default_factory=dict)


class Several:
    """A panel for each of several things of one kind, and a form for one more."""

    def __init__(
        self,
        what: str,
        fields: list[Field],
        *,
        on_change: Callable[[int, dict[str, Any], int | None], Awaitable[None]],
        on_add: Callable[[dict[str, Any]], Awaitable[None]],
        on_remove: Callable[[int, str], Awaitable[None]] | None = None,
        may_edit: bool,
    ) -> None:
        """`on_remove` gets the id and the title, and asks before it does so; without it nothing is taken out here."""
        self._fields = fields
        self._on_change = on_change
        self._on_remove = on_remove
        self._may_edit = may_edit
        self._panels: dict[int, InPlace] = {}
        with ui.element('div').classes('stack'):
            self._place = ui.element('div').classes('pair')
            self._none = text(f'还没有{what}', 'muted', tag='div')

            async def add(values: dict[str, Any], _version: int | None) -> None:
                await on_add(values)

            self._new = InPlace(f'新的{what}', fields, add, may_edit=False, on_leave=self._hide_new)
            self._hide_new()
            if may_edit:
                button(f'添加{what}', self._begin_new).classes('add')

    def show(self, items: list[Item], version: int | None) -> None:
        for gone in self._panels.keys() - {item.id for item in items}:
            self._panels.pop(gone).panel.delete()
        for item in items:
            if item.id not in self._panels:
                with self._place:
                    self._panels[item.id] = InPlace(
                        item.title,
                        self._fields,
                        partial(self._on_change, item.id),
                        may_edit=self._may_edit,
                        on_remove=partial(self._on_remove, item.id, item.title) if self._on_remove else None,
                    )
            self._panels[item.id].show(item.values, version, title=item.title, special=item.special)
        self._none.set_visibility(not items)

    def _begin_new(self) -> None:
        self._new.panel.set_visibility(True)
        self._new.begin()

    def _hide_new(self) -> None:
        self._new.panel.set_visibility(False)


def _input(one: Field) -> Any:
    if one.kind == 'choice':
        return ui.select(one.choices, label=one.label)
    if one.kind == 'words':
        return ui.textarea(one.label).props('rows=3 maxlength=2100').classes('whole')
    made = ui.input(one.label, placeholder=one.hint).props('maxlength=200 autocomplete=off')
    if one.kind == 'date':
        made.props('type=date')
    if one.kind == 'number':
        made.props('inputmode=numeric')
    return made
