"""Signing in and out, for programs."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, Field

from callbacks.api_v1.caller import WITHOUT_TOKEN_TOO, Caller, Credentials, known_by
from callbacks.api_v1.envelope import Answer, refusals
from callbacks.api_v1.fields import Text, UserId
from console import demo, sign_in
from console.database import read, transact
from console.errors import Invalid, NotSignedIn
from console.parts import parts
from models import Role, Staff

router = APIRouter(tags=['sign-in'])


class Login(BaseModel):
    """A name and a password. In a demonstration `external_userid` alone signs in as the demo supervisor."""

    username: Text | None = Field(None, max_length=64)
    password: Text | None = Field(None, max_length=200)
    external_userid: UserId | None = None


class Tokens(BaseModel):
    access_token: str
    refresh_token: str
    token_type: Literal['Bearer'] = 'Bearer'  # noqa: S105  a kind, not a token
    expires_in: int = Field(description='Seconds until the access token expires')
    user_id: int
    role: Role


class Identity(BaseModel):
    valid: Literal[True] = True
    user_id: int
    username: str
    name: str
    role: Role


class Refresh(BaseModel):
    refresh_token: str = Field(max_length=4000)


@router.post('/login', responses=refusals(400, 401, 422, 429))
async def login(body: Login, request: Request) -> Answer[Tokens]:
    """Open a sign-in of seven days and get its tokens."""
    address = request.client.host if request.client else 'unknown'
    if body.external_userid and not body.username and not body.password and parts().demo:
        supervisor = await read(demo.account, Role.SUPERVISOR)
        if supervisor is None:
            raise NotSignedIn
        member_id = supervisor.id
    else:
        for field, text in (('username', '请填写用户名。'), ('password', '请填写密码。')):
            if not getattr(body, field):
                raise Invalid(field, text)
        member_id = await sign_in.with_password(body.username or '', body.password or '', address=address)
    secret = await transact(sign_in.open_session, member_id, kind='api', address=address)
    return Answer(data=await _tokens(secret))


@router.get('/verify', responses=refusals(401))
async def verify(caller: Caller) -> Answer[Identity]:
    """Whose token this is, if it is still good."""
    return Answer(
        data=Identity(user_id=caller.id, username=caller.username, name=caller.name, role=caller.role),
    )


@router.post('/refresh', openapi_extra=WITHOUT_TOKEN_TOO, responses=refusals(400, 401, 422))
async def refresh(credentials: Credentials, body: Annotated[Refresh | None, Body()] = None) -> Answer[Tokens]:
    """New tokens for a refresh token, which is sent in the body or as the bearer token. The sign-in stays the same."""
    token = body.refresh_token if body else credentials.credentials if credentials else ''
    caller = await known_by(token, 'refresh')
    return Answer(data=await _tokens(caller.secret))


@router.post('/logout', responses=refusals(401))
async def logout(caller: Caller) -> Answer[None]:
    """End the sign-in: its access and refresh tokens are worth nothing from now on."""
    await transact(sign_in.close_session, caller.secret)
    return Answer(data=None)


async def _tokens(secret: str) -> Tokens:
    member: Staff | None = await read(sign_in.member_of, secret)
    if member is None:
        raise NotSignedIn
    tokens = parts().tokens
    return Tokens(
        access_token=tokens.access(secret),
        refresh_token=tokens.refresh(secret),
        expires_in=int(sign_in.ACCESS_TOKEN.total_seconds()),
        user_id=member.id,
        role=member.role,
    )
