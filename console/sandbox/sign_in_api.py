"""The calls that hand something out: access tokens, who signed in, tickets for pages."""

from console.sandbox.answers import Answer, Refused, ok
from console.sandbox.endpoints import Asked, Endpoint
from console.sandbox.tokens import TOKEN_SECONDS, SignedIn
from console.sandbox.world import World


def _gettoken(world: World, asked: Asked) -> Answer:
    if asked.query.get('corpid') != world.credentials.corp_id:
        raise Refused(40013)
    if asked.query.get('corpsecret') != world.credentials.secret:
        raise Refused(40001)
    return ok(access_token=world.access_tokens.issue(world.clock.now()), expires_in=TOKEN_SECONDS)


def _who_signed_in(world: World, asked: Asked) -> Answer:
    signed_in = _redeemed(world, asked)
    member = signed_in.member
    if member.outsider:
        return ok(openid=member.openid, **({'external_userid': member.userid} if member.is_customer else {}))
    return ok(userid=member.userid, **({'user_ticket': signed_in.ticket} if signed_in.ticket else {}))


def _who_signed_in_of_old(world: World, asked: Asked) -> Answer:
    member = _redeemed(world, asked).member
    return ok(OpenId=member.openid) if member.outsider else ok(UserId=member.userid, DeviceId='')


def _redeemed(world: World, asked: Asked) -> SignedIn:
    return world.codes.redeem(asked.query.get('code', ''), world.credentials.agent_id, world.clock.now())


def _user_detail(world: World, asked: Asked) -> Answer:
    member = world.codes.member_of_ticket(asked.body().text('user_ticket'), world.clock.now())
    return ok(userid=member.userid, gender='0', avatar='', qr_code='', mobile='', email='', biz_mail='', address='')


def _corp_ticket(world: World, _asked: Asked) -> Answer:
    ticket, seconds = world.tickets.get('corp', world.clock.now())
    return ok(ticket=ticket, expires_in=seconds)


def _agent_ticket(world: World, asked: Asked) -> Answer:
    if asked.query.get('type') != 'agent_config':
        raise Refused(40058)
    ticket, seconds = world.tickets.get('agent_config', world.clock.now())
    return ok(ticket=ticket, expires_in=seconds)


ENDPOINTS = {
    'gettoken': Endpoint('GET', _gettoken, needs_token=False),
    'auth/getuserinfo': Endpoint('GET', _who_signed_in),
    'user/getuserinfo': Endpoint('GET', _who_signed_in_of_old),
    'auth/getuserdetail': Endpoint('POST', _user_detail),
    'get_jsapi_ticket': Endpoint('GET', _corp_ticket),
    'ticket/get': Endpoint('GET', _agent_ticket),
}
