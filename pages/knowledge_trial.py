"""试问: what a question finds, and the reply it would lead to. Nothing is stored."""

from dataclasses import asdict

from nicegui import ui

from console import dossiers, knowledge
from console.database import read
from console.errors import ConsoleError
from console.parts import parts
from console.writing.context import Knowledge, Proposal
from pages.review_editor import evidence
from pages.widgets import Text, button, chip, on_enter, panel, refusals_shown, row, text

_WRITING = 'AI 正在写…'


class Trial:
    """Drawn where it is made, for who may see the knowledge."""

    def __init__(self, by: int) -> None:
        self._by = by
        self._asked = 0
        self._told: Text | None = None
        with panel():
            with ui.element('header'):
                text('试问', tag='h2')
                text('看看一个问题会找到哪些条目，AI 会怎样回复', 'muted')
            with ui.element('div').classes('padded stack'):
                with row():
                    self._question = ui.input(placeholder='例如：英语课多少钱').props('aria-label=试问 maxlength=500')
                    on_enter(self._question, self._look)
                    button('试问', self._look)
                    self._write = button('看草稿', self._draft, kind='quiet')
                    self._write.set_visibility(False)
                self._found = ui.element('div').classes('hits').props('aria-live=polite')
                self._reply = ui.element('div')
                self._reply.set_visibility(False)

    async def _look(self) -> None:
        words = self._question.value.strip()
        if not words:
            return
        self._asked += 1
        mine = self._asked
        self._show(None)
        with refusals_shown():
            found = await read(knowledge.tried, words, by=self._by)
            if mine == self._asked:
                self._found.clear()
                with self._found:
                    _hits(found)
                self._write.set_visibility(True)

    async def _draft(self) -> None:
        words, mine = self._question.value.strip(), self._asked
        if not words:
            return

        def tell(so_far: str) -> None:
            if mine == self._asked and self._told is not None:
                self._told.set_text(so_far)

        outcome: Proposal | str | None = None
        self._show(_WRITING)
        try:
            context = await read(dossiers.for_trial, words, by=self._by)
            outcome = await parts().writer.write(context, on_words=tell)
        except ConsoleError as refusal:
            outcome = str(refusal)
        finally:
            if mine == self._asked:  # else another question was tried meanwhile
                self._show(outcome)

    def _show(self, now: Proposal | str | None) -> None:
        """`now`: the reply, that one is being written, or why there is none."""
        self._reply.clear()
        self._reply.set_visibility(now is not None)
        with self._reply:
            if now == _WRITING:
                with ui.element('div').classes('trial stack').props('role=status aria-busy=true'):
                    text(_WRITING, 'muted')
                    self._told = text('', 'words')
            elif isinstance(now, str):
                text(now, 'note danger').props('role=alert')
            elif now is not None:
                _proposal(now)


def _hits(found: list[Knowledge]) -> None:
    if not found:
        text('没有找到。可以把这个问题加为新条目。', 'muted')
    for hit in found:
        with ui.element('div').classes('hit'):
            with row():
                text(hit.question, 'grow clip', tag='b')
                chip(f'相似度 {hit.score:.2f}', 'info')
            text(hit.answer, 'two-lines muted', tag='div')


def _proposal(proposal: Proposal) -> None:
    with ui.element('div').classes('trial stack'):
        with row('wrap'):
            chip('只是试问，没有保存，也不会发出', 'info')
            if proposal.needs_human:
                chip('需要人工', 'warn')
            text(f'{proposal.writer} · {proposal.duration_ms / 1000:.1f} 秒', 'muted num')
        blocked = [check.detail for check in proposal.checks if check.level == 'block' and check.detail]
        evidence(tuple(asdict(source) for source in proposal.sources), blocked)
        for check in proposal.checks:
            with row():
                chip('拦住' if check.level == 'block' else '留意', 'danger' if check.level == 'block' else 'warn')
                text(check.text, 'words')
