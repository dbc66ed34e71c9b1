"""The reply in the pane: what the parent said, what the AI offers, and how it gets into the chat."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from nicegui import ui

from console import dossiers, live_words, message_parts, sidebar, staff
from console.database import read, transact
from console.drafts import DraftBlocked
from console.errors import ConsoleError
from console.live_words import Telling
from console.offers import Offer
from console.parts import parts
from console.sidebar import Pane
from console.staff import Action
from models import Channel, Role, Staff
from pages.fields import known_id
from pages.review_dialogs import ask_words
from pages.review_editor import evidence
from pages.widgets import chip, refusals_shown, row, text

Send = Callable[[str, int | None, str | None], Awaitable[None]]
IN_WORDS = ('suggested', 'released', 'refused', 'failed')
"""Standings of an offer whose text goes into the field."""


class ReplyCard:
    def __init__(
        self, pane: Pane, who: Staff, *, sends: bool, on_send: Send, on_change: Callable[[], Awaitable[None]]
    ) -> None:
        self._pane = pane
        self._who = who
        self._sends = sends
        self._on_send = on_send
        self._on_change = on_change
        self._trouble = ''
        self._drawn: dict[int, object] = {}
        self._writes = staff.may(who.role, Action.PROPOSE_REPLY)
        played = pane.contact.channel is Channel.SIMULATE and who.role is Role.TESTER
        self._alone = staff.may(who.role, Action.SEND_ALONE) or played
        with ui.element('section').classes('panel side-card').props('aria-label=回复'):
            self._said = ui.element('div').classes('stack')
            self._state = ui.element('div').classes('stack').props('aria-live=polite')
            self._live = text('', 'bubble ours words writing', tag='div').props('aria-label=正在写')
            self._live.set_visibility(False)
            self._words = self._field(pane)
        self._ask = self._asking(pane)

    def show(self, pane: Pane) -> None:
        self._pane = pane
        offer = pane.offer
        if not pane.stage:
            self._live.set_visibility(False)
            self._live.set_text('')
        elif pane.conversation is not None:
            self.hear(live_words.so_far(pane.conversation.id))
        self._redraw(self._said, self._draw_said, pane.said)
        self._show_state(pane)
        told = offer and (offer.draft_id, offer.version, offer.standing)
        self._redraw(self._basis, self._draw_basis, told)
        self._redraw(self._buttons, self._draw_buttons, (told, bool(pane.said), pane.stage))
        if offer is not None and offer.standing in IN_WORDS:
            about = {'about': f'{offer.draft_id}-{offer.version}', 'text': offer.text}
            self._words.props['offer'] = json.dumps(about, ensure_ascii=False)
        else:
            self._words.props.pop('offer', None)
        self._words.update()

    def _show_state(self, pane: Pane) -> None:
        offer = pane.offer
        standing = offer and (offer.draft_id, offer.standing, offer.who, offer.reason)
        self._redraw(self._state, self._draw_state, (pane.stage, pane.failure, standing, self._trouble))

    def hear(self, words: str) -> None:
        """The reply as far as it is written, to be looked at: only what is finished and checked goes into the field."""
        if self._pane.stage and words:
            if self._pane.stage == 'waiting':  # nobody announces that a writer began, but here are its words
                self._tell_stage()
            self._live.set_text(words)
            self._live.set_visibility(True)

    def add(self, words: str) -> None:
        self._words.run_method('add', words)

    def done(self, words: str | None) -> None:
        self._tell('')
        self._words.run_method('done', words)

    def failed(self, why: str) -> None:
        self._tell(why)
        self._words.run_method('done', None)

    def _tell_stage(self) -> None:
        self._pane = replace(self._pane, stage='writing')
        self._show_state(self._pane)

    def _tell(self, why: str) -> None:
        self._trouble = why
        self.show(self._pane)

    def _redraw(self, place: ui.element, draw: Callable[[], None], shows: object) -> None:
        if place.id not in self._drawn or self._drawn[place.id] != shows:
            self._drawn[place.id] = shows
            place.clear()
            with place:
                draw()

    def _field(self, pane: Pane) -> ui.element:
        made = ui.element('side-words')
        made.props['data-key'] = f'{self._who.id} {pane.contact.id}'
        made.props['data-bytes'] = str(message_parts.MOST_BYTES)
        with made:
            with ui.element('div').classes('newer note').props('hidden'):
                text('有了新的草稿，您写的文字还在。', 'grow')
                _act('采用新草稿', 'take', small=True)
            self._basis = ui.element('div').classes('basis')
            field = ui.element('textarea').props('rows=4 maxlength=8000 aria-label=回复内容')
            field.props['placeholder'] = '写给家长的回复…'
            with row('meta'):
                text('', 'kept-state grow muted').props('role=status')
                text('', 'size num muted')
            self._buttons = ui.element('div').classes('side-actions')
        made.on('act', lambda event: self._acted(event.args), js_handler='(event) => emit(event.detail)')
        return made

    def _draw_said(self) -> None:
        for line in self._pane.said:
            text(line or '（没有文字）', 'bubble words', tag='div')

    def _draw_state(self) -> None:
        pane, offer = self._pane, self._pane.offer
        if self._trouble:
            text(self._trouble, 'note danger words', tag='div').props('role=alert')
        if pane.stage:
            _stages(pane)
        elif pane.failure and offer is None:
            text(f'AI 没能写出草稿: {pane.failure}', 'note warn words', tag='div')
        match offer.standing if offer else None:
            case 'handed_in':
                text(f'{(offer and offer.who) or "同事"}提交的回复正在等待审核，结果会显示在这里。', 'note', tag='div')
                text(offer.text if offer else '', 'bubble ours words', tag='div')
            case 'released':
                words = f'{(offer and offer.who) or "主管"}已通过，可以发送到聊天了。改动后要重新审核。'
                text(words, 'note good', tag='div')
            case 'refused':
                why = '：'.join(filter(None, (offer.reason, offer.remark))) if offer else ''
                text(f'{(offer and offer.who) or "主管"}退回: {why}。可以修改后再提交。', 'note warn words', tag='div')
            case 'on_its_way':
                text('已通过，系统正在发给家长。', 'note good', tag='div')
            case 'failed':
                text('系统没能发给家长，可以从这里发送到聊天。', 'note danger', tag='div')

    def _draw_basis(self) -> None:
        offer = self._pane.offer
        if offer is None or offer.standing not in IN_WORDS:
            return
        evidence(offer.sources or ({'sentence': offer.text, 'kind': 'none'},), [one['detail'] for one in offer.checks])
        with row('wrap'):
            titles = {source.get('title') for source in offer.sources if source['kind'] == 'knowledge'}
            if titles:
                chip(f'{len(titles)} 条知识', 'good').props(f'title="{_quoted(titles)}"')
            if any(source['kind'] == 'record' for source in offer.sources):
                chip('档案', 'info')
            if offer.needs_human:
                chip('需要人工补充', 'warn')
        for check in offer.checks:
            text(check['text'], f'note {"danger" if check["level"] == "block" else "warn"}', tag='div')

    def _draw_buttons(self) -> None:
        pane, offer = self._pane, self._pane.offer
        released = offer is not None and offer.standing == 'released'
        waits = offer is not None and offer.standing in ('handed_in', 'on_its_way')
        if self._sends and (self._alone or released):
            one = _act('发送到聊天', 'send', kind='primary', needs_words=True)
            if not self._alone:
                one.props('data-as-is')
        if not self._alone and self._writes and not waits:
            _act('提交审核', 'hand_in', kind='' if released else 'primary', needs_words=True)
        if offer is not None and offer.standing in IN_WORDS:
            _act('编辑', 'edit')
        if self._writes and not waits and not pane.stage and pane.conversation is not None and pane.said:
            _act('换一个' if offer is not None else '让 AI 起草', 'another')
        copy = ui.element('button').classes('btn').props('type=button data-copy data-copy-words data-needs-words')
        with copy:
            text('复制', 'todo')
            text('已复制', 'done').props('role=status')
            text('没能复制', 'failed')

    def _asking(self, pane: Pane) -> ui.element:
        """Where the words do not come in by themselves, they are pasted; elsewhere another question may be asked."""
        hint = '粘贴家长的话，AI 来起草…' if not pane.hears else '想让 AI 写什么？输入家长的问题…'
        with ui.element('section').classes('panel side-card').props('aria-label=让AI起草') as made:
            text('家长说了什么' if not pane.hears else '问 AI', tag='h2')
            if not pane.hears:
                text('客户联系的聊天只有您能看到，粘贴后会记到会话里。', 'muted', tag='div')
            self._question = ui.element('side-question')
            self._question.props['data-key'] = f'{self._who.id} {pane.contact.id}'
            with self._question:
                field = ui.element('textarea').props('rows=2 maxlength=2000 aria-label=家长的话')
                field.props['placeholder'] = hint
                with ui.element('button').classes('btn').props('type=button'):
                    text('让 AI 起草')
            self._question.on('ask', lambda event: self._asked(event.args), js_handler='(event) => emit(event.detail)')
            self._asking_state = text('', 'muted', tag='div').props('role=status')
            self._answer = text('', 'bubble ours words writing', tag='div').props('aria-label=正在写')
            self._answer.set_visibility(False)
        made.set_visibility(self._writes or self._alone)
        return made

    async def _asked(self, asked: Any) -> None:
        words = str(asked or '').strip()
        if not words:
            ui.notify('请先粘贴或输入家长的话', type='warning')
            return
        with refusals_shown():
            if not self._pane.hears:
                await transact(sidebar.pasted, self._pane.contact.id, words, by=self._who.id)
                self._question.run_method('clear')
                await self._on_change()
                return
            await self._written(words)

    async def _written(self, words: str) -> None:
        """An answer to a question that nobody asked in the chat: it goes into the field, and nothing is kept."""
        telling = Telling(self._show_answer)
        self._asking_state.set_text('正在查找知识和学员档案…')
        try:
            contact, _ = await read(sidebar.chat, self._pane.contact.id, by=self._who.id)
            context = await read(dossiers.for_question, words, contact)
            self._asking_state.set_text('正在起草…')
            proposal = await parts().writer.write(context, on_words=telling)
        finally:
            telling.end()
            self._answer.set_visibility(False)
            self._asking_state.set_text('')
        if not self._words.is_deleted:
            self.add(proposal.text)
            if proposal.needs_human:
                self._asking_state.set_text('知识库里没有足够的依据，请补充或改写后再发出。')

    def _show_answer(self, words: str) -> None:
        if words and not self._answer.is_deleted:
            self._answer.set_text(words)
            self._answer.set_visibility(True)

    async def _acted(self, told: dict[str, Any]) -> None:
        act, words, about = (str(told.get(name) or '') for name in ('act', 'text', 'about'))
        draft_id = known_id(about.partition('-')[0])
        with self._words.client.content:  # what opens must outlive the pane of this parent
            await self._act(act, words, draft_id)

    async def _act(self, act: str, words: str, draft_id: int | None) -> None:
        if act == 'another':
            await self._another()
            return
        try:
            if act == 'send':
                await self._send(words, draft_id)
            elif act == 'hand_in':
                await transact(sidebar.hand_in, self._pane.contact.id, words, by=self._who.id)
                ui.notify('已提交审核')
                self.done(words)
        except ConsoleError as refusal:
            if not self._words.is_deleted:
                self.failed(str(refusal))

    async def _send(self, words: str, draft_id: int | None) -> None:
        try:
            await self._on_send(words, draft_id, None)
        except DraftBlocked as blocked:
            if self._words.is_deleted:  # another chat was opened meanwhile
                return
            lines = [check.text for check in blocked.checks]
            reason = await ask_words('有检查项没有解决', '为什么可以发送', ok='仍然发送', required=True, lines=lines)
            if self._words.is_deleted:
                return
            if reason:
                await self._on_send(words, draft_id, reason)
            else:
                self.done(None)

    async def _another(self) -> None:
        offer: Offer | None = self._pane.offer
        remark = ''
        if offer is not None:
            given = await ask_words('换一个', '有什么要求 (可不填)', ok='重新起草', hint='例如: 短一点，语气亲切一些')
            if given is None:
                return
            remark = given
        if self._words.is_deleted:
            return
        with refusals_shown():
            await transact(sidebar.another, self._pane.contact.id, remark=remark, by=self._who.id)
            await self._on_change()


def _stages(pane: Pane) -> None:
    """How far the reply is. What is written so far is shown below it, where this process writes."""
    steps = ('收到家长的话', '等家长说完', '正在起草', '检查')
    at = 1 if pane.stage == 'waiting' else 2
    with ui.element('ol').classes('side-stages').props('aria-label=进度'):
        for number, word in enumerate(steps):
            state = 'done' if number < at else 'now' if number == at else ''
            text(word, state, tag='li')


def _act(words: str, act: str, *, kind: str = '', needs_words: bool = False, small: bool = False) -> ui.element:
    """A button that the field itself hears, with what is in it at that moment."""
    made = ui.element('button').classes(f'btn {kind} {"small" if small else ""}').props(f'type=button data-act={act}')
    if needs_words:
        made.props('data-needs-words')
    with made:
        text(words)
    return made


def _quoted(titles: set[str | None]) -> str:
    return '；'.join(sorted(filter(None, titles))).replace('\\', '').replace('"', '”')
