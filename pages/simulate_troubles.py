"""Buttons for trouble, the troubles that are on, and what came of those that were made."""

import asyncio
from functools import partial

from nicegui import ui

from console.calendar import SCHOOL_TIME
from console.simulation import Remark, Trouble, refusals
from pages.simulate_tricks import Trick, Tricks
from pages.widgets import Button, button, icon, text

MODEL_FOR_ALL = '让模型变慢、故障或胡言，会影响这个演示环境里的所有草稿；其余的只影响模拟通道。'


class Troubles:
    """Draws itself where it is made; `show` brings it up to date."""

    def __init__(self, tricks: Tricks | None, *, absent: str = '', no_model: str = '') -> None:
        """Without `tricks` everything is disabled, for the reason `absent`. `no_model`: why the model's are, or ''."""
        self._tricks = tricks
        self._absent = absent
        self._shown: tuple[list[Remark], list[str]] | None = None
        with ui.element('section').classes('stack').props('aria-label=制造麻烦'):
            with ui.element('div').classes('row wrap'):
                text('制造麻烦', tag='h2')
                self._on = ui.element('div').classes('row wrap').props('role=status')
            if tricks is None:
                text(absent, 'muted', tag='p')
            with ui.element('div').classes('actions tricks'):
                if tricks is None:
                    self._disabled()
                else:
                    self._buttons(tricks, no_model)
            if tricks is not None:
                text(no_model or MODEL_FOR_ALL, 'muted', tag='p')
            self._remarks = ui.element('ul').classes('remarks').props('aria-label=结果')

    def show(self, remarks: list[Remark], troubles: list[Trouble]) -> None:
        news = (remarks, [trouble.text for trouble in troubles])
        if news == self._shown:
            return  # a click on a chip must not meet a new one
        self._shown = news
        self._on.clear()
        with self._on:
            for trouble in troubles:
                self._chip(trouble)
        self._remarks.clear()
        with self._remarks:
            for remark in remarks:
                with ui.element('li').classes(remark.tone):
                    text(f'{remark.at + SCHOOL_TIME:%H:%M:%S}', 'num')
                    text(remark.title, tag='b')
                    text(remark.text, 'words')

    def _buttons(self, tricks: Tricks, no_model: str) -> None:
        code = self._code_dialog(tricks)
        for title, trick in (
            ('重复 ×3', tricks.repeat),
            ('签名错误', tricks.forge),
            ('重放旧消息', tricks.replay),
            ('时间戳过旧', tricks.send_old),
        ):
            _button(title, tricks, trick)
        for title, trick in (
            ('模型变慢 30 秒', tricks.slow_model),
            ('模型故障', tricks.break_model),
            ('模型胡言', tricks.confuse_model),
        ):
            _button(title, tricks, trick, reason=no_model)
        _button('凭证过期', tricks, tricks.expire_tokens)
        button('错误码…', code.open).props('aria-haspopup=dialog')
        _button('发送后无应答', tricks, tricks.lose_answer)
        _button('清除故障', tricks, tricks.clear)

    def _disabled(self) -> None:
        for title in ('重复 ×3', '签名错误', '模型变慢 30 秒', '模型故障', '凭证过期', '错误码…', '清除故障'):
            button(title, lambda: None, disabled=True).props['title'] = self._absent

    def _chip(self, trouble: Trouble) -> None:
        async def lift() -> None:
            await asyncio.to_thread(trouble.lift)

        tricks = self._tricks
        if tricks is None:
            return
        made = Button(partial(tricks.play, lift))
        made.classes('chip warn')
        made.props['aria-label'] = f'清除 {trouble.text}'
        made.props['title'] = '点击清除'
        with made:
            text(trouble.text)
            icon('close')

    def _code_dialog(self, tricks: Tricks) -> ui.dialog:
        async def order() -> None:
            if chosen.value is None:
                chosen.error = '请选择一个错误码。'
                return
            dialog.close()
            await tricks.play(partial(tricks.refuse, chosen.value))

        with ui.dialog() as dialog, ui.element('div').classes('dialog'):
            text('下一次发送返回这个错误码', tag='h3')
            chosen = ui.select(refusals(), label='错误码', value=45009, with_input=True)
            text('只影响模拟通道的下一次发送，真实的企业微信不受影响。', 'muted', tag='p')
            with ui.element('div').classes('actions end'):
                button('取消', dialog.close)
                button('下一次发送出错', order, kind='primary')
        return dialog


def _button(title: str, tricks: Tricks, trick: Trick, *, reason: str = '') -> None:
    made = button(title, partial(tricks.play, trick), disabled=bool(reason))
    if reason:
        made.props['title'] = reason
