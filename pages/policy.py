"""审核规则: who may release what, where the AI answers alone, quiet hours, and how the school speaks."""

from collections.abc import Callable
from datetime import datetime, time
from functools import partial
from typing import Any

from nicegui import ui
from sqlalchemy.orm import Session

from console import auto_answers, policies, signals, staff
from console.database import read, transact
from console.errors import Invalid
from console.policies import ALONE_FOR, ALONE_ON, HIGHEST_CAP, LONGEST, Rules
from console.staff import Action
from pages.fields import clock, number
from pages.layout import me, member, reload_on, staff_page
from pages.review_snack import Snack
from pages.widgets import ago, button, chip, confirm, panel, refusals_at, refusals_shown, row, stack, text

UNDO_SECONDS = 20.0
"""Longer than elsewhere: what is changed here reaches every draft at once."""


@staff_page('/settings/policy', title='审核规则', action=Action.SEE_POLICY)
async def policy_page() -> None:
    by = me()
    snack = Snack()

    async def save(changed: dict[str, Any], before: Rules) -> Rules:
        saved = await transact(policies.change, version=before.version, by=by, **changed)
        back = {name: getattr(before, name) for name in changed}
        snack.show('审核规则已保存，立即生效', partial(undo, back, saved.version), UNDO_SECONDS)
        return saved

    async def undo(back: dict[str, Any], version: int) -> None:
        with refusals_shown():
            await transact(policies.change, version=version, by=by, **back)
            ui.notify('已恢复为修改前的规则')

    async def stop() -> None:
        if await confirm(
            '停止所有自动回复？', '立即生效。还没有发出的自动回复会退回待审核，由人处理。', ok='停止所有自动回复'
        ):
            with refusals_shown():
                await transact(policies.change, version=0, by=by, auto_on=False)
                ui.notify('已停止所有自动回复')

    with ui.element('div').classes('sheet policy'):
        form = PolicyForm(save, stop, may_edit=staff.may(member().role, Action.EDIT_POLICY))

    async def reload() -> None:
        form.show(*await read(_look, by))

    reload_on(reload, signals.policy_changed, signals.draft_changed)
    await reload()


def _look(session: Session, by: int) -> tuple[Rules, str | None, datetime | None, int]:
    return *policies.seen(session, by=by), auto_answers.sent_today(session)


