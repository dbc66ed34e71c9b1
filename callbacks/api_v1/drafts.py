"""Drafts: listed, read with their history, decided."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from callbacks.api_v1.caller import Caller
from callbacks.api_v1.envelope import Answer, refusals
from callbacks.api_v1.fields import ITEMS_ON_A_PAGE, Cursor, Id, Limit, OrNone, Text, Version
from callbacks.api_v1.paging import Page, cursor_after, key_in, split
from console import draft_decisions, drafts, personal_numbers, staff, turns
from console.database import read, transact
from console.errors import Conflict, ConsoleError
from console.parts import parts
from models import Channel, Draft, DraftStatus, TurnStatus

router = APIRouter(prefix='/drafts', tags=['drafts'])

PATIENCE = 65.0
"""Seconds; a little more than the writer's own deadline."""

SHORTEST_LOOK, LONGEST_LOOK = 0.1, 0.5


class NotWritten(ConsoleError):
    """The turn ended without a draft, for the reason kept with it."""

    http_status = 503
    reason = 'not_written'

    def __init__(self, text: str | None) -> None:
        super().__init__(text or 'AI 没有在规定时间内答复，请人工回复或稍后重试。')


class Source(BaseModel):
    """What one sentence rests on; `none`: a claim without a source. A greeting claims nothing and has none.

    `ref` is the id of the knowledge entry, with the `version` and the last day of validity it had.
    """

    sentence: str
    kind: Literal['knowledge', 'record', 'customer', 'none']
    ref: str | None
    title: str | None
    version: int | None = None
    valid_until: str | None = None


class Check(BaseModel):
    """What a person must see before the reply leaves. `block` wants a reason to be let through."""

    kind: str
    level: Literal['block', 'warn']
    text: str
    detail: str


class DraftView(BaseModel):
    """Personal numbers in the texts are masked."""

    id: int
    version: int
    status: DraftStatus
    conversation_id: int
    external_userid: str
    channel: Channel
    customer_message: str
    content: str
    original_content: str = Field(description='As the writer proposed it')
    writer: str
    needs_human: bool = Field(description='The writer could not answer and says so')
    sources: list[Source]
    file_id: int | None = Field(description='The file that is sent in place of words')
    checks: list[Check]
    reason: str | None
    decided_by: int | None
    decided_at: datetime | None
    created_at: datetime


class Happened(BaseModel):
    at: datetime
    action: str
    by: int | None
    by_name: str | None
    version: int
    content: str | None
    note: str | None


class DraftWithHistory(DraftView):
    history: list[Happened]


class Approval(BaseModel):
    version: Version
    content: Text | None = Field(None, max_length=drafts.LONGEST, description='The approver’s edit')
    confirm_reason: Text | None = Field(None, max_length=500, description='Why open checks do not matter; recorded')


class Rejection(BaseModel):
    version: Version
    reason: Text = Field(min_length=1, max_length=200)
    note: Text | None = Field(None, max_length=500)


class Regeneration(BaseModel):
    version: Version
    instruction: Text | None = Field(None, max_length=500, description='A wish for the new version')


@router.get('', responses=refusals(401, 403, 422))
async def list_drafts(
    caller: Caller, status: OrNone[DraftStatus] = None, limit: Limit = ITEMS_ON_A_PAGE, cursor: Cursor = None
) -> Answer[Page[DraftView]]:
    """Newest first; with `status=pending` oldest first, since those wait."""
    key = key_in(cursor, int)
    return Answer(data=await read(_page, by=caller.id, status=status, limit=limit, after=key[0] if key else None))


@router.get('/{id}', responses=refusals(401, 403, 404))
async def read_draft(draft_id: Id, caller: Caller) -> Answer[DraftWithHistory]:
    return Answer(data=await read(_with_history, draft_id, by=caller.id))


@router.post('/{id}/approve', responses=refusals(400, 401, 403, 404, 409, 422))
async def approve(draft_id: Id, body: Approval, caller: Caller) -> Answer[DraftView]:
    """Release it for sending. 409 with `reason` `version`, `stale`, `closed` or `blocked`: nothing was sent."""
    draft = await transact(
        _decided,
        draft_decisions.approve,
        draft_id,
        version=body.version,
        by=caller.id,
        undo=parts().undo,
        content=body.content,
        confirm_reason=body.confirm_reason,
    )
    return Answer(data=draft)


