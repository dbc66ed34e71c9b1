"""The calls about the company: who is in it, what the app may see, WeCom's own addresses."""

from console.sandbox.answers import Answer, Refused, ok
from console.sandbox.endpoints import Asked, Endpoint
from console.sandbox.phones import Member, UnknownMember
from console.sandbox.world import World


def reachable_member(world: World, userid: str) -> Member:
    """Raises `Refused`: 60111 (nobody in the company), 60011 (outside the app's visible range)."""
    try:
        member = world.phones.member(userid)
    except UnknownMember:
        raise Refused(60111) from None
    if member.outsider or member.linked:
        raise Refused(60111)
    if not member.visible:
        raise Refused(60011)
    return member


def _user(world: World, asked: Asked) -> Answer:
    member = reachable_member(world, asked.query.get('userid', ''))
    return ok(userid=member.userid, name=member.name, department=[1], position='', status=1, isleader=0, extattr={})


def _agent(world: World, asked: Asked) -> Answer:
    if asked.required('agentid') != str(world.credentials.agent_id):
        raise Refused(301002)
    visible = [{'userid': member.userid} for member in world.phones.members() if member.reachable]
    return ok(
        agentid=world.credentials.agent_id,
        name='EduDesk',
        square_logo_url='https://wework.qpic.cn/sandbox/logo/0',
        description='',
        allow_userinfos={'user': visible},
        allow_partys={'partyid': []},
        allow_tags={'tagid': []},
        close=0,
        redirect_domain=world.trusted_domain or '',
        report_location_flag=0,
        isreportenter=0,
        home_url='',
    )


def _own_addresses(_world: World, _asked: Asked) -> Answer:
    return ok(ip_list=['127.0.0.1'])


ENDPOINTS = {
    'user/get': Endpoint('GET', _user),
    'agent/get': Endpoint('GET', _agent),
    'getcallbackip': Endpoint('GET', _own_addresses),
    'get_api_domain_ip': Endpoint('GET', _own_addresses),
}
