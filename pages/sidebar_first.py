"""What is known of the family beside whose chat the pane opens, as plain HTML: read while the pane is still loading."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from console import sidebar
from console.database import read
from console.errors import ConsoleError
from console.sidebar import Pane
from pages import plain

router = APIRouter(prefix='/sidebar', include_in_schema=False)


@router.get('/first')
async def first(request: Request, entry: str = '', customer: str = '') -> Response:
    """204 for whomever this member may not know of; the pane then says why."""
    member_id = request.state.member_id
    if member_id is None:
        return Response(status_code=204)
    try:
        pane = await read(_look, customer[:64], entry[:40], member_id)
    except ConsoleError:
        return Response(status_code=204)
    return HTMLResponse(plain.fragment('side_first', **_shown(pane)), headers={'Cache-Control': 'no-store'})


def _look(session: Session, customer: str, entry: str, by: int) -> Pane:
    return sidebar.pane(session, sidebar.find(session, customer, entry=entry, by=by), by=by)


def _shown(pane: Pane) -> dict[str, object]:
    record = pane.record
    courses = record.enrolments if record is not None else []
    about = [record.student.grade if record is not None else None, *(one.course for one in courses[:1])]
    return {
        'name': record.student.name if record is not None else pane.title,
        'stage': record.student.stage if record is not None else '',
        'about': ' · '.join(filter(None, about)),
        'left': sum(one.lessons_left for one in courses) if courses else None,
        'next_step': pane.next_step or '',
        'said': pane.said,
        'draft': pane.offer.text if pane.offer is not None else '',
    }
