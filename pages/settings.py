"""Settings: staff accounts, and what this installation is connected to; its values come from the environment."""

from functools import partial

from nicegui import ui
from sqlalchemy.orm import Session

from console import database, dossiers, model_usage, prompts, staff
from console.channels import WeComApp
from console.database import read
from console.errors import ConsoleError
from console.parts import parts
from console.staff import Action
from console.writing.context import Context
from console.writing.deepseek import DeepSeekWriter
from models import Channel
from pages.accounts import accounts_panel
from pages.contact_ways import customers_panel
from pages.doctor import doctor_panel
from pages.kf_accounts import kf_panel
from pages.layout import me, staff_page
from pages.widgets import Text, button, chip, copy_button, panel, row, text

MORE = {
    '/settings/policy': '审核规则',
    '/settings/prompts': '提示词',
    '/knowledge/cases': '测试用例',
    '/settings/failed': '消息故障',
}

TRIED_WITH = '请问周六有课吗？'


@staff_page('/settings', title='设置', action=Action.SEE_SETTINGS)
async def settings_page() -> None:
    with ui.element('div').classes('sheet'):
        _more()
        await accounts_panel()
        await doctor_panel()
        await customers_panel()
        await kf_panel()
        with ui.element('div').classes('pair'):
            _wecom()
            await _writer()
        _about()


def _more() -> None:
    with ui.element('nav').classes('links').props('aria-label=更多设置'):
        for path, words in MORE.items():
            with ui.element('a').classes('btn').props(f'href={path}'):
                text(words)


def _wecom() -> None:
    real = next((app for app in parts().channels.apps if app.channel is not Channel.SIMULATE), None)
    app = real or next(iter(parts().channels.apps), None)
    with panel():
        with ui.element('header'):
            text('企业微信', 'grow', tag='h2')
            chip('已连接配置', 'good') if real else chip('沙箱', 'warn')
        with ui.element('dl').classes('padded'):
            if real is None:
                _pair('状态', '没有设置 WECHAT_ 开头的变量，消息只在内置沙箱里收发')
            if app is not None:
                _wecom_values(app)
            _term('回调地址')
            with ui.element('dd'), row('wrap'):
                text(_callback_url(), tag='code')
                copy_button(_callback_url())


def _wecom_values(app: WeComApp) -> None:
    _pair('企业 ID', masked(app.corp_id))
    _pair('应用 AgentId', str(app.client.agent_id))
    for word in ('Secret', 'Token', 'EncodingAESKey'):
        _pair(word, '已设置，不显示')


async def _writer() -> None:
    writer = parts().writer
    usage, rulebook = await read(model_usage.today, by=me()), await read(prompts.current)
    with panel():
        with ui.element('header'):
            text('AI 起草', 'grow', tag='h2')
            chip('大模型', 'good') if isinstance(writer, DeepSeekWriter) else chip('本地知识库', 'info')
        with ui.element('dl').classes('padded'):
            if isinstance(writer, DeepSeekWriter):
                _pair('接口', writer.api_url)
                _pair('模型', writer.model)
                _pair('密钥', f'****{writer.key_ending}')
            else:
                _pair('方式', '从知识库里找答案，不调用外部模型')
                _pair('启用大模型', '设置 DEEPSEEK_API_KEY 后重新启动')
            _pair('提示词', rulebook.version if rulebook else f'{prompts.SHIPPED}（随系统提供）')
            _pair('今天', f'起草 {usage.drafts} 份，失败 {usage.failures} 次')
            _pair('今天的 token', f'输入 {usage.tokens_in:,}，输出 {usage.tokens_out:,}')
        with row('padded wrap'):
            outcome = text('', 'words grow').props('role=status')
            button('试一下', partial(_try_out, outcome), small=True)


def _question(session: Session, by: int) -> Context:
    staff.require(session, by, Action.SEE_SETTINGS)
    rulebook = prompts.current(session) or prompts.named(session, prompts.SHIPPED)
    return dossiers.for_case(session, TRIED_WITH, None, rulebook)


async def _try_out(outcome: Text) -> None:
    """One reply to a question that nobody asked; nothing of it is kept."""
    outcome.set_text('正在起草…')
    try:
        proposal = await parts().writer.write(await read(_question, me()))
    except ConsoleError as failure:
        outcome.set_text(f'没有写出来: {failure}')
    else:
        outcome.set_text(f'用时 {proposal.duration_ms / 1000:.1f} 秒: {proposal.text}')


def _about() -> None:
    with panel():
        with ui.element('header'):
            text('关于', tag='h2')
        with ui.element('dl').classes('padded'):
            _pair('版本', parts().version)
            _pair('数据库', 'SQLite' if database.current().sqlite else 'PostgreSQL')
            _pair('环境', '生产' if parts().production else '开发')
            _pair('地址', parts().base_url)


def masked(value: str) -> str:
    """The two ends of a value, enough to recognise it."""
    return f'{value[:2]}****{value[-4:]}' if len(value) > 8 else '****'


def _callback_url() -> str:
    return f'{parts().base_url}/api/v1/wechat/message'


def _pair(term: str, value: str) -> None:
    _term(term)
    text(value, tag='dd')


def _term(word: str) -> None:
    text(word, tag='dt')
