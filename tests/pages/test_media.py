"""Pictures, recordings and files in a conversation: seen, sent and taken back."""

import struct
import zlib

from playwright.sync_api import expect

from console.sandbox import Sandbox
from models import Role
from tests.desk import Desk, eventually
from tests.pages.conftest import OpenPage
from tests.pages.test_conversations import asked, at, colleague
from tests.server import ConsoleServer


def png(width: int = 480, height: int = 320) -> bytes:
    """A picture of a slope from teal to sand."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))

    rows = b''.join(
        b'\0' + b''.join(bytes((40 + x * 160 // width, 130 + y * 60 // height, 110)) for x in range(width))
        for y in range(height)
    )
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


def test_what_a_parent_sends_is_seen_and_a_picture_of_ours_is_sent_and_taken_back(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin)
    wecom.send_media(userid, 'image', file=png(), fields={'PicUrl': 'http://127.0.0.1:1/p.jpg'})
    wecom.send_media(userid, 'voice', file=b'#!AMR\n' + bytes(64))
    wecom.send_media(userid, 'image', file=b'<!DOCTYPE html><script>document.title = "run"</script>')
    wecom.send_media(
        userid, 'location', fields={'Location_X': '31.2304', 'Location_Y': '121.4737', 'Label': '人民广场'}
    )
    wecom.send_media(
        userid, 'link', fields={'Title': '报名须知', 'Url': 'https://school.example/a?b=1', 'Description': ''}
    )
    page = at(open_page, console, number)
    lines = page.locator('.line.parent')

    picture = page.get_by_role('button', name='家长发来的图片，点击放大')
    expect(picture).to_be_visible()
    assert eventually(lambda: picture.locator('img').evaluate('image => image.naturalWidth')) == 480
    expect(lines.get_by_text('AMR 录音，浏览器不能播放，请下载后收听。')).to_be_visible()
    expect(lines.get_by_text('发来的不是图片（内容是网页），已拦截，没有保存。')).to_be_visible()
    expect(lines.get_by_text('31.2304, 121.4737')).to_be_visible()
    link = lines.get_by_role('link', name='报名须知')
    assert link.get_attribute('rel') == 'noopener noreferrer'
    picture.click()
    larger = page.locator('.dialog.picture')
    expect(larger.get_by_role('img', name='家长发来的图片')).to_be_visible()
    larger.get_by_role('button', name='关闭').click()

    page.locator('reply-box input[type=file]').set_input_files(
        {'name': '教室.png', 'mimeType': 'image/png', 'buffer': png(320, 240)}
    )
    page.get_by_role('dialog').get_by_role('button', name='发送', exact=True).click()
    ours = page.locator('.line.ours').last
    expect(ours.get_by_role('button', name='我们发出的图片，点击放大')).to_be_visible()
    expect(ours.get_by_text('已提交')).to_be_visible()
    assert eventually(
        lambda: [entry for entry in wecom.phone(userid) if entry.kind == 'image' and entry.direction == 'in']
    )

    ours.get_by_role('button', name='撤回').click()
    page.get_by_role('alertdialog').get_by_role('button', name='撤回').click()
    expect(ours.get_by_text('已撤回')).to_be_visible()
    expect(ours.locator('img')).to_have_count(0)
    assert eventually(lambda: any(entry.recalled for entry in wecom.phone(userid)))


def test_an_agents_file_is_looked_at_before_it_is_released(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin)
    agent = at(open_page, console, number, credentials=colleague(admin, Role.AGENT))
    agent.locator('reply-box input[type=file]').set_input_files(
        {'name': '报名表.pdf', 'mimeType': 'application/pdf', 'buffer': b'%PDF-1.7 form'}
    )
    agent.get_by_role('dialog').get_by_role('button', name='提交审核').click()
    expect(agent.locator('.draft', has_text='报名表.pdf')).to_be_visible()

    head = at(open_page, console, number)
    head.locator('.draft').get_by_role('link', name='去审核').click()
    file = head.locator('.file', has_text='报名表.pdf')
    expect(file).to_contain_text('PDF 文档 · 13 字节')
    with head.expect_download() as saved:
        file.get_by_role('link', name='下载').click()
    assert saved.value.path().read_bytes() == b'%PDF-1.7 form'
    head.get_by_role('button', name='通过并下一条').click()
    assert eventually(lambda: any(entry.kind == 'file' for entry in wecom.phone(userid)))
