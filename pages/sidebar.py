"""侧边栏: the pane inside WeCom beside a chat with a parent; with `?sim=1`, beside a chat of ours."""

import asyncio
import json
import re
from html import escape
from typing import Any

from fastapi import Request
from nicegui import background_tasks, ui

from console import (
    client_sends,
    drafts,
    live_words,
    material_sends,
    media_traffic,
    page_signatures,
    sidebar,
    signals,
    staff,
)
from console.database import read, transact
from console.delivery_attempts import Outcome
from console.errors import Conflict, ConsoleError
from console.media_uploads import Upload
from console.parts import parts
from console.sidebar import NotYours, Pane
from console.staff import Action
from models import Channel, Staff
from pages import packed
from pages.fields import known_id
from pages.layout import member, staff_page
from pages.news import News
from pages.sidebar_pane import PaneView
from pages.sidebar_scan import show_scanned
from pages.sidebar_sim import SimChat
from pages.sidebar_troubles import draw_trouble, draw_unsure, words_of
from pages.widgets import button, empty_state, refusals_shown, row, skeleton, stack, text

CUSTOMER = re.compile(r'[A-Za-z0-9_.@-]{1,64}')
OUR_CHAT = 'single_chat_tools'
SENDING_ENTRIES = ('single_chat_tools', 'single_kf_tools')
SIGNING_PATIENCE = 0.3
"""Seconds that the page waits for the tickets, which are here already but for one time in two hours."""

EMIT = '(event) => emit(event.detail)'


@staff_page('/sidebar', title='侧边栏', action=Action.SEE_CONVERSATIONS, narrow=True)
async def sidebar_page(sim: str = '') -> None:
    who, simulated = member(), sim == '1'
    told = '' if simulated else await _told(ui.context.client.request)
    ui.add_head_html(f'<script async src="{packed.first_script()}"{told}></script>')
    if not simulated:
        ui.add_body_html('<div id="side-first"></div>')
        Beside(who, simulated=False).build()
        return
    await read(staff.require, who.id, Action.SIMULATE)
    with ui.element('div').classes('side-sim'):
        Beside(who, simulated=True).build()
        await SimChat(who).build()


async def _told(request: Request) -> str:
    """What the first script needs to speak with WeCom; it asks for the signatures itself if they take too long."""
    client = parts().entrance.client
    query = f'?{request.url.query}' if request.url.query else ''
    told = {'corp': client.corp_id, 'agent': str(client.agent_id)}
    page = f'{parts().base_url}{request.url.path}{query}'
    if found := await page_signatures.of(client, page, patience=SIGNING_PATIENCE):
        told['signed'] = json.dumps(
            {
                'url': found.url,
                'timestamp': found.timestamp,
                'nonceStr': found.nonce,
                'signature': found.signature,
                'agentSignature': found.agent_signature,
            }
        )
    return ''.join(f' data-{name}="{escape(value)}"' for name, value in told.items())


