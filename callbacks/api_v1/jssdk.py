"""What a page of ours needs to register with the WeCom around it: signatures over its address."""

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.concurrency import run_in_threadpool

from callbacks.api_v1.caller import Credentials, known_by
from callbacks.api_v1.envelope import Answer, Refusal, refusals
from console import sign_in
from console.database import read
from console.errors import NotSignedIn
from console.parts import parts
from console.wecom import jssdk

router = APIRouter(prefix='/wechat', tags=['wechat'])


class Registration(BaseModel):
    """For `ww.register`. Both signatures are over the same `timestamp`, `nonceStr` and `url`."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    corp_id: str
    agent_id: str
    timestamp: int
    nonce_str: str
    signature: str = Field(description='With the ticket of the company: `getConfigSignature`')
    agent_signature: str = Field(description='With the ticket of the app: `getAgentConfigSignature`')
    url: str = Field(description='What was signed: the address up to its fragment')


class Registered(Answer[Registration], Registration):
    """The same once in `data`, as everywhere, and once beside it, as the snippets found on the web read it."""


async def _at_a_page(request: Request, credentials: Credentials) -> None:
    """A token as everywhere, or the cookie of the page that asks."""
    if credentials is not None:
        await known_by(credentials.credentials)
        return
    secret = request.cookies.get(parts().cookie, '')[:200]
    if not secret or await read(sign_in.member_of, secret) is None:
        raise NotSignedIn


@router.get(
    '/config',
    dependencies=[Depends(_at_a_page)],
    responses=refusals(401)
    | {
        400: {'model': Refusal, 'description': 'The address is not one of ours'},
        502: {'model': Refusal, 'description': 'WeCom refuses the tickets. `error.reason` says which way'},
        503: {'model': Refusal, 'description': 'WeCom cannot be reached'},
    },
)
async def config(url: str = '') -> Registered:
    """Sign the address of the page that asks. Also for the cookie of a signed-in browser, without a token."""
    page = jssdk.page_of(url, parts().base_url)
    return await run_in_threadpool(_registered, page)


def _registered(page: str) -> Registered:
    client = parts().entrance.client
    signed = jssdk.signed(client, page)
    made = Registration(
        corp_id=client.corp_id,
        agent_id=str(client.agent_id),
        timestamp=signed.timestamp,
        nonce_str=signed.nonce,
        signature=signed.signature,
        agent_signature=signed.agent_signature,
        url=page,
    )
    return Registered(data=made, **made.model_dump())
