"""WeCom's refusals as findings: the code's meaning, and the admin page that mends it."""

from console.doctor import places
from console.doctor.case import Case
from console.doctor.finding import Finding, bad, warn
from console.wecom.refusals import RefusalKind, WeComRefused, WeComUnreachable

WHERE = {
    40001: (places.APP, '点“查看”取得 Secret，填到 WECHAT_SECRET 后重新启动'),
    40013: (places.COMPANY, '把企业 ID 填到 WECHAT_CORP_ID 后重新启动'),
    40056: (places.APP, '把 AgentId 填到 WECHAT_AGENT_ID 后重新启动'),
    301002: (places.APP, 'AgentId 和 Secret 要从同一个应用复制，填好后重新启动'),
    48006: (places.ENABLED, '应用长期没有使用，请重新启用'),
    50003: (places.ENABLED, '启用应用'),
    60020: (places.TRUSTED_IP, '把下面的 IP 加进去，保存约 1 分钟后生效'),
    60030: (places.VISIBLE_RANGE, '把全部接待人员加入可见范围'),
    95003: (places.VERIFIED, '完成企业认证'),
    95011: (places.APP, '改用自建应用的 Secret'),
    95012: (places.KF, '在企业微信里启用微信客服'),
    95017: (places.KF_API, '打开 API，并把本应用加入'),
    95023: (places.KF_API, '改为授权给本应用'),
}
"""By code: where it is mended, and what to do there."""


def refused(fault: WeComRefused | WeComUnreachable, case: Case, *, where: str = '', step: str = '') -> Finding:
    """`where` and `step` are the check's own mend, for the codes that mean something else in each place."""
    if isinstance(fault, WeComUnreachable):
        return _unreachable(fault, case)
    numbers = [
        f'错误码 {fault.errcode}' if fault.errcode is not None else '',
        f'hint {fault.hint}' if fault.hint else '',
    ]
    cause = f'{fault.refusal.cause_zh}（{"，".join(filter(None, numbers)) or "无错误码"}）'
    if fault.errcode == 60020:
        seen = f'，它看到的是 {fault.from_ip}' if fault.from_ip else ''
        cause = f'企业微信不信任这台服务器的 IP{seen}（{"，".join(filter(None, numbers))}）'
    known = WHERE.get(fault.errcode or 0)
    place, mend = known or (where, step or fault.refusal.mend_zh)
    values = (('要加入的 IP', fault.from_ip),) if fault.errcode == 60020 and fault.from_ip else ()
    passing = fault.kind in (RefusalKind.RETRY, RefusalKind.RATE)
    return (warn if passing else bad)(cause, where=place, step=mend, values=values)


def _unreachable(fault: WeComUnreachable, case: Case) -> Finding:
    if fault.what == 'HTTP 404' and not case.official:
        return warn(
            '设置的 WECHAT_API_BASE_URL 没有这个接口，没有检查',
            where=places.SETTINGS,
            step='正式使用时改回企业微信的官方地址',
        )
    return bad(
        f'连不上企业微信 ({fault.what})',
        where='服务器的网络、防火墙和代理设置',
        step='让服务器可以访问 WECHAT_API_BASE_URL（官方是 qyapi.weixin.qq.com 的 443 端口）',
    )
