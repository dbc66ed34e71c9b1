"""未知问题: what parents asked in vain, put together; one step to an entry."""

from functools import partial

from nicegui import ui

from console import signals, staff, unknown_questions
from console.database import read, transact
from console.staff import Action
from console.unknown_questions import Cluster
from pages.knowledge import people
from pages.knowledge_entry import EntryDialog
from pages.knowledge_nav import knowledge_nav
from pages.layout import me, member, reload_on, staff_page
from pages.review_snack import Snack
from pages.widgets import ago, button, chip, empty_state, panel, refusals_shown, row, shortcuts, text


@staff_page('/knowledge/unknown', title='未知问题', action=Action.SEE_KNOWLEDGE)
async def unknown_questions_page() -> None:
    by = me()

    async def put_aside(cluster: Cluster) -> None:
        async def back() -> None:
            with refusals_shown():
                await transact(unknown_questions.reopen, cluster.ids, by=by)

        with refusals_shown():
            await transact(unknown_questions.put_aside, cluster.ids, by=by)
            snack.show('已搁置', back)

    def write(cluster: Cluster) -> None:
        async def saved(entry_id: int) -> None:
            await transact(unknown_questions.answer, cluster.ids, entry_id, by=by)

        if editor is not None:
            editor.show(question=cluster.question, variants=cluster.variants, saved=saved)

    @ui.refreshable
    def board(found: list[Cluster]) -> None:
        if not found:
            empty_state('没有未知问题', '家长问到知识库里没有的内容时，会自动汇总在这里。')
        with ui.element('div').classes('list'):
            for cluster in found:
                with row('wrap'):
                    _cluster(cluster)
                    if editor is not None:
                        button('写成条目', partial(write, cluster), small=True)
                        button('搁置', partial(put_aside, cluster), kind='quiet', small=True)

    async def reload() -> None:
        board.refresh(await read(unknown_questions.clusters, by=by))

    reload_on(reload, signals.unknown_changed)
    editor = EntryDialog(by, await read(people)) if staff.may(member().role, Action.EDIT_KNOWLEDGE) else None
    with ui.element('div').classes('sheet'):
        knowledge_nav('/knowledge/unknown')
        with panel():
            with ui.element('header'):
                text('未知问题', tag='h2')
                text('相近的问题归在一起，问得多的在前', 'muted')
            board(await read(unknown_questions.clusters, by=by))
        snack = Snack()
        shortcuts({'z': ('撤销', snack.undo)})


def _cluster(cluster: Cluster) -> None:
    with ui.element('div').classes('grow'):
        with row():
            text(cluster.question, 'clip', tag='b')
            chip(f'{len(cluster.ids)} 次', 'warn' if len(cluster.ids) > 1 else '')
        for words in cluster.variants[: unknown_questions.EXAMPLES]:
            text(words, 'clip muted', tag='div')
        with row('wrap'):
            if len(cluster.ids) > 1:
                text('首次', 'muted')
                ago(cluster.first_at)
            text('最近', 'muted')
            ago(cluster.last_at)
            for conversation_id in cluster.conversations:
                with ui.element('a').props(f'href=/conversations/{conversation_id}'):
                    text(f'会话 #{conversation_id}', 'muted')
