"""What the sidebar and signing in through WeCom need: contacts, both JS tickets, the trusted domain and its file.

See developer.work.weixin.qq.com/document/path/90506, 92571 and 90227, read 2026-11-24.
"""

import re
from urllib.parse import urlsplit

import requests

from console.doctor import places
from console.doctor.access import asking
from console.doctor.case import LOOPBACK, TIMEOUT, Case
from console.doctor.finding import Finding, bad, good, not_used, warn
from console.doctor.refused import refused
from console.wecom.client import TicketKind
from console.wecom.refusals import WeComRefused, WeComUnreachable

FILE_NAME = re.compile(r'WW_verify_[A-Za-z0-9]{1,64}\.txt')


def contacts(case: Case) -> Finding:
    try:
        answer = asking(case).get('externalcontact/get_follow_user_list')
    except WeComRefused as fault:
        found = refused(fault, case, where=places.CONTACTS_API, step='把本应用加入“可调用接口的应用”')
        if fault.errcode in (48001, 48002, 84061):
            return warn(
                f'{found.cause}。客户联系的聊天里侧边栏认不出家长；只用微信客服时不受影响',
                where=found.where,
                step=found.step,
            )
        return found
    except WeComUnreachable as fault:
        return refused(fault, case)
    people = answer.get('follow_user')
    if not isinstance(people, list) or not people:
        return warn(
            '有客户联系的权限，但没有成员开通客户联系',
            where=f'{places.CONTACTS} → 权限配置 → 使用范围',
            step='把顾问加入客户联系的使用范围；只用微信客服时可以不管',
        )
    return good(f'有客户联系的权限，{len(people)} 名成员可以使用')


def tickets(case: Case) -> Finding:
    client = asking(case)
    kinds: tuple[tuple[TicketKind, str], ...] = (('agent', '应用票据'), ('corp', '企业票据'))
    for kind, name in kinds:
        try:
            client.ticket(kind)
        except (WeComRefused, WeComUnreachable) as fault:
            found = refused(fault, case, where=places.TRUSTED_DOMAIN)
            return Finding(
                state=found.state,
                cause=f'取不到{name}，侧边栏打不开：{found.cause}',
                where=found.where,
                step=found.step,
                values=found.values,
            )
    return good('应用票据和企业票据都能取得')


def domain(case: Case) -> Finding:
    client = asking(case)
    values = (('可信域名', case.host), ('授权回调域', case.host))
    try:
        app = client.get('agent/get', agentid=client.agent_id)
    except (WeComRefused, WeComUnreachable) as fault:
        return refused(fault, case, where=places.TRUSTED_DOMAIN)
    if case.sandboxed:
        return not_used('沙箱接受本机的任何地址')
    host = urlsplit(case.ready.base_url).hostname or ''
    if case.public_is_loopback or re.fullmatch(r'[\d.]+|.*:.*', host):
        return warn(
            f'{host} 不是域名，企业微信不能把它设为可信域名，登录和侧边栏不能用',
            where=places.SETTINGS,
            step='准备一个已备案的域名，填到 PUBLIC_BASE_URL',
        )
    if 'redirect_domain' not in app:
        return warn('企业微信没有说明可信域名', where=places.TRUSTED_DOMAIN, step='确认填的是下面的域名', values=values)
    theirs = str(app['redirect_domain'] or '')
    if theirs.casefold() not in (case.host.casefold(), host.casefold()):
        cause = f'可信域名是 {theirs}，与控制台的域名不一致' if theirs else '没有设置可信域名'
        return bad(
            f'{cause}，登录和侧边栏不能用', where=places.TRUSTED_DOMAIN, step='设为下面的域名，一字不差', values=values
        )
    return good(f'可信域名是 {theirs}，与控制台一致')


def domain_file(case: Case) -> Finding:
    """Whether the file that proves the domain to be ours is there and served, byte for byte."""
    if case.sandboxed:
        return not_used('沙箱不校验域名')
    folder = case.ready.data_dir / 'verify'
    files = [file for file in sorted(folder.glob('WW_verify_*.txt')) if FILE_NAME.fullmatch(file.name)]
    if not files:
        return warn(
            f'{folder} 里没有校验文件，企业微信不能确认域名属于你们',
            where=places.TRUSTED_DOMAIN,
            step=f'在那里点“申请校验域名”，下载 WW_verify_….txt，放进 {folder}，再回去点“确定”',
        )
    for file in files:
        url = f'{case.ready.base_url}/{file.name}'
        try:
            with requests.Session() as session:
                session.trust_env = urlsplit(url).hostname not in LOOPBACK
                answer = session.get(url, timeout=TIMEOUT, allow_redirects=False)
            served = answer.status_code == 200 and answer.content == file.read_bytes()
        except (requests.RequestException, OSError):
            return warn(f'没能打开 {url}，见“回调地址”那一项', where=places.SERVER, step='先解决回调地址，再检查一次')
        if not served:
            return bad(
                f'{url} 打开的不是校验文件的内容 (HTTP {answer.status_code})',
                where='服务器上的反向代理 (例如 nginx)',
                step='把整个网站都转到控制台，不要在反向代理上另放网站文件',
            )
    return good(f'{"、".join(file.name for file in files)} 可以打开')
