"""Whether parents can reach us through 微信客服: our right to it, its accounts, and who answers there.

See developer.work.weixin.qq.com/document/path/94638, 94661 and 94645, read 2026-11-24.
"""

from typing import Any

from console.doctor import places
from console.doctor.access import asking
from console.doctor.case import Case
from console.doctor.finding import Finding, bad, good, not_used, warn
from console.doctor.refused import refused
from console.wecom.client import WeComClient
from console.wecom.refusals import WeComRefused, WeComUnreachable

MOST_LOOKED_AT = 5
"""Accounts whose servicers are asked for: the examination has seconds, not minutes."""


def kf(case: Case) -> Finding:
    client = asking(case)
    try:
        answer = client.post('kf/account/list', {'offset': 0, 'limit': 100})
        accounts = _listed(answer, 'account_list')
        if 'account_list' not in answer:
            return warn('企业微信没有说明客服账号', where=places.KF_MANAGED, step='确认账号已交给本应用管理')
        if not accounts and case.sandboxed:
            return not_used('沙箱里没有客服账号')
        if not accounts:
            return bad(
                '没有可以管理的微信客服账号，家长的消息进不来',
                where=places.KF_MANAGED,
                step='先建立客服账号，再在这里勾选交给本应用管理的账号',
            )
        return _judged(client, accounts)
    except (WeComRefused, WeComUnreachable) as fault:
        return refused(fault, case, where=places.KF_API, step='把本应用加入“可调用接口的应用”')


def _judged(client: WeComClient, accounts: list[dict[str, Any]]) -> Finding:
    names = '、'.join(str(account.get('name') or account.get('open_kfid')) for account in accounts[:MOST_LOOKED_AT])
    unmanaged = [account for account in accounts if account.get('manage_privilege') is False]
    if len(unmanaged) == len(accounts):
        return bad(
            f'客服账号（{names}）没有交给本应用管理',
            where=places.KF_MANAGED,
            step='勾选这些账号；勾选后它们的消息都由本控制台处理',
        )
    managed = [account for account in accounts if account not in unmanaged]
    for account in managed[:MOST_LOOKED_AT]:
        open_kfid = str(account.get('open_kfid') or '')
        servicers = _listed(client.get('kf/servicer/list', open_kfid=open_kfid), 'servicer_list')
        people = [one for one in servicers if 'userid' in one]
        if not servicers:
            return warn(
                f'客服账号“{account.get("name")}”没有接待人员，需要人工时没有人接',
                where=places.KF_SERVICERS,
                step='添加接待人员，他们也要在应用的可见范围里',
            )
        if people and len(people) == len(servicers) and all(one.get('status') == 1 for one in people):
            return warn(
                f'客服账号“{account.get("name")}”的接待人员都停止了接待',
                where=f'{places.KF_SERVICERS}，或接待人员自己的企业微信',
                step='请至少一位接待人员恢复接待',
            )
    left_out = f'；另有 {len(unmanaged)} 个没有交给本应用' if unmanaged else ''
    return good(f'{len(managed)} 个客服账号可用（{names}），有人接待{left_out}')


def _listed(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = answer.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
