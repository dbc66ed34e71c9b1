"""Whether WeCom lets us in: the token, this server's address, and who the app is visible to."""

from typing import Any

from console.doctor import places
from console.doctor.case import TIMEOUT, Case
from console.doctor.finding import Finding, bad, good, not_used, warn
from console.doctor.refused import refused
from console.wecom.client import WeComClient
from console.wecom.refusals import RefusalKind, WeComRefused, WeComUnreachable
from console.wecom.transport import Transport

WITH_CONSOLE = '内置沙箱代替企业微信，它只在控制台运行时存在；请打开“设置 → 自检”查看这一项'


def mode(case: Case) -> Finding:
    """Which WeCom this is about."""
    if not case.sandboxed:
        assert case.keys is not None, 'real credentials'  # noqa: S101
        if case.official:
            return good('已连接企业微信')
        return warn(
            f'接口地址是 {case.keys.api_base_url}，不是企业微信的官方地址',
            where=places.SETTINGS,
            step='试用时可以这样；正式使用前删去 WECHAT_API_BASE_URL',
        )
    if case.ready.production:
        return bad(
            '没有设置企业微信，正式环境不能启动',
            where=places.SETTINGS,
            step='填写 WECHAT_ 开头的五项，按 docs/guide.zh.md 的“接入企业微信”',
        )
    return warn(
        '没有设置企业微信，正在用内置沙箱：消息不会发给真实的家长',
        where=places.SETTINGS,
        step='试用时不用管；正式使用前按“设置 → 接入企业微信”填写 WECHAT_ 开头的五项',
    )


def token(case: Case) -> Finding:
    """Ask for a token, now; but not again within ten minutes of a refused secret."""
    if case.keys is None or not case.keys.api_base_url:
        return not_used(WITH_CONSOLE)
    if known := case.refused_secret:
        return refused(known, case)
    try:
        Transport(case.keys.api_base_url, TIMEOUT).exchange(
            'gettoken', {'corpid': case.keys.corp_id, 'corpsecret': case.keys.secret}, implied='access_token'
        )
    except WeComRefused as fault:
        if fault.kind is RefusalKind.CREDENTIAL:
            case.remember(fault)
        return refused(fault, case)
    except WeComUnreachable as fault:
        return refused(fault, case)
    return good('企业 ID 和 Secret 正确，已取得访问凭证')


def trusted_ip(case: Case) -> Finding:
    client = asking(case)
    try:
        client.get('agent/get', agentid=client.agent_id)
    except (WeComRefused, WeComUnreachable) as fault:
        return refused(fault, case, where=places.APP)
    return good('企业微信接受这台服务器的请求，AgentId 正确')


def visible_range(case: Case) -> Finding:
    client = asking(case)
    try:
        app = client.get('agent/get', agentid=client.agent_id)
    except (WeComRefused, WeComUnreachable) as fault:
        return refused(fault, case, where=places.VISIBLE_RANGE)
    if app.get('close') == 1:
        return bad('应用已停用，收不到也发不出消息', where=places.ENABLED, step='启用应用')
    parts = {
        '名成员': _listed(app, 'allow_userinfos', 'user'),
        '个部门': _listed(app, 'allow_partys', 'partyid'),
        '个标签': _listed(app, 'allow_tags', 'tagid'),
    }
    if all(count is None for count in parts.values()):
        return warn('企业微信没有说明应用的可见范围', where=places.VISIBLE_RANGE, step='确认要使用的员工都在里面')
    seen = [f'{count} {word}' for word, count in parts.items() if count]
    if not seen:
        return bad(
            '应用的可见范围是空的，没有员工能用',
            where=places.VISIBLE_RANGE,
            step='把使用控制台的员工和全部接待人员加进去',
        )
    return good(f'可见范围里有 {"、".join(seen)}')


def asking(case: Case) -> WeComClient:
    """The client, for checks that are only made once a token was got."""
    if case.client is None:
        raise RuntimeError('there is no WeCom to ask')
    return case.client


def _listed(app: dict[str, Any], outer: str, inner: str) -> int | None:
    """How many are listed; None where WeCom says nothing."""
    found = app.get(outer)
    listed = found.get(inner) if isinstance(found, dict) else None
    return len(listed) if isinstance(listed, list) else None
