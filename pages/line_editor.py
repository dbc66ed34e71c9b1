"""Lines of one or two fields in a form, to be added and taken away."""

from collections.abc import Iterable, Sequence

from nicegui import ui

from console.errors import Invalid
from pages.widgets import button, icon_button, row, text


class LineEditor:
    """`heads` name the fields of each line."""

    def __init__(self, title: str, heads: Sequence[str], *, most: int, longest: int) -> None:
        self._heads, self._most, self._longest = heads, most, longest
        self._title = title
        self._lines: list[list[ui.input]] = []
        text(title, 'muted', tag='div')
        self._place = ui.element('div').classes('lines').props(f'role=group aria-label="{title}"')
        button(f'添加{title}', self.add, kind='quiet', small=True).classes('add-line')

    def show(self, lines: Iterable[Sequence[str]]) -> None:
        self._place.clear()
        self._lines = []
        for line in lines:
            self._draw(line)

    def add(self) -> None:
        if len(self._lines) < self._most:
            self._draw([''] * len(self._heads))
            self._lines[-1][0].run_method('focus')

    def values(self) -> list[list[str]]:
        """Without the empty lines. Raises `Invalid` where a line is filled by half."""
        found = []
        for line in self._lines:
            words = [(field.value or '').strip() for field in line]
            for field, word in zip(line, words, strict=True):
                field.error = None if word or not any(words) else '请填写'
            if all(words):
                found.append(words)
            elif any(words):
                raise Invalid('lines', f'{self._title}的{"和".join(self._heads)}都要填写。')
        return found

    def _draw(self, words: Sequence[str]) -> None:
        with self._place, row() as place:
            line = []
            for head, word in zip(self._heads, words, strict=True):
                line.append(ui.input(value=word, placeholder=head).props(f'maxlength={self._longest}'))
                line[-1].props['aria-label'] = head
            icon_button('close', '去掉这一行', lambda: self._drop(place, line))
        self._lines.append(line)

    def _drop(self, place: ui.element, line: list[ui.input]) -> None:
        self._lines.remove(line)
        place.delete()
