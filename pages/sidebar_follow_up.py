"""What came of the talk, noted down with the student."""

from nicegui import ui

from console import sidebar, staff
from console.database import transact
from console.sidebar import LONGEST_NOTE, Pane
from console.staff import Action
from models import Staff
from pages.widgets import button, refusals_at, text


class FollowUp:
    def __init__(self, who: Staff) -> None:
        self._who = who
        self._pane: Pane | None = None
        with ui.element('section').classes('panel side-card'):
            text('跟进记录', tag='h2')
            self._note = ui.textarea('这次谈了什么，下一步做什么').props(f'rows=3 maxlength={LONGEST_NOTE}')
            self._save_button = button('记下来', self._save, kind='primary')
            self._why = text('先关联学员，跟进记录记在学员的备注里。', 'muted', tag='div')
        with ui.element('section').classes('panel side-card'):
            text('已有备注', tag='h2')
            self._notes = text('', 'words', tag='div')
        if not staff.may(who.role, Action.EDIT_STUDENTS):
            self._note.set_visibility(False)
            self._save_button.set_visibility(False)

    def show(self, pane: Pane) -> None:
        self._pane = pane
        record = pane.record
        self._why.set_visibility(record is None)
        self._save_button.enable(record is not None)
        self._notes.set_text((record.student.notes if record else None) or '还没有备注')

    async def _save(self) -> None:
        with refusals_at({'follow_up': self._note}):
            if self._pane is not None:
                await transact(sidebar.follow_up, self._pane.contact.id, self._note.value or '', by=self._who.id)
                self._note.value = ''
                ui.notify('已记下')