class PolicyForm:
    """The rules as sentences with switches. What somebody is changing stays when others save meanwhile."""

    def __init__(self, on_save: Any, on_stop: Any, *, may_edit: bool) -> None:
        self._on_save, self._may_edit = on_save, may_edit
        self._rules = self._begun = Rules()
        self._who: str | None = None
        self._at: datetime | None = None
        self._sent = 0
        self._before: dict[str, Any] = {}  # what the form said when it was filled
        with panel('policy-alone'):
            with ui.element('header'):
                text('AI 单独回复', 'grow', tag='h2')
                self._state = row()
            with stack('padded'):
                self._today = text('', 'muted')
                self._stop = button('停止所有自动回复', on_stop, kind='danger')
                self._auto = self._rule(
                    'AI 可以单独回复',
                    '只有每句话都出自已批准、在有效期内的知识库答案，没有任何检查项，才不经人手直接发出。'
                    '其余草稿照旧等人审核。投诉和退费永远由人处理。',
                )
                self._channels = self._choices('允许的渠道', {str(name): word for name, word in ALONE_ON.items()})
                self._intents = self._choices('允许的问题', ALONE_FOR)
                self._cap = ui.input('每天最多条数').props('inputmode=numeric maxlength=4').classes('narrow')
        with panel():
            with ui.element('header'):
                text('谁可以放行', tag='h2')
            with stack('padded'):
                text('主管和管理员可以放行草稿。还可以：', 'muted')
                self._agents = self._rule(
                    '客服可以放行没有风险的草稿',
                    '只限自己负责的、或还没有人负责的会话，而且草稿没有任何风险和检查项。',
                )
                self._own = self._rule('可以放行自己写的回复', '关闭后，自己写的待审回复须由另一位同事放行。')
                self._risky = self._rule(
                    '涉及金额、退费、投诉的草稿只由管理员放行', '开启后，主管可以修改和退回，但不能放行。'
                )
        with panel():
            with ui.element('header'):
                text('免打扰时段', tag='h2')
            with stack('padded'):
                text('这段时间不自动回复任何消息。同事仍然可以放行，界面会提醒现在是免打扰时段。', 'muted')
                with row('wrap'):
                    self._from = ui.input('开始').props('type=time').classes('narrow')
                    self._until = ui.input('结束').props('type=time').classes('narrow')
        with panel():
            with ui.element('header'):
                text('学校怎样说话', tag='h2')
            with stack('padded'):
                self._tone = ui.input('语气', placeholder='例如：亲切、耐心，称呼家长为“您”').props(
                    f'maxlength={LONGEST["tone"]}'
                )
                self._language = ui.input('语言', placeholder='例如：简体中文；家长用英文时用英文').props(
                    f'maxlength={LONGEST["language"]}'
                )
                self._welcome = ui.textarea(
                    '欢迎语', placeholder='客户添加同事后自动发送；“联系我”自己有欢迎语的用自己的。留空则不发送。'
                ).props('autogrow')
        with panel('policy-save') as self._foot, stack('padded'):
            self._newer = text('刚有同事改过审核规则，您还没有保存。', 'bad').props('role=alert')
            with row('wrap'):
                self._save_button = button('保存', self._save, kind='primary')
                self._again = button('放弃修改，看最新的', self._reset)
                self._by = row('muted')
        for field in self._fields().values():
            field.set_enabled(may_edit)
            field.on_value_change(self._mark)
        self._save_button.set_visibility(may_edit)

    def show(self, rules: Rules, who: str | None, at: datetime | None, sent: int) -> None:
        """What holds now. The form follows unless somebody has begun to change it."""
        touched = bool(self._before and self._changed())
        self._rules, self._who, self._at, self._sent = rules, who, at, sent
        if not touched:
            self._fill()
        self._tell()

    def _tell(self) -> None:
        rules = self._rules
        self._state.clear()
        with self._state:
            if not rules.auto_on:
                chip('已关闭')
            elif rules.quiet():
                chip('已开启，现在免打扰', 'warn')
            else:
                chip('已开启', 'good')
        self._today.set_text(f'今天已自动回复 {self._sent} 条，上限 {rules.auto_daily_cap} 条。')
        self._stop.set_visibility(rules.auto_on)
        newer = rules.version != self._begun.version
        self._newer.set_visibility(newer)
        self._again.set_visibility(newer)
        self._by.clear()
        with self._by:
            if self._at is not None:
                text(f'{self._who or "已离开的同事"} 修改于')
                ago(self._at)
            else:
                text('还没有人修改过，以上是默认规则。')
            if not self._may_edit:
                text('规则由管理员修改；您可以停止自动回复。')

    def _fill(self) -> None:
        self._begun = rules = self._rules
        self._auto.value, self._own.value, self._risky.value = rules.auto_on, rules.own_drafts, rules.risky_by_admin
        self._agents.value = rules.agents_approve == 'plain'
        for boxes, chosen in ((self._channels, rules.auto_channels), (self._intents, rules.auto_intents)):
            for name, box in boxes.items():
                box.value = name in chosen
        self._cap.value = str(rules.auto_daily_cap)
        self._from.value, self._until.value = _clock(rules.quiet_from), _clock(rules.quiet_until)
        self._tone.value, self._language.value = rules.tone or '', rules.language or ''
        self._welcome.value = rules.welcome_text or ''
        self._before = self._values(strictly=False)
        self._mark()

    def _mark(self) -> None:
        """Whether leaving would lose something, see assets/js/unsaved.js."""
        if self._changed():
            self._foot.props('data-unsaved')
        else:
            self._foot.props(remove='data-unsaved')

    def _reset(self) -> None:
        self._fill()
        self._tell()

    async def _save(self) -> None:
        with refusals_at(self._errors()):
            changed = self._changed(strictly=True)
            if not changed:
                ui.notify('没有修改')
                return
            if changed.get('auto_on') and not await confirm(
                '允许 AI 单独回复？',
                '符合条件的草稿会不经人手直接发给家长。随时可以在这里停止。',
                danger=False,
                ok='允许',
            ):
                return
            self._rules = await self._on_save(changed, self._begun)
            self._reset()

    def _changed(self, *, strictly: bool = False) -> dict[str, Any]:
        """Fields that say something else than when they were filled.

        `strictly`: raises `Invalid` for what cannot be read.
        """
        return {name: value for name, value in self._values(strictly).items() if value != self._before.get(name)}

    def _values(self, strictly: bool) -> dict[str, Any]:
        return {
            'auto_on': bool(self._auto.value),
            'own_drafts': bool(self._own.value),
            'risky_by_admin': bool(self._risky.value),
            'agents_approve': 'plain' if self._agents.value else 'none',
            'auto_channels': _chosen(self._channels, self._begun.auto_channels),
            'auto_intents': _chosen(self._intents, self._begun.auto_intents),
            'auto_daily_cap': _cap(self._cap.value, strictly),
            'quiet_from': _typed(clock, 'quiet_from', self._from.value, strictly),
            'quiet_until': _typed(clock, 'quiet_until', self._until.value, strictly),
            'tone': (self._tone.value or '').strip() or None,
            'language': (self._language.value or '').strip() or None,
            'welcome_text': (self._welcome.value or '').strip() or None,
        }

    def _errors(self) -> dict[str, Any]:
        return {
            'auto_daily_cap': self._cap,
            'quiet_from': self._from,
            'quiet_until': self._until,
            'tone': self._tone,
            'language': self._language,
            'welcome_text': self._welcome,
        }

    def _fields(self) -> dict[str, Any]:
        boxes = {f'box {name}': box for name, box in (*self._channels.items(), *self._intents.items())}
        switches = {'auto': self._auto, 'own': self._own, 'risky': self._risky, 'agents': self._agents}
        return {**self._errors(), **boxes, **switches}

    @staticmethod
    def _rule(words: str, meaning: str) -> ui.switch:
        with ui.element('div').classes('rule'):
            made = ui.switch(words)
            text(meaning, 'muted', tag='p')
        return made

    @staticmethod
    def _choices(title: str, words: dict[str, str]) -> dict[str, ui.checkbox]:
        with ui.element('fieldset').classes('choices'):
            text(title, tag='legend')
            return {name: ui.checkbox(word).props('dense') for name, word in words.items()}


def _chosen(boxes: dict[str, ui.checkbox], before: tuple[str, ...]) -> tuple[str, ...]:
    """What is ticked, in the order it was kept in if nothing changed."""
    ticked = tuple(name for name, box in boxes.items() if box.value)
    return before if set(ticked) == set(before) else ticked


def _cap(typed: str, strictly: bool) -> Any:
    found = _typed(number, 'auto_daily_cap', typed, strictly)
    if found is None and strictly:
        raise Invalid('auto_daily_cap', f'请填写 1–{HIGHEST_CAP} 的整数。')
    return found


def _clock(moment: time | None) -> str:
    return f'{moment:%H:%M}' if moment else ''


def _typed(read_as: Callable[[str, str], Any], field: str, typed: str, strictly: bool) -> Any:
    """What was typed, read as what it is to be; as it stands while it need not be that yet."""
    try:
        return read_as(field, typed)
    except Invalid:
        if strictly:
            raise
        return typed
