"""kf/: accounts, servicers, session states, and the log; what sends is in kf_sending."""

import hashlib
import re
from typing import Any

from console.sandbox.answers import MEANINGS, Answer, Refused, ok
from console.sandbox.endpoints import Asked, Endpoint
from console.sandbox.kf_sessions import MOVES, SESSION_SECONDS, KfSession, State, UnknownCustomer
from console.sandbox.phones import UnknownMember
from console.sandbox.world import World

ACCOUNTS_AT_MOST = 5000
SCENE = re.compile('[0-9a-zA-Z_-]{1,32}')


def _account_list(world: World, asked: Asked) -> Answer:
    body = asked.body()
    offset, limit = body.number('offset', 0), body.number('limit', 100, low=1, high=100)
    accounts = world.kf.accounts.all()[offset : offset + limit]
    return ok(
        account_list=[
            {
                'open_kfid': account.open_kfid,
                'name': account.name,
                'avatar': 'https://wework.qpic.cn/sandbox/kf/0',
                'manage_privilege': account.granted,
            }
            for account in accounts
        ]
    )


def _account_add(world: World, asked: Asked) -> Answer:
    body = asked.body()
    name, media_id = _account_name(body.text('name')), body.text('media_id', default='')
    if media_id:
        world.media.get(media_id, world.clock.now())
    if len(world.kf.accounts.all()) >= ACCOUNTS_AT_MOST:
        raise Refused(95005)
    return ok(open_kfid=world.kf.accounts.add(name, media_id))


def _account_update(world: World, asked: Asked) -> Answer:
    body = asked.body()
    account = world.kf.accounts.granted(body.text('open_kfid'))
    name = _account_name(body.text('name', default=account.name))
    media_id = body.text('media_id', default=account.media_id)
    if media_id != account.media_id:
        world.media.get(media_id, world.clock.now())
    world.kf.accounts.rename(account.open_kfid, name=name, media_id=media_id)
    return ok()


def _account_del(world: World, asked: Asked) -> Answer:
    world.kf.accounts.delete(world.kf.accounts.granted(asked.body().text('open_kfid')).open_kfid)
    return ok()


def _account_name(name: str) -> str:
    if not 1 <= len(name) <= 16:
        raise Refused(95006)
    return name


def _add_contact_way(world: World, asked: Asked) -> Answer:
    body = asked.body()
    account = world.kf.accounts.get(body.text('open_kfid'))
    scene = body.text('scene', default='')
    if scene and not SCENE.fullmatch(scene):
        raise Refused(40058, 'invalid scene')
    link = 'https://work.weixin.qq.com/kfid/kfc' + hashlib.sha256(account.open_kfid.encode()).hexdigest()[:14]
    return ok(url=f'{link}?enc_scene={hashlib.sha256(scene.encode()).hexdigest()[:32]}' if scene else link)


def _servicer_list(world: World, asked: Asked) -> Answer:
    account = world.kf.accounts.get(asked.required('open_kfid'))
    servicers = [
        {'userid': one.userid, 'status': int(one.stopped)} | ({'stop_type': one.stop_type} if one.stopped else {})
        for one in world.kf.accounts.servicers(account.open_kfid)
    ]
    return ok(servicer_list=servicers)


def _servicer_add(world: World, asked: Asked) -> Answer:
    body = asked.body()
    account = world.kf.accounts.granted(body.text('open_kfid'))

    def add(userid: str) -> tuple[int, str]:
        try:
            member = world.phones.member(userid)
        except UnknownMember:
            return 40003, MEANINGS[40003]
        if member.outsider or not member.visible:
            return 60030, MEANINGS[60030]
        return 0, 'success' if world.kf.accounts.add_servicer(account.open_kfid, member.userid) else 'ignored'

    return ok(result_list=_each(body.texts('userid_list', at_most=100, needed=True), add))


def _servicer_del(world: World, asked: Asked) -> Answer:
    body = asked.body()
    account = world.kf.accounts.granted(body.text('open_kfid'))

    def drop(userid: str) -> tuple[int, str]:
        return 0, 'success' if world.kf.accounts.drop_servicer(account.open_kfid, userid) else 'ignored'

    return ok(result_list=_each(body.texts('userid_list', at_most=100, needed=True), drop))


def _each(userids: list[str], work: Any) -> list[dict[str, Any]]:
    results = [(userid, *work(userid)) for userid in userids]
    return [{'userid': userid, 'errcode': errcode, 'errmsg': errmsg} for userid, errcode, errmsg in results]


