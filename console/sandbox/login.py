"""The sign-in pages: instead of a phone there is a list of members, and a click says who it is."""

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from console.sandbox.phones import Member, UnknownMember
from console.sandbox.world import World

PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>沙箱企业微信登录</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.6 system-ui,sans-serif;max-width:26rem;margin:12vh auto;padding:0 1rem;color:#1f2937}}
a{{display:block;margin:.5rem 0;padding:.7rem 1rem;border:1px solid #d1d5db;border-radius:.5rem;
color:inherit;text-decoration:none}}a:hover,a:focus{{border-color:#2563eb}}small{{color:#6b7280}}</style></head>
<body><h1>{title}</h1>{body}</body></html>"""

PASSERS_BY = (
    Member('passer-by', '陌生人', outsider=True),
    Member('wwlinkedcompany1/ZhouJie', '周洁', visible=False),
)
"""People without a phone here, on the list of every sandbox: nobody's customer, and a linked company's member."""


def who_signs_in(world: World, userid: str) -> Member:
    """A member or a passer-by. Raises `UnknownMember`. Call inside `world.turn()`."""
    passer_by = next((member for member in PASSERS_BY if member.userid == userid), None)
    return passer_by or world.phones.member(userid)


def routes(world: World) -> list[Route]:
    """Both pages take the query WeCom documents; `member` added to it is the click on that member."""

    async def authorize(request: Request) -> Response:
        query = request.query_params
        agent_id = query.get('agentid', str(world.credentials.agent_id))
        private = query.get('scope') == 'snsapi_privateinfo' and 'agentid' in query
        return _sign_in(world, query, fault=_fault_of_authorize(query), agent_id=agent_id, private=private)

    async def scan(request: Request) -> Response:
        query = request.query_params
        agent_id = str(world.credentials.agent_id)
        return _sign_in(world, query, fault=_fault_of_scan(world, query), agent_id=agent_id)

    return [Route('/connect/oauth2/authorize', authorize), Route('/wwlogin/sso/login', scan)]


def _fault_of_authorize(query: Mapping[str, str]) -> str | None:
    if query.get('response_type') != 'code':
        return 'response_type 参数错误'
    if query.get('scope') not in {'snsapi_base', 'snsapi_privateinfo'}:
        return 'scope 参数错误'
    if not query.get('agentid', '0').isdecimal():
        return 'agentid 参数错误'
    return None


def _fault_of_scan(world: World, query: Mapping[str, str]) -> str | None:
    if query.get('login_type') != 'CorpApp':
        return 'login_type 参数错误'
    if query.get('agentid') != str(world.credentials.agent_id):
        return 'agentid 参数错误'
    return None


def _sign_in(
    world: World, query: Mapping[str, str], *, fault: str | None, agent_id: str, private: bool = False
) -> Response:
    fault = fault or _fault_of_both(world, query)
    if fault:
        return _page('无法登录', f'<p>{escape(fault)}</p>', status_code=400)
    with world.turn():
        members = world.phones.members()
    if 'member' not in query:
        links = ''.join(_link(query, member) for member in [*members, *PASSERS_BY])
        return _page('请选择登录身份', links)
    try:
        with world.turn():
            code = world.codes.issue(
                who_signs_in(world, query['member']), int(agent_id), world.clock.now(), private=private
            )
    except UnknownMember:
        return _page('无法登录', '<p>成员不存在</p>', status_code=400)
    target = urlsplit(query['redirect_uri'])
    answer = [*parse_qsl(target.query, keep_blank_values=True), ('code', code), ('state', query.get('state', ''))]
    return RedirectResponse(urlunsplit(target._replace(query=urlencode(answer))), status_code=302)


def _fault_of_both(world: World, query: Mapping[str, str]) -> str | None:
    if query.get('appid') != world.credentials.corp_id:
        return 'appid 参数错误'
    state = query.get('state', '')
    if len(state) > 128 or (state and not (state.isascii() and state.isalnum())):
        return 'state 参数错误'
    try:
        target = urlsplit(query.get('redirect_uri', ''))
        trusted = world.trusts(target.netloc, target.hostname)
    except ValueError:
        return 'redirect_uri 参数错误'
    return None if target.scheme in {'http', 'https'} and trusted else 'redirect_uri 参数错误'


def _link(query: Mapping[str, str], member: Member) -> str:
    target = '?' + urlencode({**query, 'member': member.userid})
    kind = '外部人员' if member.outsider else '互联企业成员' if member.linked else '成员'
    return f'<a href="{escape(target)}">{escape(member.name)} <small>{escape(member.userid)} · {kind}</small></a>'


def _page(title: str, body: str, *, status_code: int = 200) -> Response:
    html = PAGE.format(title=title, body=body)
    return HTMLResponse(html, status_code=status_code, headers={'Referrer-Policy': 'no-referrer'})
