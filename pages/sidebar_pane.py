"""The pane of one parent: who this is on top, then reply, record, scripts and follow-up, one at a time."""

import secrets
from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from console.sidebar import Pane
from models import Staff
from pages.sidebar_card import Head
from pages.sidebar_follow_up import FollowUp
from pages.sidebar_materials import Materials
from pages.sidebar_record import RecordTab
from pages.sidebar_reply import ReplyCard
from pages.sidebar_scripts import Scripts
from pages.widgets import button

TABS = ('回复', '档案', '话术', '跟进')
Send = Callable[[str, int | None, str | None], Awaitable[None]]


class PaneView:
    """Draws itself where it is made; `show` keeps it true. Words that are being typed stay."""

    def __init__(
        self,
        pane: Pane,
        who: Staff,
        *,
        sends: bool,
        on_send: Send,
        on_send_material: Callable[[int], Awaitable[None]],
        on_open: Callable[[Pane], None],
        on_scan: Callable[[], None],
        on_change: Callable[[], Awaitable[None]],
    ) -> None:
        """`sends`: the chat takes a message from here. `on_send` gets the words, the draft, a reason."""
        self.pane = pane
        self.parent = pane.contact.external_userid
        self._order: str | None = None
        self._material_order: str | None = None
        self._head = Head(
            pane,
            who,
            on_open=None if sends else lambda: on_open(self.pane),
            on_record=lambda: self.select('档案'),
            on_scan=on_scan,
            on_change=on_change,
        )
        with ui.element('div').classes('side-tabs').props('role=tablist aria-label=侧边栏'):
            self._tabs = {
                name: button(name, partial(self.select, name), kind='quiet').props('role=tab') for name in TABS
            }
        self._sections = {name: ui.element('div').classes('side-tab').props('role=tabpanel') for name in TABS}
        with self._sections['回复']:
            self.reply = ReplyCard(pane, who, sends=sends, on_send=on_send, on_change=on_change)
        with self._sections['档案']:
            self._record = RecordTab(who, on_scan=on_scan, on_change=on_change)
        with self._sections['话术']:
            self._materials = Materials(who, on_send=on_send_material if sends else None)
            self._scripts = Scripts(pane, who, on_use=self._use)
        with self._sections['跟进']:
            self._follow_up = FollowUp(who)
        self.select('回复')
        self.show(pane)

    def show(self, pane: Pane) -> None:
        self.pane = pane
        self._head.show(pane)
        self.reply.show(pane)
        self._record.show(pane)
        self._follow_up.show(pane)

    def select(self, tab: str) -> None:
        for name, section in self._sections.items():
            section.set_visibility(name == tab)
            self._tabs[name].props(f'aria-selected={"true" if name == tab else "false"}')
        if tab == '档案':
            self._record.begin()
        if tab == '话术':
            self._scripts.begin()
        if tab == '跟进':
            self._follow_up.begin()

    def look_at_materials(self) -> None:
        self._materials.look_again()

    def new_order(self) -> str:
        """The name of one sending of words."""
        self._order = secrets.token_hex(12)
        return self._order

    def new_material_order(self) -> str:
        """The name of one sending of a material, which may go on beside one of words."""
        self._material_order = secrets.token_hex(12)
        return self._material_order

    def settled(self, order: str, words: str | None) -> None:
        """A sending came to its end; `words` left."""
        if order == self._order:
            self.reply.done(words)
        elif order == self._material_order:
            self._materials.done('已发送' if words is not None else '')

    def not_sent(self, order: str, why: str) -> None:
        if order == self._order:
            self.reply.failed(why)
        elif order == self._material_order:
            self._materials.done(why)

    def _use(self, words: str) -> None:
        self.select('回复')
        self.reply.add(words)
