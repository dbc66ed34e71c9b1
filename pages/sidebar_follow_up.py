"""跟进 in the pane: what came of the talk, noted down with the student, below it what was noted before."""

from datetime import date

from nicegui import background_tasks, ui

from console import sidebar, staff
from console.database import read, transact
from console.sidebar import Pane
from console.staff import Action
from models import Staff
from pages.follow_ups import FollowUpForm, follow_up_list
from pages.widgets import refusals_shown, text


class FollowUp:
    """Nothing is drawn or asked until it is looked at."""

    def __init__(self, who: Staff) -> None:
        self._who = who
        self._edits = staff.may(who.role, Action.EDIT_STUDENTS)
        self._pane: Pane | None = None
        self._form: FollowUpForm | None = None
        self._place = ui.element('div').classes('side-tab')

    def begin(self) -> None:
        if self._form is None:
            with self._place:
                self._draw()
            self._reload()

    def show(self, pane: Pane) -> None:
        self._pane = pane
        if self._form is not None:
            self._reload()

    def _draw(self) -> None:
        with ui.element('section').classes('panel side-card') as form:
            text('跟进记录', tag='h2')
            self._form = FollowUpForm(self._note)
            self._why = text('先关联学员，跟进记录记在学员名下。', 'muted', tag='div')
        form.set_visibility(self._edits)
        with ui.element('section').classes('panel side-card'):
            text('以前的跟进', tag='h2')
            self._list = ui.element('div')

    def _reload(self) -> None:
        pane = self._pane
        if pane is None or self._form is None:
            return
        self._why.set_visibility(pane.record is None)
        self._form.enable(pane.record is not None)
        background_tasks.create_lazy(self._listed(pane), name=f'follow-ups {id(self)}')

    async def _listed(self, pane: Pane) -> None:
        with self._place, refusals_shown():
            known = pane.record is not None
            found = await read(sidebar.followed_up, pane.contact.id, by=self._who.id) if known else []
            names = await read(staff.colleagues)
            if not self._list.is_deleted:
                self._list.clear()
                with self._list:
                    follow_up_list(found, names, by=self._who.id, edits=self._edits)

    async def _note(self, words: str, way: str, next_on: date | None) -> None:
        if self._pane is not None:
            contact_id = self._pane.contact.id
            await transact(sidebar.follow_up, contact_id, words, way=way, next_on=next_on, by=self._who.id)
