"""Who follows a student's family in WeCom: with their remark, tags and where they came from."""

from collections.abc import Sequence
from functools import partial

from nicegui import ui

from console import contacts
from console.contacts import Circle, Customer
from console.customers import LONGEST
from console.database import read, transact
from console.parts import parts
from models import Contact, Tag
from pages.widgets import (
    ago,
    avatar,
    button,
    chip,
    confirm,
    empty_state,
    keep_rows,
    refusals_at,
    refusals_shown,
    row,
    stack,
    text,
)


class Followers:
    """The tab of one student. `circle` is what was last read; a change is heard by the page, which reads again."""

    def __init__(self, student_id: int, *, by: int, edits: bool) -> None:
        self._student_id = student_id
        self._by = by
        self._edits = edits

    def draw(self, circle: Circle) -> None:
        if not circle.followed and not circle.suggested:
            empty_state('还没有同事添加这位家长', '同事在企业微信里添加家长为客户后，按手机号自动对应，或在这里确认。')
        with ui.element('div').classes('list'):
            for customer in circle.followed:
                self._follower(customer, circle.tags)
            for customer in circle.suggested:
                self._suggested(customer)
        if self._edits:
            with row('padded'):
                button('关联其他客户', self._search, small=True)

    def _follower(self, customer: Customer, tags: Sequence[Tag]) -> None:
        contact = customer.contact
        with stack('follower'):
            with row('wrap'):
                self._who(customer)
                if contact.left_at is not None:
                    chip('已不是好友', 'warn')
                if self._edits:
                    if contact.left_at is None:
                        button('改备注', partial(self._edit_remark, contact), kind='quiet', small=True)
                        button('改标签', partial(edit_tags, customer, tags, by=self._by), kind='quiet', small=True)
                    button('取消关联', partial(self._unlink, contact), kind='quiet', small=True)
            with row('wrap muted'):
                text(f'企业微信备注: {contact.remark or "无"}', 'words')
                text(f'来源: {contact.lead_source or "未知"}')
                if contact.followed_at:
                    text('添加于')
                    ago(contact.followed_at)
            with row('wrap'):
                for tag in customer.tags:
                    chip(tag.name, 'info')
                if not customer.tags:
                    text('没有企业标签', 'muted')

    def _suggested(self, customer: Customer) -> None:
        with stack('follower'), row('wrap'):
            self._who(customer)
            chip('可能是家长', 'warn')
            if customer.contact.remark:
                text(f'企业微信备注: {customer.contact.remark}', 'words muted')
            if self._edits:
                button('是，关联', partial(self._link, customer.contact), small=True)
                button('不是', partial(self._refuse, customer.contact), kind='quiet', small=True)

    def _who(self, customer: Customer) -> None:
        name = customer.contact.name or '微信客户'
        avatar(name)
        text(name, 'clip', tag='b')
        text(f'由 {customer.member_name} 添加', 'grow muted')

    async def _link(self, contact: Contact) -> None:
        with refusals_shown():
            await transact(contacts.link, contact.id, self._student_id, by=self._by)

    async def _search(self) -> None:
        rows: dict[int, ui.element] = {}

        async def look() -> None:
            with refusals_shown():
                wanted = field.value or ''
                customers = await read(contacts.search, wanted, by=self._by)
                if wanted != (field.value or '') or found.is_deleted:
                    return
                keep_rows(found, rows, {one.contact.id: partial(self._candidate, one, dialog) for one in customers})
                none.set_visibility(not customers)

        with ui.dialog() as dialog, ui.element('div').classes('dialog'):
            text('关联企业微信客户', tag='h3')
            field = ui.input('客户的微信名或备注', on_change=look).props('autofocus maxlength=40 debounce=200')
            found = ui.element('div').classes('list found').props('aria-live=polite')
            none = text('没有找到还没关联学员的客户。', 'muted padded', tag='div')
            none.set_visibility(False)
            with ui.element('div').classes('actions end'):
                button('取消', dialog.close)
        dialog.on('hide', dialog.delete)
        dialog.open()
        await look()

    def _candidate(self, customer: Customer, dialog: ui.dialog) -> ui.element:
        async def pick() -> None:
            await self._link(customer.contact)
            dialog.close()

        made = ui.element('button').classes('pick').props('type=button')
        made.on('click', pick)
        with made:
            text(customer.contact.name or '微信客户', tag='b')
            about = (customer.contact.remark, f'由 {customer.member_name} 添加')
            text(' · '.join(filter(None, about)), 'muted')
        return made

    async def _refuse(self, contact: Contact) -> None:
        with refusals_shown():
            await transact(contacts.unlink, contact.id, self._student_id, by=self._by)

    async def _unlink(self, contact: Contact) -> None:
        words = '以后不会再自动关联到这位学员，可以重新人工关联。'
        if await confirm(f'取消与“{contact.name or "微信客户"}”的关联？', words, ok='取消关联'):
            await self._refuse(contact)

    def _edit_remark(self, contact: Contact) -> None:
        async def save() -> None:
            with refusals_at({'remark': field}):
                await parts().customers.set_remark(contact.id, field.value or '', by=self._by)
                dialog.close()
                ui.notify('已保存到企业微信')

        with ui.dialog() as dialog, ui.element('div').classes('dialog'):
            text('修改企业微信备注', tag='h3')
            field = ui.input('备注', value=contact.remark or '').props(f'maxlength={LONGEST} autofocus')
            text('同事在企业微信里看到的客户名称，两边同时修改。', 'muted', tag='p')
            with ui.element('div').classes('actions end'):
                button('取消', dialog.close)
                button('保存', save, kind='primary')
        dialog.on('hide', dialog.delete)
        dialog.open()


def edit_tags(customer: Customer, tags: Sequence[Tag], *, by: int) -> None:
    """A dialog with all tags there are; saved in WeCom and here."""
    borne = {tag.id for tag in customer.tags}

    async def save() -> None:
        with refusals_shown():
            wanted = [tag_id for tag_id, box in boxes.items() if box.value]
            await parts().customers.set_tags(customer.contact.id, wanted, by=by)
            dialog.close()
            ui.notify('已保存到企业微信')

    with ui.dialog() as dialog, ui.element('div').classes('dialog'):
        text('修改企业标签', tag='h3')
        boxes = _boxes(tags, borne)
        if not tags:
            text('企业微信里还没有企业标签。请管理员先在企业微信后台的“客户标签”中添加。', 'muted', tag='p')
        with ui.element('div').classes('actions end'):
            button('取消', dialog.close)
            button('保存', save, kind='primary')
    dialog.on('hide', dialog.delete)
    dialog.open()


def _boxes(tags: Sequence[Tag], borne: set[int]) -> dict[int, ui.checkbox]:
    """A box for each tag, under the name of its group."""
    boxes = {}
    group = None
    for tag in tags:
        if tag.group_name != group:
            group = tag.group_name
            text(group or '其他', 'muted', tag='div')
        boxes[tag.id] = ui.checkbox(tag.name, value=tag.id in borne)
    return boxes
