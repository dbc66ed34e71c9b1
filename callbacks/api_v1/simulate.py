"""Playing a parent: a message goes the whole way, through WeCom's sandbox and our own callback, to its draft."""

import asyncio
import re
import time
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy.orm import Session

from callbacks.api_v1.caller import WITHOUT_TOKEN_TOO, PerhapsCaller
from callbacks.api_v1.envelope import Answer, refusals
from callbacks.api_v1.fields import Text, UserId
from console import outcomes, personal_numbers, staff
from console.database import read
from console.errors import ConsoleError, NotFound, NotSignedIn
from console.parts import parts
from console.sandbox import Sandbox
from models import Channel, DraftStatus

router = APIRouter(tags=['simulate'])

PATIENCE = 65.0
"""Seconds; a little more than the writer's own deadline."""

SHORTEST_LOOK, LONGEST_LOOK = 0.1, 0.5
LONGEST_CONTENT = 2000
_NOT_TYPEABLE = re.compile(r'[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]')


class NotDelivered(ConsoleError):
    http_status = 503
    reason = 'callback'

    def __init__(self) -> None:
        super().__init__('模拟消息没有送达回调地址，请查看服务器日志。')


def _typeable(content: str) -> str:
    if _NOT_TYPEABLE.search(content):
        raise ValueError('内容含有手机上打不出的控制字符。')
    if not content.strip():
        raise ValueError('内容不能为空。')
    return content


class Said(BaseModel):
    external_userid: UserId
    content: Annotated[Text, Field(min_length=1, max_length=LONGEST_CONTENT), AfterValidator(_typeable)]


class User(BaseModel):
    external_userid: str
    name: str | None
    student_id: int | None
    student_name: str | None


class Message(BaseModel):
    id: int
    content: str
    sent_at: datetime


class Outcome(BaseModel):
    """`user` is null for a person without a record. `ai_response` is null where no draft could be had: `message`
    of the answer then says why, with code 200, since the parent's message was received all the same.
    """

    received: bool
    user: User | None
    message: Message | None
    ai_response: str | None
    generated_at: datetime | None
    conversation_id: int | None
    draft_id: int | None
    draft_status: DraftStatus | None


@router.post(
    '/simulate-customer-msg', openapi_extra=WITHOUT_TOKEN_TOO, responses=refusals(400, 401, 403, 404, 422, 503)
)
async def simulate_customer_msg(body: Said, caller: PerhapsCaller) -> Answer[Outcome]:
    """Say something as a parent and wait for the draft. Quick messages of one parent become one turn with one draft.

    In development without a token; in production for testers. 404 where simulation is off.
    """
    simulation = parts().simulation
    if simulation is None:
        raise NotFound('模拟功能（未开启）')
    if parts().production:
        if caller is None:
            raise NotSignedIn
        await read(staff.require, caller.id, staff.Action.SIMULATE)
    userid, msg_id = await asyncio.to_thread(_say, simulation.sandbox, body.external_userid, body.content)
    deadline, pause = time.monotonic() + PATIENCE, SHORTEST_LOOK
    while True:
        answer = await read(_outcome, userid, msg_id, final=time.monotonic() > deadline)
        if answer is not None:
            return answer
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, LONGEST_LOOK)


def _say(sandbox: Sandbox, external_userid: str, content: str) -> tuple[str, str]:
    """The person's id as WeCom writes it, which knows no case, and the message's."""
    known = {member.key: member.userid for member in sandbox.members()}
    userid = known.get(external_userid.lower(), external_userid)
    if external_userid.lower() not in known:
        sandbox.ensure_member(userid, userid)
    report = sandbox.say(userid, content)
    if not report.accepted or report.msg_id is None:
        raise NotDelivered
    return userid, report.msg_id


def _outcome(session: Session, userid: str, msg_id: str, *, final: bool) -> Answer[Outcome] | None:
    """None while there is still something to wait for."""
    found = outcomes.of_message(session, Channel.SIMULATE, userid, msg_id)
    if not final and (found is None or not found.final):
        return None
    if found is None:
        data = dict.fromkeys(Outcome.model_fields) | {'received': True}
        return Answer(message='消息已收到，还没有处理完，请稍后在会话中查看。', data=Outcome(**data))
    draft = found.draft
    masks = personal_numbers.masks(session, found.message.conversation_id)
    linked = found.contact.student_id is not None
    return Answer(
        message='ok' if draft else found.trouble or 'AI 还在起草，请稍后在审核页查看。',
        data=Outcome(
            received=True,
            user=User(
                external_userid=userid,
                name=found.contact.name,
                student_id=found.contact.student_id,
                student_name=found.student_name,
            )
            if linked
            else None,
            message=Message(
                id=found.message.id,
                content=personal_numbers.show(found.message.text, masks),
                sent_at=found.message.sent_at,
            ),
            ai_response=personal_numbers.show(draft.content, masks) if draft else None,
            generated_at=draft.created_at if draft else None,
            conversation_id=found.message.conversation_id,
            draft_id=draft.id if draft else None,
            draft_status=draft.status if draft else None,
        ),
    )
