"""Chats and their messages, page by page."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callbacks.api_v1.caller import Caller
from callbacks.api_v1.envelope import Answer, refusals
from callbacks.api_v1.fields import ITEMS_ON_A_PAGE, Cursor, Id, Limit, OrNone, Text
from callbacks.api_v1.paging import Page, cursor_after, key_in, split
from console import conversation_list, conversations, personal_numbers
from console.conversation_list import TAB_OF, Tab, Wanted
from console.database import read
from models import Author, Channel, Conversation, ConversationStatus, Direction

router = APIRouter(prefix='/conversations', tags=['conversations'])


class ConversationView(BaseModel):
    """`title` names the student where they are known."""

    id: int
    external_userid: str
    channel: Channel
    title: str
    student_id: int | None
    student_name: str | None
    status: ConversationStatus
    assignee_id: int | None
    taken_over: bool
    unread: int
    waiting_since: datetime | None
    last_message_at: datetime
    last_message_text: str


class MessageView(BaseModel):
    """Personal numbers in `text` are masked."""

    id: int
    seq: int
    direction: Direction
    author: Author
    staff_id: int | None
    kind: str
    text: str
    sent_at: datetime
    created_at: datetime


@router.get('', responses=refusals(401, 403, 422))
async def list_conversations(
    *,
    caller: Caller,
    status: OrNone[ConversationStatus] = None,
    mine: bool = False,
    search: Annotated[Text, Query(max_length=80)] = '',
    limit: Limit = ITEMS_ON_A_PAGE,
    cursor: Cursor = None,
) -> Answer[Page[ConversationView]]:
    """Used last first; with `status=waiting` the longest waiting first."""
    return Answer(
        data=await read(_page, by=caller.id, status=status, mine=mine, search=search, limit=limit, cursor=cursor)
    )


@router.get('/{id}/messages', responses=refusals(401, 403, 404, 422))
async def list_messages(
    conversation_id: Id, caller: Caller, limit: Limit = ITEMS_ON_A_PAGE, cursor: Cursor = None
) -> Answer[Page[MessageView]]:
    """The newest ones, oldest of them first; the next page holds what came before."""
    return Answer(data=await read(_messages, conversation_id, by=caller.id, limit=limit, cursor=cursor))


def _page(
    session: Session,
    *,
    by: int,
    status: ConversationStatus | None,
    mine: bool,
    search: str,
    limit: int,
    cursor: str | None,
) -> Page[ConversationView]:
    order: Literal['waiting', 'latest'] = 'waiting' if status is ConversationStatus.WAITING else 'latest'
    after = key_in(cursor, datetime, int, kind=order)
    tab = TAB_OF[status] if status is not None else Tab.ALL
    wanted = Wanted(tab=tab, assignee=by if mine else None, words=search, snoozed=True)
    found = conversation_list.page(session, by=by, wanted=wanted, limit=limit + 1, after=after)
    rows, last = split(found, limit)
    masks = personal_numbers.masks_of(session, [row.conversation.id for row in rows])
    return Page(
        items=[_view(row, masks.get(row.conversation.id, {})) for row in rows],
        next_cursor=cursor_after(_moment(last.conversation, order), last.conversation.id, kind=order) if last else None,
    )


def _moment(conversation: Conversation, order: str) -> datetime | None:
    return conversation.waiting_since if order == 'waiting' else conversation.last_message_at


def _view(listed: conversations.Listed, masks: dict[str, str]) -> ConversationView:
    conversation, contact = listed.conversation, listed.contact
    return ConversationView(
        id=conversation.id,
        external_userid=contact.external_userid,
        channel=conversation.channel,
        title=listed.title,
        student_id=contact.student_id,
        student_name=listed.student_name,
        status=conversation.status,
        assignee_id=conversation.assignee_id,
        taken_over=conversation.taken_over,
        unread=conversation.unread,
        waiting_since=conversation.waiting_since,
        last_message_at=conversation.last_message_at,
        last_message_text=personal_numbers.show(conversation.last_message_text, masks),
    )


def _messages(session: Session, conversation_id: int, *, by: int, limit: int, cursor: str | None) -> Page[MessageView]:
    key = key_in(cursor, int, kind='messages')
    found = conversations.messages(session, conversation_id, by=by, limit=limit + 1, before=key[0] if key else None)
    newest, oldest = split(found[::-1], limit)
    masks = personal_numbers.masks(session, conversation_id)
    return Page(
        items=[
            MessageView(
                id=message.id,
                seq=message.seq,
                direction=message.direction,
                author=message.author,
                staff_id=message.staff_id,
                kind=message.kind,
                text=personal_numbers.show(message.text, masks),
                sent_at=message.sent_at,
                created_at=message.created_at,
            )
            for message in reversed(newest)
        ],
        next_cursor=cursor_after(oldest.seq, kind='messages') if oldest else None,
    )
