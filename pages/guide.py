"""接入企业微信: WeCom's own set-up in the order that works, every value to paste, and whether each step is done."""

from collections import defaultdict
from dataclasses import dataclass

from nicegui import ui

from console.database import transact
from console.doctor import TITLES, Case, Finding, disclosure, places
from console.parts import parts
from console.staff import Action
from pages.doctor import Line, Rounds
from pages.layout import me, staff_page
from pages.widgets import button, copy_button, panel, refusals_shown, row, stack, text


@dataclass(frozen=True, kw_only=True)
class Step:
    """`why` in one sentence, `todo` in the order it is done, `checks` by name: what shows that it is done."""

    title: str
    why: str
    where: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    checks: tuple[str, ...] = ()


def steps(case: Case) -> list[Step]:
    base, host = case.ready.base_url, case.host
    return [
        Step(
            title='部署控制台，填写五项',
            why='企业微信要能访问到控制台，控制台要知道自己代表哪个应用。',
            where=(places.COMPANY, places.APP, places.CALLBACK),
            todo=(
                '准备已备案的域名和 https 证书，按 deploy/nginx.conf 把整个网站转到控制台；'
                'PUBLIC_BASE_URL 填这个网址。',
                '在“应用管理”里建一个自建应用，把企业 ID、AgentId、Secret 分别填到 '
                'WECHAT_CORP_ID、WECHAT_AGENT_ID、WECHAT_SECRET。',
                '打开“设置 API 接收”，点“随机获取”得到 Token 和 EncodingAESKey，先不要保存；'
                '把它们填到 WECHAT_TOKEN、WECHAT_ENCODING_AES_KEY，重新启动控制台。',
            ),
            values=(('控制台网址', base),),
            checks=('settings', 'workers', 'database', 'mode'),
        ),
        Step(
            title='保存回调地址',
            why='家长和员工的消息从这里进来。保存时企业微信会马上调用一次，控制台要先运行着。',
            where=(places.CALLBACK,),
            todo=('填写下面三项，点“保存”。', '提示“回调地址请求不通过”时，看这一步的检查结果。'),
            values=(('URL', case.callback_url),),
            checks=('callback', 'clock'),
        ),
        Step(
            title='加入可信 IP，设可见范围',
            why='企业微信只接受来自可信 IP 的请求；只有可见范围里的员工能用这个应用。',
            where=(places.TRUSTED_IP, places.VISIBLE_RANGE),
            todo=(
                '回调地址保存成功后才能填可信 IP。把服务器的出口 IP 加进去，约 1 分钟后生效。',
                '不知道出口 IP 时先跳过：检查会显示企业微信看到的 IP。',
                '把使用控制台的员工和全部接待人员加入可见范围。',
            ),
            checks=('token', 'trusted_ip', 'visible_range'),
        ),
        Step(
            title='交出微信客服',
            why='家长用微信联系的是微信客服。交给本应用后，消息都由控制台处理，企业微信原来的接待规则停用。',
            where=(places.KF_API, places.KF_MANAGED),
            todo=(
                '在“可调用接口的应用”里加入本应用。',
                '在“通过 API 管理微信客服账号”里勾选要交给本应用的账号。',
                '给每个账号安排接待人员，需要人工时由他们接手。',
            ),
            checks=('kf',),
        ),
        Step(
            title='设登录的域名',
            why='员工用企业微信登录控制台时，企业微信只肯回到这里填的域名。',
            where=(places.TRUSTED_DOMAIN, places.LOGIN_DOMAIN),
            todo=(
                '两处都填下面的域名，一字不差，不带 https:// 和路径。',
                f'要求校验域名时，下载 WW_verify_….txt，放进 {case.ready.data_dir / "verify"}，再点“确定”。',
            ),
            values=(('可信域名', host), ('授权回调域', host)),
            checks=('domain_file',),
        ),
        Step(
            title='设 JS-SDK 的域名',
            why='侧边栏要靠它知道正在和哪位家长聊天。',
            where=(places.TRUSTED_DOMAIN,),
            todo=('勾选“用于 OAuth 回调、JS-SDK”，域名与上一步相同。',),
            values=(('JS-SDK 可信域名', host),),
            checks=('domain', 'tickets'),
        ),
        Step(
            title='加侧边栏入口',
            why='员工在企业微信里聊天时，右边就能看到学员资料和草稿。',
            where=(places.KF_TOOLBAR, places.CONTACTS_TOOLBAR),
            todo=(
                '两处各添加一个页面，名称填 EduDesk，地址填下面的网址。',
                '打开任意一个客户聊天，点右上角的工具栏试一次。',
            ),
            values=(('侧边栏网址', f'{base}/sidebar'),),
        ),
        Step(
            title='开客户联系的权限',
            why='员工加的客户（不经过微信客服的）要有这项权限才认得出；只用微信客服可以不做。',
            where=(places.CONTACTS_API,),
            todo=('在“可调用接口的应用”里加入本应用。', '把顾问加入客户联系的使用范围。'),
            checks=('contacts',),
        ),
        Step(
            title='接收告警',
            why='通道暂停、发送失败、磁盘快满时，群里马上知道，好了也会说。',
            where=(places.ROBOT,),
            todo=('在一个内部群里添加机器人，把它的地址填到 WECHAT_ALERT_WEBHOOK，重新启动控制台。',),
            checks=('robot',),
        ),
    ]


