"""试问: what a question finds, and the reply it would lead to. Nothing is stored."""

from dataclasses import asdict

from nicegui import ui

from console import dossiers, knowledge
from console.database import read
from console.errors import ConsoleError
from console.parts import parts
from console.writing.context import Knowledge, Proposal
from pages.review_editor import evidence
from pages.widgets import Text, button, chip, panel, refusals_shown, row, text

_WRITING = 'AI 正在写…'


def trial_box(by: int) -> None:
    """For who may see the knowledge."""

    asked = 0

    async def look() -> None:
        nonlocal asked
        words = question.value.strip()
        if words:
            asked += 1
            mine = asked
            reply.refresh(None)
            with refusals_shown():
                found = await read(knowledge.tried, words, by=by)
                if mine == asked:
                    hits.refresh(found, asked=True)
                    write.set_visibility(True)

    async def draft() -> None:
        words, mine = question.value.strip(), asked
        if not words:
            return

        def tell(so_far: str) -> None:
            if mine == asked:
                told[-1].set_text(so_far)

        outcome: Proposal | str | None = None
        reply.refresh(_WRITING)
        try:
            context = await read(dossiers.for_trial, words, by=by)
            outcome = await parts().writer.write(context, on_words=tell)
        except ConsoleError as refusal:
            outcome = str(refusal)
        finally:
            if mine == asked:  # else another question was tried meanwhile
                reply.refresh(outcome)

    told: list[Text] = []
    hits = ui.refreshable(_hits)

    @ui.refreshable
    def reply(now: Proposal | str | None) -> None:
        """`now`: the reply, that one is being written, or why there is none."""
        if now == _WRITING:
            with ui.element('div').classes('trial stack').props('role=status aria-busy=true'):
                text(_WRITING, 'muted')
                told[:] = [text('', 'words')]
        elif isinstance(now, str):
            text(now, 'note danger').props('role=alert')
        elif now is not None:
            _proposal(now)

    with panel():
        with ui.element('header'):
            text('试问', tag='h2')
            text('看看一个问题会找到哪些条目，AI 会怎样回复', 'muted')
        with ui.element('div').classes('padded stack'):
            with row():
                question = ui.input(placeholder='例如：英语课多少钱').props('aria-label=试问 maxlength=500')
                question.on('keydown.enter', look)
                button('试问', look)
                write = button('看草稿', draft, kind='quiet')
                write.set_visibility(False)
            with ui.element('div').classes('hits').props('aria-live=polite'):
                hits([])
            reply(None)


def _hits(found: list[Knowledge], *, asked: bool = False) -> None:
    if asked and not found:
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
