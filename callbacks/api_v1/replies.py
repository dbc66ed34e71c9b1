"""Asking the writer, and sending a colleague's own words."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy.orm import Session

from callbacks.api_v1.caller import Caller
from callbacks.api_v1.drafts import Source, claims
from callbacks.api_v1.envelope import Answer, refusals
from callbacks.api_v1.fields import Text, UserId
from console import conversations, dossiers, drafts, replies, staff, students
from console.database import read, transact
from console.errors import Invalid, NotFound
from console.parts import parts
from console.writing.context import Context
from models import Draft, Message, utc_now

router = APIRouter(tags=['replies'])


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int and abs(value) < 10**18 else value


class Question(BaseModel):
    message: Text = Field(min_length=1, max_length=2000)
    external_userid: UserId | None = Field(
        None, description='Whose record may be used. A person we do not know, or not for this caller, has none'
    )


class Suggestion(BaseModel):
    """`confidence` is null: nothing honest can be said. `sources` says what each sentence rests on."""

    content: str
    generatedAt: datetime  # noqa: N815  the old system's spelling, here and below
    confidence: None = None
    sources: list[Source]
    writer: str


class Outgoing(BaseModel):
    content: Text = Field(min_length=1, max_length=drafts.LONGEST)
    customerId: Annotated[UserId, BeforeValidator(_as_text)] = Field(  # noqa: N815
        description='The `external_userid`, or the student record’s id'
    )
    sendMethod: Literal['wechat'] = 'wechat'  # noqa: N815


class Sent(BaseModel):
    """`pending_review`: `messageId` is `draft-` and the draft's id. `queued`: `message-` and the message's."""

    messageId: str  # noqa: N815
    sentAt: datetime  # noqa: N815
    status: Literal['pending_review', 'queued']


@router.post('/ai-responses', responses=refusals(400, 401, 403, 422, 503))
async def ai_response(body: Question, caller: Caller) -> Answer[Suggestion]:
    """A reply as the writer would propose it. Nothing is kept, and nothing is sent."""
    if not body.message.strip():
        raise Invalid('message', '消息内容不能为空。')
    context = await read(_context, body.message, body.external_userid, by=caller.id)
    proposal = await parts().writer.write(context)
    return Answer(
        data=Suggestion(
            content=proposal.text,
            generatedAt=utc_now(),
            sources=[Source(**source) for source in claims(map(asdict, proposal.sources))],
            writer=proposal.writer,
        )
    )


@router.post('/send-message', responses=refusals(400, 401, 403, 404, 422))
async def send_message(body: Outgoing, caller: Caller) -> Answer[Sent]:
    """Send to a parent. What a role may not send alone waits for a release."""
    made = await transact(_send, body.customerId, body.content, by=caller.id)
    if isinstance(made, Draft):
        return Answer(data=Sent(messageId=f'draft-{made.id}', sentAt=made.created_at, status='pending_review'))
    return Answer(data=Sent(messageId=f'message-{made.id}', sentAt=made.created_at, status='queued'))


def _context(session: Session, question: str, external_userid: str | None, *, by: int) -> Context:
    staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    contact = None
    if external_userid is not None:
        try:
            contact = conversations.find(session, external_userid, by=by).contact
        except NotFound:
            contact = None
    return dossiers.for_question(session, question, contact)


def _send(session: Session, customer: str, content: str, *, by: int) -> Message | Draft:
    return replies.send(session, _conversation_with(session, customer, by=by), content, by=by)


def _conversation_with(session: Session, customer: str, *, by: int) -> int:
    try:
        return conversations.find(session, customer, by=by).conversation.id
    except NotFound:
        conversation_id = students.record_of(session, customer, by=by).conversation_id
    if conversation_id is None:
        raise NotFound('与这位家长的会话')
    return conversation_id