class Beside:
    """One pane: the chat that WeCom says it is beside, and what is shown of the parent there."""

    def __init__(self, who: Staff, *, simulated: bool) -> None:
        self._who = who
        self._simulated = simulated
        entrance = parts().entrance.client
        played = next((app.client for app in parts().channels.apps if app.channel is Channel.SIMULATE), entrance)
        self._client = played if simulated else entrance
        self._entry = ''
        self._asked = 0
        self._view: PaneView | None = None
        self._contact_id: int | None = None
        self._missed = False  # news came while the parent was being read

    def build(self) -> None:
        with ui.element('div').classes('side'):
            self._bridge = ui.element('side-bridge')
            told = {'data-corp': self._client.corp_id, 'data-agent': str(self._client.agent_id)}
            told['data-me'] = str(self._who.id)
            self._bridge.props.update(told)
            if self._simulated:
                self._bridge.props('data-sim')
            self._notes = stack('side-notes').props('aria-live=polite')
            self._place = ui.element('div').classes('side-place')
        with self._place:
            skeleton(6)
        for name, hear in (
            ('chat', self._chat),
            ('trouble', self._trouble),
            ('notice', self._notice),
            ('sent', self._sent),
            ('unsent', self._unsent),
            ('unsure', self._unsure),
            ('scanned', self._scanned),
        ):
            self._bridge.on(name, lambda event, hear=hear: hear(event.args), js_handler=EMIT)
        news = News(self._catch_up)
        news.hear(signals.conversation_changed, self._heard_of_conversation)
        news.hear(signals.student_changed, self._heard_of_student)
        news.hear(signals.draft_changed, self._heard_of_draft)
        news.hear(signals.words_came, self._heard_words)
        news.hear(signals.materials_changed, self._heard_of_material)

    async def _chat(self, told: dict[str, Any]) -> None:
        """WeCom says whose chat it is, or that it is nobody's alone."""
        entry, customer = str(told.get('entry') or '')[:40], told.get('customer')
        self._entry = entry
        self._asked += 1
        asked = self._asked
        self._contact_id = self._view = None
        self._missed = False
        self._place.clear()
        self._notes.clear()
        if not isinstance(customer, str) or not CUSTOMER.fullmatch(customer):
            self._nobody()
            return
        try:
            contact_id = await self._find(customer)
            pane = await read(sidebar.pane, contact_id, by=self._who.id)
        except ConsoleError as refusal:
            if asked == self._asked:
                self._refused(refusal)
            return
        if asked != self._asked or self._place.is_deleted:  # another chat was opened meanwhile
            return
        self._contact_id = contact_id
        with self._place, ui.element('div').classes('side-parent') as place:
            place.props['data-parent'] = customer
            self._view = PaneView(
                pane,
                self._who,
                sends=self._simulated or entry in SENDING_ENTRIES,
                on_send=self._send,
                on_send_material=self._send_material,
                on_open=self._open_chat,
                on_scan=self._scan,
                on_change=self._reload,
            )
        if self._missed:
            self._soon()

    def _heard_words(self, conversation_id: int) -> None:
        view = self._view
        if view is not None and view.pane.conversation is not None and view.pane.conversation.id == conversation_id:
            view.reply.hear(live_words.so_far(conversation_id))

    async def _find(self, customer: str) -> int:
        asked = {'entry': self._entry, 'by': self._who.id, 'simulated': self._simulated}
        try:
            return await read(sidebar.find, customer, **asked)
        except NotYours:
            userid = self._who.wecom_userid
            if self._simulated or self._entry != OUR_CHAT or userid is None:
                raise
            if not await parts().customers.meet(userid, customer):
                raise
            return await read(sidebar.find, customer, **asked)

    def _nobody(self) -> None:
        title, hint = words_of('group' if self._entry == 'group_chat_tools' else 'nobody')
        with self._place, ui.element('section').classes('panel'):
            empty_state(title, hint, action='选择客户', on_action=lambda: self._bridge.run_method('pick'))
            with row('wrap end padded'):
                button('扫学员二维码', self._scan, kind='quiet')

    def _scan(self) -> None:
        self._bridge.run_method('scan')

    async def _scanned(self, told: dict[str, Any]) -> None:
        def shown() -> Pane | None:
            return self._view.pane if self._view is not None else None

        with self._bridge.client.content, refusals_shown():
            await show_scanned(str(told.get('text') or ''), self._who, shown=shown, on_link=self._reload)

    def _refused(self, refusal: ConsoleError) -> None:
        with self._place, ui.element('section').classes('panel'), ui.element('div').classes('nothing'):
            text('不能显示这位客户', tag='b')
            text(str(refusal), 'words')
            button('重试', lambda: self._bridge.run_method('start'))

    def _trouble(self, told: dict[str, Any]) -> None:
        self._asked += 1
        self._contact_id = self._view = None
        self._place.clear()
        with self._place:
            draw_trouble(
                str(told.get('code') or ''),
                str(told.get('detail') or '')[:200],
                on_retry=lambda: self._bridge.run_method('start'),
                on_pick=lambda: self._bridge.run_method('pick'),
                may_simulate=parts().simulation is not None and staff.may(self._who.role, Action.SIMULATE),
            )

    def _notice(self, told: dict[str, Any]) -> None:
        title, hint = words_of(str(told.get('code') or ''))
        ui.notify(f'{title}。{hint}', type='warning')

    async def _send(self, words: str, draft_id: int | None, reason: str | None) -> None:
        """Have the client send, if it may. Raises `ConsoleError`."""
        contact_id, view = self._contact_id, self._view
        if contact_id is None or view is None:
            return
        text_ = await transact(client_sends.clear, contact_id, words, by=self._who.id, draft_id=draft_id, reason=reason)
        order = {
            'id': view.new_order(),
            'text': text_,
            'kept': words,
            'contact': contact_id,
            'draft': draft_id,
            'parent': view.parent,
            'confirmed': reason is not None,
        }
        self._bridge.run_method('send', order)

    async def _send_material(self, material_id: int) -> None:
        """Have WeCom get the file if it has not, then the client send it. Raises `ConsoleError`."""
        contact_id, view = self._contact_id, self._view
        if contact_id is None or view is None:
            return
        given = {'corp_id': self._client.corp_id, 'by': self._who.id}
        plan = await transact(material_sends.clear, contact_id, material_id, **given)
        if isinstance(plan, Upload):
            handed = await asyncio.to_thread(media_traffic.upload, self._client, plan)
            if isinstance(handed, Outcome):
                raise Conflict(handed.text or '企业微信没有收下文件，请重试。', 'upload')
            plan = await transact(material_sends.uploaded, contact_id, material_id, handed, **given)
        if isinstance(plan, Upload) or view is not self._view:
            return
        order = {
            'id': view.new_material_order(),
            'kind': plan.kind,
            'media': plan.media_id,
            'kept': plan.words,
            'contact': contact_id,
            'material': material_id,
            'parent': view.parent,
        }
        self._bridge.run_method('send', order)

    async def _sent(self, told: dict[str, Any]) -> None:
        """The client said :ok, now or before the page was last closed. Kept once, however often it is told."""
        sent_id, words, contact_id = told.get('id'), told.get('kept'), known_id(told.get('contact'))
        if not isinstance(sent_id, str) or not isinstance(words, str) or contact_id is None:
            return
        try:
            await self._keep_sent(told, contact_id, words, sent_id[:64])
        except ConsoleError as refusal:
            ui.notify(f'已发送，但没能记录: {refusal}', type='warning')
        else:
            ui.notify('已由客户端发送')
        self._bridge.run_method('recorded', sent_id)
        if self._view is not None and contact_id == self._contact_id:
            self._view.settled(sent_id, words)

    async def _keep_sent(self, told: dict[str, Any], contact_id: int, words: str, sent_id: str) -> None:
        draft_id, material_id = (known_id(told.get(name)) for name in ('draft', 'material'))
        by = self._who.id
        if material_id is not None:
            await transact(material_sends.record, contact_id, material_id, sent_id=sent_id, by=by)
            return
        await transact(client_sends.record, contact_id, words, sent_id=sent_id, by=by, draft_id=draft_id)

    def _unsent(self, told: dict[str, Any]) -> None:
        title, hint = words_of(str(told.get('code') or ''))
        if self._view is not None:
            self._view.not_sent(str(told.get('id') or ''), f'没有发送: {title}。{hint}')

    def _unsure(self, told: dict[str, Any]) -> None:
        """No answer to a sending: only a look at the chat can tell."""
        if self._view is not None:
            self._view.settled(str(told.get('id') or ''), None)
        with self._notes:
            draw_unsure(str(told.get('kept') or ''), on_was_sent=lambda: self._sent(told))

    def _open_chat(self, pane: Pane) -> None:
        contact = pane.contact
        where: dict[str, Any] = {'externalUserId': contact.external_userid, 'userIds': [self._who.wecom_userid or '']}
        if contact.channel is Channel.KF:
            where['openKfId'] = contact.account
        self._bridge.run_method('openChat', where)

    async def _reload(self) -> None:
        asked, view = self._asked, self._view
        if view is None or self._contact_id is None or self._place.is_deleted:
            return
        try:
            pane = await read(sidebar.pane, self._contact_id, by=self._who.id)
        except ConsoleError as refusal:
            if asked == self._asked and not self._place.is_deleted:
                self._contact_id = self._view = None
                self._place.clear()
                self._refused(refusal)
            return
        if asked == self._asked and not self._place.is_deleted:
            view.show(pane)

    def _catch_up(self) -> None:
        self._soon()
        if self._view is not None:
            self._view.look_at_materials()

    def _soon(self) -> None:
        if self._view is None:
            self._missed = True
        else:
            background_tasks.create_lazy(self._shown_anew(), name=f'sidebar {id(self)}')

    async def _shown_anew(self) -> None:
        with self._place, refusals_shown():
            await self._reload()

    def _heard_of_conversation(self, conversation_id: int) -> None:
        known = self._view.pane.conversation if self._view else None
        if known is None or known.id == conversation_id:
            self._soon()

    def _heard_of_student(self, student_id: int) -> None:
        pane = self._view.pane if self._view else None
        if pane is None or student_id in (pane.contact.student_id, *pane.children):
            self._soon()

    def _heard_of_draft(self, draft_id: int) -> None:
        background_tasks.create(self._look_at_draft(draft_id), name=f'sidebar draft {draft_id}')

    async def _look_at_draft(self, draft_id: int) -> None:
        known = self._view.pane.conversation if self._view else None
        if self._view is None or (known is not None and await read(drafts.conversation_of, draft_id) == known.id):
            self._soon()

    def _heard_of_material(self, _material_id: int) -> None:
        if self._view is not None:
            self._view.look_at_materials()
