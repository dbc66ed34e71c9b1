"""The page of a sandbox that runs alone: everybody's phone, with a form for what people do."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from console.sandbox.kf_sessions import State
from console.sandbox.server import Sandbox

LINES = 30
STATES = {
    State.UNTREATED: '未处理',
    State.ASSISTANT: '智能助手接待',
    State.POOL: '待接入池',
    State.SERVICER: '人工接待',
    State.ENDED: '未开始或已结束',
}
Given = Mapping[str, str]


def routes(sandbox: Sandbox) -> list[Route]:
    """`/` shows everything; what its forms do goes to `/play` with the key the page holds."""
    templates = Environment(loader=PackageLoader('console.sandbox'), autoescape=True)
    key = secrets.token_urlsafe(24)

    async def show(request: Request) -> Response:
        seen = await asyncio.to_thread(_seen, sandbox)
        page = templates.get_template('playground.html')
        return HTMLResponse(page.render(**seen, key=key, notice=request.query_params.get('notice', '')))

    async def play(request: Request) -> Response:
        async with request.form() as form:
            given = {name: value for name, value in form.items() if isinstance(value, str)}
        if not secrets.compare_digest(given.get('key', '').encode(), key.encode()):
            return PlainTextResponse('这张页面已失效，请刷新。', status_code=403)
        act = ACTS.get(given.get('act', ''))
        if act is None:
            return PlainTextResponse('没有这个动作。', status_code=404)
        try:
            notice = _told(await asyncio.to_thread(act, sandbox, given))
        except (KeyError, LookupError, ValueError, RuntimeError) as error:
            notice = f'没有做成：{error}'
        where = given.get('customer') or given.get('userid') or ''
        return RedirectResponse(f'/?{urlencode({"notice": notice})}#{where}', status_code=303)

    return [Route('/', show), Route('/play', play, methods=['POST'])]


def _seen(sandbox: Sandbox) -> dict[str, Any]:
    members = [member for member in sandbox.members() if not member.outsider]
    chats = [
        {
            'account': account,
            'customer': customer,
            'state': STATES[sandbox.kf.session(account.open_kfid, customer.external_userid).state],
            'lines': sandbox.kf.phone(account.open_kfid, customer.external_userid)[-LINES:],
        }
        for account in sandbox.kf.accounts()
        for customer in sandbox.kf.customers()
    ]
    phones = [
        {
            'member': member,
            'entries': sandbox.phone(member.userid)[-LINES:],
            'follows': sandbox.contacts.of(member.userid),
        }
        for member in members
    ]
    return {
        'corp_id': sandbox.credentials.corp_id,
        'callback_url': sandbox.callback_url,
        'now': f'{sandbox.clock.read().astimezone():%Y-%m-%d %H:%M:%S}',
        'members': members,
        'chats': chats,
        'phones': phones,
    }


def _told(result: object) -> str:
    """What the console made of it, in words."""
    reports = getattr(result, 'doorbells', (result,))
    attempts = [attempt for report in reports for attempt in getattr(report, 'attempts', ())]
    if not attempts:
        return '完成。'
    answers = '、'.join(str(attempt.status or attempt.answer) for attempt in attempts)
    return f'完成，回调得到的回答：{answers}。'


def _add_customer(sandbox: Sandbox, given: Given) -> None:
    sandbox.kf.customer('wm' + secrets.token_hex(12), given['nickname'])


def _add_contact(sandbox: Sandbox, given: Given) -> object:
    external_userid = 'wm' + secrets.token_hex(12)
    sandbox.contacts.ensure(external_userid, given['name'])
    return sandbox.contacts.add(given['userid'], external_userid)


def _takes(sandbox: Sandbox, given: Given) -> object:
    """Also out of a state in which a real servicer would have to wait for the pool."""
    account, customer = given['account'], given['customer']
    if sandbox.kf.session(account, customer).state in {State.UNTREATED, State.ASSISTANT}:
        sandbox.kf.set_state(account, customer, State.POOL)
    return sandbox.servicers.takes(account, customer, given['userid'])


ACTS: dict[str, Callable[[Sandbox, Given], object]] = {
    'verify': lambda sandbox, _: sandbox.verify_callback_url(),
    'doorbells': lambda sandbox, given: sandbox.kf.doorbells(bool(given['on'])),
    'advance': lambda sandbox, given: sandbox.advance_clock(float(given['seconds'])),
    'fail': lambda sandbox, given: sandbox.fail_next(int(given['errcode']), path=given['path']),
    'add_account': lambda sandbox, given: sandbox.kf.add_account(given['name']),
    'add_customer': _add_customer,
    'customer_says': lambda sandbox, given: sandbox.kf.customer_says(
        given['account'], given['customer'], given['text']
    ),
    'customer_image': lambda sandbox, given: sandbox.kf.customer_sends(given['account'], given['customer'], 'image'),
    'customer_enters': lambda sandbox, given: sandbox.kf.customer_enters(given['account'], given['customer']),
    'servicer_takes': _takes,
    'servicer_says': lambda sandbox, given: sandbox.servicers.says(given['account'], given['customer'], given['text']),
    'servicer_ends': lambda sandbox, given: sandbox.servicers.ends(given['account'], given['customer']),
    'add_member': lambda sandbox, given: sandbox.ensure_member(given['userid'], given['name']),
    'say': lambda sandbox, given: sandbox.say(given['userid'], given['text']),
    'press': lambda sandbox, given: sandbox.cards.press(given['userid'], given['task_id'], given['button']),
    'add_contact': _add_contact,
}
