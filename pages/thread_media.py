"""What a message holds besides words: pictures, recordings, files, places and links, each safe to look at."""

from collections.abc import Callable
from urllib.parse import urlsplit

from nicegui import ui

from console import file_types
from console.media_files import Shown
from models import Direction, MediaStatus, Message
from pages.widgets import Button, button, chip, copy_button, row, text

KINDS = {
    'image': '图片',
    'voice': '语音',
    'video': '视频',
    'file': '文件',
    'location': '位置',
    'link': '链接',
    'business_card': '名片',
    'miniprogram': '小程序',
    'msgmenu': '菜单',
    'merged_msg': '聊天记录',
    'channels': '视频号',
    'channels_shop_product': '视频号商品',
    'channels_shop_order': '视频号订单',
    'meeting': '会议',
    'calendar': '日程',
    'note': '笔记',
    'unknown': '暂不支持的消息',
}


def content(message: Message, media: Shown | None, shown: Callable[[str], str]) -> None:
    """Draw what a message says; `shown` masks the personal numbers in a text."""
    if message.kind == 'text' or message.recalled_at is not None:
        text(shown(message.text))
    elif media is not None:
        _media(media, '我们发出的' if message.direction is Direction.OUT else '家长发来的')
    elif message.kind == 'location':
        _place(message, shown)
    elif message.kind == 'link':
        _link(message, shown)
    else:
        chip(KINDS.get(message.kind, '消息'), 'info')
        text(shown(message.text) or '请在企业微信中查看')


def unsent(media: Shown, *, draft_id: int | None = None) -> None:
    """A file that has not been sent yet."""
    if media.kind == 'image':
        _picture(media, '要发送的图片', _address(media, draft_id=draft_id))
    else:
        _file(media, _address(media, draft_id=draft_id, save=True))


def attach_button() -> None:
    """Opens the browser's own choice of files; reply-box uploads what is chosen."""
    with ui.element('button').classes('btn small').props('type=button data-attach'):
        text('图片/文件', 'todo')
        text('正在上传…', 'doing').props('role=status')
    ui.element('input').props('type=file hidden tabindex=-1 aria-hidden=true')


def thumbnail(media: Shown, alt: str) -> None:
    """A small picture that a touch enlarges."""
    _picture(media, alt, _address(media))


async def confirmed(media: Shown, ok: str) -> bool:
    """Ask before a file goes out, and show which."""
    with ui.dialog() as dialog, ui.element('div').classes('dialog'):
        text(f'{ok}这份{KINDS[media.kind]}？', tag='h3')
        unsent(media)
        with ui.element('div').classes('actions end'):
            button('取消', lambda: dialog.submit(False))
            button(ok, lambda: dialog.submit(True), kind='primary').props('autofocus')
    answer = bool(await dialog)
    if not dialog.is_deleted:  # it went with its tab
        dialog.delete()
    return answer


def _media(media: Shown, whose: str) -> None:
    name = KINDS[media.kind]
    if media.status is MediaStatus.REFUSED:
        chip(name, 'danger')
        text(media.trouble or '没能下载。请在企业微信中查看。', 'trouble')
    elif media.status is not MediaStatus.KEPT:
        chip(name, 'info')
        text(f'正在下载{name}…' if not media.trouble else f'还没有下载成功，会自动重试。{media.trouble}')
    elif media.inline and media.kind in ('image', 'voice', 'video'):
        _played(media, f'{whose}{name}')
    else:
        if media.mime == 'audio/amr':
            text('AMR 录音，浏览器不能播放，请下载后收听。', 'muted', tag='div')
        _file(media, _address(media, save=True))


def _played(media: Shown, alt: str) -> None:
    if media.mime.startswith('image/'):
        _picture(media, alt, _address(media))
        return
    tag = 'audio' if media.mime.startswith('audio/') else 'video'
    player = ui.element(tag).props('controls preload=metadata')
    player.props['src'] = _address(media)
    player.props['aria-label'] = alt


def _picture(media: Shown, alt: str, address: str) -> None:
    def enlarge() -> None:
        with ui.dialog() as dialog, ui.element('div').classes('dialog picture'):
            _image(address, alt)
            with row('end'):
                _save(f'{address}{"&" if "?" in address else "?"}save=true')
                button('关闭', dialog.close, small=True).props('autofocus')
        dialog.on('hide', dialog.delete)
        dialog.open()

    thumbnail = Button(enlarge).classes('thumbnail')
    thumbnail.props['aria-label'] = f'{alt}，点击放大'
    with thumbnail:
        _image(address, alt)


def _image(address: str, alt: str) -> None:
    image = ui.element('img').props('decoding=async')
    image.props['src'] = address
    image.props['alt'] = alt


def _file(media: Shown, address: str) -> None:
    with row('file'):
        with ui.element('div').classes('grow'):
            text(media.name, 'name', tag='b')
            text(f'{file_types.word_for(media.mime, media.name)} · {file_types.size(media.size)}', 'muted', tag='div')
        _save(address)


def _save(address: str) -> None:
    link = ui.element('a').classes('btn small').props('download')
    link.props['href'] = address
    with link:
        text('下载')


def _place(message: Message, shown: Callable[[str], str]) -> None:
    """Where it is, in words and as a coordinate; no map is asked, which would tell it to others."""
    chip('位置', 'info')
    text(shown(message.text).removeprefix('[位置]').strip() or '没有名称的位置')
    fields = message.fields
    latitude = fields.get('Location_X') or fields.get('latitude')
    longitude = fields.get('Location_Y') or fields.get('longitude')
    if latitude and longitude:
        with row('file'):
            text(f'{latitude}, {longitude}', 'num muted grow')
            copy_button(f'{latitude},{longitude}', '复制坐标')


def _link(message: Message, shown: Callable[[str], str]) -> None:
    fields = message.fields
    address = str(fields.get('Url') or fields.get('url') or '')
    title = shown(str(fields.get('Title') or fields.get('title') or '')) or '没有标题的链接'
    chip('链接', 'info')
    host = _host(address)
    if host is None:
        text(f'{title} {shown(address)}')
        return
    link = ui.element('a').props('target=_blank rel="noopener noreferrer"')
    link.props['href'] = address
    with link:
        text(title)
    text(host, 'muted', tag='div')


def _host(address: str) -> str | None:
    """None for what must not be a link: another scheme than the web's, or an address with a number taken out."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    return host if parts.scheme in ('http', 'https') and '⟦' not in address else None


def _address(media: Shown, *, draft_id: int | None = None, save: bool = False) -> str:
    asked = '&'.join([f'draft={draft_id}'] * bool(draft_id) + ['save=true'] * save)
    return f'/media/{media.id}{"?" if asked else ""}{asked}'
