"""What the school knows: entries kept, found, and retired."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag
from sqlalchemy.orm import Session

from callbacks.api_v1.caller import Caller
from callbacks.api_v1.envelope import Answer, refusals
from callbacks.api_v1.fields import ITEMS_ON_A_PAGE, Cursor, Day, Id, Limit, OrNone, Text
from callbacks.api_v1.paging import Page, cursor_after, key_in, split
from console import knowledge
from console.database import read, transact
from models import EntryStatus, KnowledgeEntry

router = APIRouter(prefix='/knowledge', tags=['knowledge'])

MOST_AT_ONCE = 500


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


FactName = Annotated[Text, Field(min_length=1, max_length=60)]
FactValue = Annotated[Text, Field(max_length=500), BeforeValidator(_as_text)]


class _Fields(BaseModel):
    question: Text | None = Field(None, max_length=knowledge.LONGEST_QUESTION)
    variants: list[Annotated[Text, Field(max_length=knowledge.LONGEST_QUESTION)]] | None = Field(
        None, max_length=knowledge.MOST_VARIANTS, description='Other ways to ask it'
    )
    answer: Text | None = Field(None, max_length=knowledge.LONGEST_ANSWER)
    facts: dict[FactName, FactValue] | None = Field(
        None, max_length=50, description='Amounts, dates and the like that a reply may state'
    )
    valid_from: Day = None
    valid_until: Day = Field(None, description='The last day it holds')
    status: EntryStatus | None = Field(None, description='Only `approved` ones are searched')
    owner: Text | None = Field(None, max_length=60)


class NewEntry(_Fields):
    """One with the `external_key` of an entry we have changes that one."""

    external_key: Text | None = Field(None, min_length=1, max_length=120)


class EntryChange(_Fields):
    """What is missing or null stays as it is."""


class EntryView(BaseModel):
    id: int
    external_key: str | None
    question: str
    variants: list[str]
    answer: str
    facts: dict[str, str]
    valid_from: date | None
    valid_until: date | None
    status: EntryStatus
    owner: str | None
    version: int
    updated_at: datetime


class Query(BaseModel):
    query: Text = Field(min_length=1, max_length=500)
    limit: int = Field(5, ge=1, le=50)


class Hit(BaseModel):
    id: int
    question: str
    score: float = Field(description='0 to 1')


class Hits(BaseModel):
    items: list[Hit]


def _one_or_many(value: Any) -> str:
    return 'many' if isinstance(value, list) else 'one'


OneOrMany = Annotated[
    Annotated[NewEntry, Tag('one')]
    | Annotated[list[NewEntry], Field(min_length=1, max_length=MOST_AT_ONCE), Tag('many')],
    Discriminator(_one_or_many),
    Body(),
]


@router.get('', responses=refusals(401, 403, 422))
async def list_entries(
    caller: Caller, status: OrNone[EntryStatus] = None, limit: Limit = ITEMS_ON_A_PAGE, cursor: Cursor = None
) -> Answer[Page[EntryView]]:
    key = key_in(cursor, int)
    found = await read(knowledge.page, by=caller.id, status=status, limit=limit + 1, after=key[0] if key else None)
    rows, last = split(found, limit)
    return Answer(data=Page(items=[_view(row) for row in rows], next_cursor=cursor_after(last.id) if last else None))


@router.post(
    '',
    status_code=201,
    responses=refusals(400, 401, 403, 409, 422)
    | {200: {'model': Answer[EntryView | list[EntryView]], 'description': 'Nothing new; changed by key'}},
)
async def put_entries(body: OneOrMany, caller: Caller, response: Response) -> Answer[EntryView | list[EntryView]]:
    """One entry or up to 500: all are kept, or none. The answer is one entry or a list, as the question was."""
    given = body if isinstance(body, list) else [body]
    rows = await transact(knowledge.put, [knowledge.Entry(**entry.model_dump()) for entry in given], by=caller.id)
    response.status_code = 201 if any(row.version == 1 for row in rows) else 200
    views = [_view(row) for row in rows]
    return Answer(code=response.status_code, data=views if isinstance(body, list) else views[0])


@router.post('/search', responses=refusals(400, 401, 403, 422))
async def search(body: Query, caller: Caller) -> Answer[Hits]:
    """Approved entries that hold today, best first."""
    return Answer(data=await read(_search, body.query, body.limit, by=caller.id))


@router.get('/{id}', responses=refusals(401, 403, 404))
async def read_entry(entry_id: Id, caller: Caller) -> Answer[EntryView]:
    return Answer(data=_view(await read(knowledge.seen, entry_id, by=caller.id)))


@router.patch('/{id}', responses=refusals(400, 401, 403, 404, 422))
async def change_entry(entry_id: Id, body: EntryChange, caller: Caller) -> Answer[EntryView]:
    row = await transact(knowledge.change, entry_id, knowledge.Entry(**body.model_dump()), by=caller.id)
    return Answer(data=_view(row))


@router.delete('/{id}', responses=refusals(401, 403, 404))
async def delete_entry(entry_id: Id, caller: Caller) -> Answer[None]:
    await transact(knowledge.delete, entry_id, by=caller.id)
    return Answer(data=None)


def _search(session: Session, query: str, limit: int, *, by: int) -> Hits:
    found = knowledge.tried(session, query, by=by, limit=limit)
    return Hits(items=[Hit(id=entry.id, question=entry.question, score=entry.score) for entry in found])


def _view(row: KnowledgeEntry) -> EntryView:
    facts = {str(name): str(value) for name, value in (row.facts or {}).items()}
    values = {name: getattr(row, name) for name in EntryView.model_fields if name != 'facts'}
    return EntryView(**values | {'facts': facts, 'variants': row.variants or []})
