"""What goes wrong between the pane and WeCom, in plain words, each with the way out."""

from nicegui import ui

from pages.widgets import Handler, button, copy_button, row, text

TROUBLES = {
    'outside': ('请在企业微信里打开', '在企业微信的聊天窗口右侧点工具栏里的本应用，这里就会显示正在聊的家长。'),
    'silent': ('企业微信没有回应', '可能是网络慢，或者客户端太忙。请重试；还不行就关闭侧边栏，再打开一次。'),
    'signature': (
        '企业微信没有认可这个网页',
        '请管理员打开“设置 → 自检”，查看“可信域名”和“票据”两项：域名要与现在的网址一字不差。',
    ),
    'no_ticket': ('没能向企业微信取得签名', '请稍后重试。反复出现时，请管理员打开“设置 → 自检”。'),
    'denied': (
        '没有权限',
        '请管理员在企业微信后台的“客户联系 → API”里加入本应用，并把您加入客户联系的使用范围和应用的可见范围。',
    ),
    'no_context': ('没有取得当前聊天', '请从与家长的聊天窗口右侧打开本应用，或者在这里选择客户。'),
    'no_scan': ('这里不能扫码', '请用手机上的企业微信扫码。电脑上请按姓名查找学员。'),
    'old': ('企业微信版本太旧', '请在企业微信的“设置 → 关于”里升级到最新版本，再打开这里。'),
    'failed': ('企业微信没有做成', '请重试。还不行时可以先点“复制”，再到聊天里粘贴。'),
    'switched': ('聊天已换成另一位家长', '为防止发错人，没有发送。请看清楚现在的家长再操作。'),
    'late': ('网络太慢', '为防止过时的点击发出消息，没有发送。请再点一次。'),
    'cancelled': ('您取消了发送', '文字还在，可以再发一次。'),
    'group': ('这是群聊', '群里有多位家长，请选择要查看的客户。回复只能复制或打开单聊，防止把资料发到群里。'),
    'nobody': ('请选择客户', '这个入口没有正在进行的聊天。'),
}
"""Code -> what is the matter, and what to do."""

WITH_PICKING = ('no_context', 'denied')


def words_of(code: str) -> tuple[str, str]:
    return TROUBLES.get(code, TROUBLES['failed'])


def draw_trouble(code: str, detail: str, *, on_retry: Handler, on_pick: Handler, may_simulate: bool) -> None:
    """A page-filling trouble. `detail` is what WeCom said, for whoever helps."""
    title, hint = words_of(code)
    panel = ui.element('section').classes('panel trouble').props(f'data-code={code or "failed"} role=alert')
    with panel, ui.element('div').classes('nothing'):
        text(title, tag='b')
        text(hint, 'words')
        with row('wrap'):
            if code != 'outside':
                button('重试', on_retry, kind='primary')
            if code in WITH_PICKING:
                button('选择客户', on_pick)
            if code == 'outside' and may_simulate:
                _link('/sidebar?sim=1', '试用')
            if code == 'outside':
                _link('/', '打开控制台')
        if detail and detail != code:
            text(f'企业微信返回: {detail}', 'muted words')


def draw_unsure(words: str, *, on_was_sent: Handler) -> None:
    """A sending of which nobody knows how it ended."""

    async def was_sent() -> None:
        note.delete()
        await on_was_sent()

    with ui.element('div').classes('note warn tall') as note:
        text('发送后没有收到企业微信的回应', tag='b')
        text('请看聊天里有没有这句话。没有的话再发一次，有的话记下来，防止重复发送。')
        text(words, 'bubble words', tag='div')
        with row('wrap'):
            button('已经发出，记下来', was_sent)
            button('没有发出', note.delete)
            copy_button(words)


def _link(address: str, words: str) -> None:
    with ui.element('a').classes('btn').props(f'href={address}'):
        text(words)
