"""What is asked before a decision: a reason from a list, or a few words."""

from functools import partial

from nicegui import ui

from console import drafts
from pages.widgets import button, on_enter, row, shortcuts, text

LONGEST_NOTE = 500

_NUMBERED = tuple(enumerate(drafts.REASONS, 1))


async def ask_reason() -> tuple[str, str | None] | None:
    """Why a draft is refused, chosen by its number, and a remark. None if it was called off."""

    def choose(reason: str) -> None:
        dialog.submit((reason, note.value.strip() or None))

    with ui.dialog().props('no-esc-dismiss') as dialog, ui.element('div').classes('dialog'):
        text('退回草稿', tag='h3')
        text('家长会继续等待人工回复。请选择理由:', 'muted', tag='p')
        with ui.element('div').classes('reasons'):
            for number, reason in _NUMBERED:
                button(reason, partial(choose, reason), key=str(number))
        note = ui.input('备注 (可不填；按 N 填写，按 Enter 后再选理由)').props(f'maxlength={LONGEST_NOTE}')
        on_enter(note, js='event.target.blur()')
        with row('actions end'):
            button('取消', dialog.close)
        shortcuts(
            {
                **{str(number): (reason, partial(choose, reason)) for number, reason in _NUMBERED},
                'n': ('写备注', lambda: note.run_method('focus')),
                'Escape': ('取消', dialog.close),
            }
        )
    answer = await dialog
    if not dialog.is_deleted:  # it went with its tab
        dialog.delete()
    return answer if isinstance(answer, tuple) else None


async def ask_words(
    title: str, label: str, *, ok: str, hint: str = '', required: bool = False, lines: list[str] | None = None
) -> str | None:
    """A few words in a dialog; Enter answers. None if it was called off. `lines` are shown above the field."""

    def answer() -> None:
        words = field.value.strip()
        if required and not words:
            field.error = '请填写后再继续。'
            field.run_method('focus')
        else:
            dialog.submit(words)

    with ui.dialog() as dialog, ui.element('div').classes('dialog'):
        text(title, tag='h3')
        for line in lines or []:
            text(line, 'note danger words', tag='div')
        if hint:
            text(hint, 'muted', tag='p')
        field = ui.input(label).props(f'autofocus maxlength={LONGEST_NOTE}')
        on_enter(field, answer)
        with row('actions end'):
            button('取消', dialog.close)
            button(ok, answer, kind='primary')
    words = await dialog
    if not dialog.is_deleted:  # it went with its tab
        dialog.delete()
    return words if isinstance(words, str) else None