@router.post('/{id}/reject', responses=refusals(400, 401, 403, 404, 409, 422))
async def reject(draft_id: Id, body: Rejection, caller: Caller) -> Answer[DraftView]:
    """Refuse it. The parent keeps waiting for a person."""
    draft = await transact(
        _decided,
        draft_decisions.reject,
        draft_id,
        version=body.version,
        by=caller.id,
        reason=body.reason,
        note=body.note,
    )
    return Answer(data=draft)


@router.post('/{id}/undo', responses=refusals(401, 403, 404, 409))
async def undo(draft_id: Id, caller: Caller) -> Answer[DraftView]:
    """Take an approval back that the sender has not begun, or a rejection. 409: too late."""
    return Answer(data=await transact(_decided, draft_decisions.undo, draft_id, by=caller.id))


@router.post('/{id}/regenerate', responses=refusals(400, 401, 403, 404, 409, 422, 503))
async def regenerate(draft_id: Id, body: Regeneration, caller: Caller) -> Answer[DraftView]:
    """Have another version written, and wait for it. The present one stays until then."""
    turn = await transact(
        draft_decisions.regenerate, draft_id, version=body.version, by=caller.id, instruction=body.instruction
    )
    return Answer(data=await _written(turn.id))


async def _written(turn_id: int) -> DraftView:
    pause = SHORTEST_LOOK
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                draft = await read(_of_turn, turn_id)
                if draft is not None:
                    return draft
                await asyncio.sleep(pause)
                pause = min(pause * 1.3, LONGEST_LOOK)
    except TimeoutError:
        raise NotWritten(None) from None


def _of_turn(session: Session, turn_id: int) -> DraftView | None:
    turn = turns.get(session, turn_id)
    if turn.status is TurnStatus.FAILED:
        raise NotWritten(turn.last_error)
    if turn.status is TurnStatus.SUPERSEDED:
        raise Conflict('家长又发来了新消息，或已有人回复，没有生成新的草稿。', 'stale')
    draft = drafts.of_turn(session, turn_id)
    return view(session, draft) if draft else None


def _page(session: Session, *, by: int, status: DraftStatus | None, limit: int, after: int | None) -> Page[DraftView]:
    rows, last = split(drafts.page(session, by=by, status=status, limit=limit + 1, after=after), limit)
    masks = personal_numbers.masks_of(session, [draft.conversation_id for draft in rows])
    return Page(
        items=[_view(draft, masks.get(draft.conversation_id, {})) for draft in rows],
        next_cursor=cursor_after(last.id) if last else None,
    )


def _with_history(session: Session, draft_id: int, *, by: int) -> DraftWithHistory:
    draft, events = drafts.seen(session, draft_id, by=by)
    names = staff.colleagues(session)
    masks = personal_numbers.masks(session, draft.conversation_id)
    history = [
        Happened(
            at=event.at,
            action=event.action,
            by=event.staff_id,
            by_name=names.get(event.staff_id) if event.staff_id else None,
            version=event.version,
            content=personal_numbers.show(event.content, masks) if event.content is not None else None,
            note=personal_numbers.show(event.note, masks) if event.note is not None else None,
        )
        for event in events
    ]
    return DraftWithHistory(**_view(draft, masks).model_dump(), history=history)


def _decided(session: Session, decide: Any, draft_id: int, **how: Any) -> DraftView:
    return view(session, decide(session, draft_id, **how))


def claims(sources: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of our sources that the contract has a word for: of the sentences that claim something."""
    return [source for source in sources if source['kind'] not in ('courtesy', 'file')]


def view(session: Session, draft: Draft) -> DraftView:
    """As staff read it. The draft's conversation and contact must be loaded."""
    return _view(draft, personal_numbers.masks(session, draft.conversation_id))


def _view(draft: Draft, masks: dict[str, str]) -> DraftView:
    def shown(text: str) -> str:
        return personal_numbers.show(text, masks)

    return DraftView(
        id=draft.id,
        version=draft.version,
        status=draft.status,
        conversation_id=draft.conversation_id,
        external_userid=draft.conversation.contact.external_userid,
        channel=draft.channel,
        customer_message=shown(draft.customer_message),
        content=shown(draft.content),
        original_content=shown(draft.original_content),
        writer=draft.writer,
        needs_human=draft.needs_human,
        sources=[Source(**found | {'sentence': shown(found['sentence'])}) for found in claims(draft.sources)],
        file_id=next((int(found['ref']) for found in draft.sources if found['kind'] == 'file'), None),
        checks=[Check(**check | {'detail': shown(check['detail'])}) for check in draft.checks],
        reason=draft.reason,
        decided_by=draft.decided_by_id,
        decided_at=draft.decided_at,
        created_at=draft.created_at,
    )