def _state_get(world: World, asked: Asked) -> Answer:
    session = _session(world, asked)
    servicer = {'servicer_userid': session.servicer} if session.state is State.SERVICER else {}
    return ok(service_state=int(session.state), **servicer)


def _state_trans(world: World, asked: Asked) -> Answer:
    body = asked.body()
    session, now = _session(world, asked), world.clock.now()
    state = State(body.number('service_state', -1, high=4))
    servicer = ''
    if state not in MOVES[session.state]:
        raise Refused(95016)
    if state is State.SERVICER:
        servicer = _attending(world, session.open_kfid, body.text('servicer_userid'))
    first = session.state in {State.UNTREATED, State.ASSISTANT}
    session.move(state, servicer)
    world.kf.sessions.keep(session)
    coded = state is State.ENDED or (first and state in {State.POOL, State.SERVICER})
    return ok(msg_code=world.kf.codes.for_moving(session, now)) if coded else ok()


def _attending(world: World, open_kfid: str, userid: str) -> str:
    servicer = world.kf.accounts.servicer(open_kfid, userid)
    if servicer is None:
        raise Refused(60253)
    if servicer.stopped:
        raise Refused(95019)
    try:
        world.phones.member(servicer.userid)
    except UnknownMember:
        raise Refused(95014) from None
    return servicer.userid


def _session(world: World, asked: Asked) -> KfSession:
    body = asked.body()
    account = world.kf.accounts.granted(body.text('open_kfid'))
    try:
        return world.kf.sessions.get(account.open_kfid, body.text('external_userid'), world.clock.now())
    except UnknownCustomer:
        raise Refused(40096) from None


def _sync_msg(world: World, asked: Asked) -> Answer:
    body, now, log = asked.body(), world.clock.now(), world.kf.log
    account = world.kf.accounts.granted(body.text('open_kfid'))
    if body.number('voice_format', 0) not in {0, 1}:
        raise Refused(40058)
    token, cursor = body.text('token', at_most=128, default=''), body.text('cursor', at_most=64, default='')
    limit = body.number('limit', 1000, high=1000) or 1000
    log.check_token(account.open_kfid, token, now)
    page = log.page(account.open_kfid, cursor, limit, now)
    return ok(next_cursor=page.next_cursor, has_more=int(page.has_more), msg_list=page.items)


def _customer_batchget(world: World, asked: Asked) -> Answer:
    body, now = asked.body(), world.clock.now()
    with_context = body.number('need_enter_session_context', 0, high=1)
    found, invalid = [], []
    for external_userid in body.texts('external_userid_list', at_most=100, needed=True):
        session = world.kf.sessions.latest_of(external_userid)
        if session is None or now >= max(session.spoke_at, session.opened_at) + SESSION_SECONDS:
            invalid.append(external_userid)
            continue
        customer = world.kf.sessions.customer(external_userid)
        shown: dict[str, Any] = {
            'external_userid': customer.external_userid,
            'nickname': customer.nickname,
            'avatar': customer.avatar,
            'gender': customer.gender,
        }
        if customer.unionid:
            shown['unionid'] = customer.unionid
        if with_context and session.scene:
            shown['enter_session_context'] = {'scene': session.scene, 'scene_param': session.scene_param}
        found.append(shown)
    return ok(customer_list=found, invalid_external_userid=invalid)


ENDPOINTS = {
    'kf/account/list': Endpoint('POST', _account_list, right='kf'),
    'kf/account/add': Endpoint('POST', _account_add, right='kf'),
    'kf/account/update': Endpoint('POST', _account_update, right='kf'),
    'kf/account/del': Endpoint('POST', _account_del, right='kf'),
    'kf/add_contact_way': Endpoint('POST', _add_contact_way, right='kf'),
    'kf/servicer/list': Endpoint('GET', _servicer_list, right='kf'),
    'kf/servicer/add': Endpoint('POST', _servicer_add, right='kf'),
    'kf/servicer/del': Endpoint('POST', _servicer_del, right='kf'),
    'kf/service_state/get': Endpoint('POST', _state_get, right='kf'),
    'kf/service_state/trans': Endpoint('POST', _state_trans, right='kf'),
    'kf/sync_msg': Endpoint('POST', _sync_msg, right='kf'),
    'kf/customer/batchget': Endpoint('POST', _customer_batchget, right='kf'),
}
