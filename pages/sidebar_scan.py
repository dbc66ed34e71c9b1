"""A student found by a scanned code, shown over the pane: who it is, and whether this parent belongs to them."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from console import sidebar, staff, student_codes, students
from console.database import read, transact
from console.parts import parts
from console.sidebar import Pane
from console.staff import Action
from console.students import Record
from models import Staff
from pages.student_card import stage_chip
from pages.widgets import avatar, button, refusals_shown, row, text


async def show_scanned(
    scanned: str, who: Staff, *, shown: Callable[[], Pane | None], on_link: Callable[[], Awaitable[None]]
) -> None:
    """`shown` is whoever the pane is beside, asked again before a link. Raises `NotFound`, `NotAllowed`."""
    pane = shown()
    student_id = student_codes.named_by(scanned, parts().base_url)
    if student_id is None:
        ui.notify('这不是本校学员的二维码', type='warning')
        return
    record = await read(students.record, student_id, by=who.id)
    with ui.dialog() as dialog, ui.element('div').classes('dialog'):
        _card(record)
        with ui.element('div').classes('actions end'):
            button('关闭', dialog.close)
            link = ui.element('a').classes('btn').props(f'href=/students/{student_id}')
            with link:
                text('打开资料')
            other = pane is not None and pane.contact.student_id != student_id and not pane.hidden
            if pane is not None and other and staff.may(who.role, Action.EDIT_STUDENTS):

                async def link_here() -> None:
                    now = shown()
                    if now is None or now.contact.id != pane.contact.id:
                        ui.notify('聊天已换成另一位家长，没有关联。请重新扫码。', type='warning')
                        return
                    with refusals_shown():
                        await transact(sidebar.link, pane.contact.id, student_id, by=who.id)
                        dialog.close()
                        await on_link()

                button('关联到这位家长', link_here, kind='primary')
    dialog.on('hide', dialog.delete)
    dialog.open()


def _card(record: Record) -> None:
    student = record.student
    with row():
        avatar(student.name)
        text(student.name, 'grow words', tag='b')
        stage_chip(student.stage)
    left = sum(one.lessons_left for one in record.enrolments)
    families = [f'{one.name} {one.kinship or ""}' for one in record.guardians]
    about = [student.grade, *families, f'剩 {left} 课时' if record.enrolments else None]
    text(' · '.join(filter(None, about)), 'muted', tag='div')