CALLBACK_STEP = 1
"""Where Token and EncodingAESKey are pasted."""


@staff_page('/settings/guide', title='接入企业微信', action=Action.SEE_SETTINGS)
async def guide_page() -> None:
    lines: dict[str, list[Line]] = defaultdict(list)
    case = parts().doctor.case

    def begun() -> None:
        for line in (line for several in lines.values() for line in several):
            line.wait()

    def found(finding: Finding) -> None:
        for line in lines[finding.name]:
            line.show(finding)

    rounds = Rounds(begun=begun, found=found, ended=lambda: None)
    with ui.element('div').classes('sheet'):
        with row('wrap'):
            with ui.element('a').classes('btn small').props('href=/settings'):
                text('返回设置')
            text('按顺序做，前一步好了再做下一步；每一步下面是现在的检查结果。', 'muted grow')
            button('重新检查', rounds.examine, small=True)
        if case.sandboxed:
            text('现在用的是内置沙箱，下面的检查说的是沙箱。填好五项并重新启动后，再回到这里。', 'note warn', tag='p')
        with ui.element('ol').classes('setup'):
            for number, step in enumerate(steps(case)):
                with ui.element('li'):
                    _step(number, step, case, lines)
    rounds.start()


def _step(number: int, step: Step, case: Case, lines: dict[str, list[Line]]) -> None:
    with panel('setup-step'):
        with ui.element('header'):
            text(str(number + 1), 'setup-number').props('aria-hidden=true')
            text(step.title, tag='h2')
        with stack('padded'):
            text(step.why, tag='p')
            with ui.element('ol').classes('setup-todo'):
                for todo in step.todo:
                    text(todo, tag='li')
            with ui.element('dl'):
                text('在哪里', tag='dt')
                with ui.element('dd'):
                    for place in step.where:
                        text(place, tag='div')
                for label, value in step.values:
                    _value(label, value)
                if number == CALLBACK_STEP:
                    _callback_values(case)
        if step.checks:
            with ui.element('div').classes('checkup').props('role=list'):
                for name in step.checks:
                    lines[name].append(Line(TITLES[name]))


def _value(label: str, value: str) -> None:
    text(label, tag='dt')
    with ui.element('dd'), row('wrap'):
        text(value, tag='code')
        copy_button(value)


def _callback_values(case: Case) -> None:
    """Masked until an administrator asks; asking is written down."""
    by = me()

    def draw(token: str = '', key: str = '') -> None:
        values.clear()
        with values:
            for label, value in (('Token', token), ('EncodingAESKey', key)):
                if value:
                    _value(label, value)
                else:
                    text(label, tag='dt')
                    text('••••••••', 'muted', tag='dd')

    async def reveal() -> None:
        with refusals_shown():
            draw(*await transact(disclosure.callback_values, case, by=by))
            shown.set_visibility(False)

    if case.sandboxed:
        text('Token', tag='dt')
        text('在企业微信里点“随机获取”，填到 .env 后这里显示', 'muted', tag='dd')
        return
    values = ui.element('div').classes('setup-values')
    draw()
    with ui.element('dd').classes('setup-reveal') as shown:
        button('显示 Token 和 EncodingAESKey', reveal, small=True)
