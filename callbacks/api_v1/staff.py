"""Staff accounts, for administrators."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from callbacks.api_v1.caller import Caller, Known
from callbacks.api_v1.envelope import Answer, refusals
from callbacks.api_v1.fields import Id, Text
from console import sign_in, staff
from console.database import read, transact
from console.errors import Invalid, NotAllowed
from models import Role, Staff

router = APIRouter(prefix='/staff', tags=['staff'])


class Account(BaseModel):
    id: int
    username: str
    name: str
    role: Role
    active: bool
    wecom_userid: str | None
    campus: str | None
    created_at: datetime


class Accounts(BaseModel):
    items: list[Account]


class NewAccount(BaseModel):
    """Without a password the member signs in through WeCom only, as `wecom_userid`; one of the two there must be."""

    username: Text = Field(max_length=64)
    name: Text = Field(max_length=100)
    role: Role
    password: Text | None = Field(None, max_length=staff.LONGEST_PASSWORD)
    wecom_userid: Text | None = Field(None, max_length=64)
    campus: Text | None = Field(None, max_length=40)


class AccountChange(BaseModel):
    """What is given is changed. A new role, a new password or a closed account ends the member's sign-ins."""

    name: Text | None = Field(None, max_length=100)
    role: Role | None = None
    active: bool | None = None
    password: Text | None = Field(None, max_length=staff.LONGEST_PASSWORD)
    wecom_userid: Text | None = Field(None, max_length=64)
    campus: Text | None = Field(None, max_length=40)


@router.get('', responses=refusals(401, 403))
async def list_staff(caller: Caller) -> Answer[Accounts]:
    accounts = await read(staff.everyone, by=caller.id)
    return Answer(data=Accounts(items=[_account(member) for member in accounts]))


@router.post('', status_code=201, responses=refusals(400, 401, 403, 409, 422))
async def create_staff(body: NewAccount, caller: Caller) -> Answer[Account]:
    _require(caller)
    if not body.password and not (body.wecom_userid or '').strip():
        raise Invalid('password', '请填写密码，或填写企业微信账号：两样都没有就无法登录。')
    password_hash = await _hashed(body.password, username=body.username)
    member = await transact(
        staff.create,
        username=body.username,
        name=body.name,
        role=body.role,
        password_hash=password_hash,
        wecom_userid=body.wecom_userid,
        campus=body.campus,
        by=caller.id,
    )
    return Answer(code=201, data=_account(member))


@router.patch('/{id}', responses=refusals(400, 401, 403, 404, 409, 422))
async def change_staff(staff_id: Id, body: AccountChange, caller: Caller) -> Answer[Account]:
    _require(caller)
    username = await read(staff.username_of, staff_id) if body.password else ''
    password_hash = await _hashed(body.password, username=username)
    values = body.model_dump(exclude={'password'})
    return Answer(data=_account(await transact(_change, staff_id, password_hash, values, by=caller.id)))


def _require(caller: Known) -> None:
    """Before a password is hashed: the service asks again, but that is dear."""
    if not caller.may(staff.Action.MANAGE_STAFF):
        raise NotAllowed(staff.Action.MANAGE_STAFF)


async def _hashed(password: str | None, *, username: str) -> str | None:
    return await sign_in.hash_password(staff.checked_password(password, username=username)) if password else None


def _change(session: Session, staff_id: int, password_hash: str | None, values: dict[str, object], *, by: int) -> Staff:
    member = staff.change(session, staff_id, by=by, **values)
    if password_hash is not None:
        staff.set_password(session, staff_id, password_hash, by=by)
    return member


def _account(member: Staff) -> Account:
    return Account.model_validate(member, from_attributes=True)
