"""词表: the school's own words, which the search, the writer and the checks know at once."""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from console import signals, staff, terms
from console.database import read, transact
from console.staff import Action
from console.writing.lexicon import lines
from models import Term, TermKind
from pages.knowledge_nav import knowledge_nav
from pages.layout import me, member, reload_on, staff_page
from pages.review_snack import Snack
from pages.widgets import Form, button, empty_state, panel, refusals_at, refusals_shown, row, shortcuts, text

KINDS = {
    TermKind.SYNONYM: ('同义词', '家长换个说法也能找到同一条知识。', '说法'),
    TermKind.WORD: ('校内用语', '班级、活动、教材的名称，搜索时不会拆开。', '词'),
    TermKind.PROMISE: ('禁止承诺的话', '回复里出现就拦住，不能直接发出。', '词'),
    TermKind.LINK: ('允许的链接', '回复里可以出现的网站。知识条目里写着的链接不用再列。', '域名'),
}
BUILT_IN = {TermKind.SYNONYM: 'synonyms.txt', TermKind.WORD: 'terms.txt', TermKind.PROMISE: 'promises.txt'}


@staff_page('/knowledge/terms', title='词表', action=Action.SEE_KNOWLEDGE)
async def terms_page() -> None:
    by = me()
    editor = _TermDialog(by) if staff.may(member().role, Action.EDIT_KNOWLEDGE) else None

    async def fetched() -> dict[TermKind, list[Term]]:
        return {kind: await read(terms.of_kind, kind, by=by) for kind in KINDS}

    @ui.refreshable
    def lists(found: dict[TermKind, list[Term]]) -> None:
        for kind, listed in found.items():
            _list(kind, listed, editor, remove)

    async def reload() -> None:
        lists.refresh(await fetched())

    async def remove(term: Term) -> None:
        async def back() -> None:
            with refusals_shown():
                await transact(terms.save, term.kind, term.word, list(term.others), by=by)

        with refusals_shown():
            await transact(terms.remove, term.id, by=by)
            snack.show(f'已删除“{term.word}”', back)

    reload_on(reload, signals.terms_changed)
    with ui.element('div').classes('sheet'):
        knowledge_nav('/knowledge/terms')
        lists(await fetched())
        snack = Snack()
        shortcuts({'z': ('撤销', snack.undo)})


class _TermDialog:
    """One form for a new word and for a change."""

    def __init__(self, by: int) -> None:
        self._by = by
        self._kind, self._term_id = TermKind.WORD, 0
        with Form() as self._dialog, ui.element('div').classes('dialog'):
            self._title = text('', tag='h3')
            self._word = ui.input('词').props('autofocus maxlength=100')
            self._others = ui.textarea('意思相同的说法 (每行一个)').props('rows=5')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('保存', self._save, kind='primary')

    def show(self, kind: TermKind, term: Term | None = None) -> None:
        self._kind, self._term_id = kind, term.id if term else 0
        name, _, word = KINDS[kind]
        self._title.set_text(f'编辑{name}' if term else f'添加{name}')
        self._word.props['label'] = word
        self._word.value = term.word if term else ''
        self._others.value = '\n'.join(term.others) if term else ''
        self._others.set_visibility(kind is TermKind.SYNONYM)
        self._word.error = self._others.error = None
        self._dialog.open()

    async def _save(self) -> None:
        others = [line.strip() for line in (self._others.value or '').splitlines() if line.strip()]
        with refusals_at({'word': self._word, 'others': self._others}):
            await transact(
                terms.save, self._kind, self._word.value or '', others, term_id=self._term_id or None, by=self._by
            )
            self._dialog.close()
            ui.notify('已保存，立即生效')


def _list(
    kind: TermKind, listed: list[Term], editor: _TermDialog | None, remove: Callable[[Term], Awaitable[None]]
) -> None:
    name, use, _ = KINDS[kind]
    with panel('word-list'):
        with ui.element('header'):
            text(name, tag='h2')
            text(use, 'grow muted')
            if editor is not None:
                button(f'添加{name}', partial(editor.show, kind), small=True)
        if not listed:
            empty_state(f'还没有自己的{name}')
        with ui.element('div').classes('list'):
            for term in listed:
                with row():
                    text(term.word, tag='b')
                    text('、'.join(map(str, term.others)), 'grow words muted')
                    if editor is not None:
                        button('编辑', partial(editor.show, kind, term), kind='quiet', small=True)
                        button('删除', partial(remove, term), kind='quiet', small=True)
        if kind in BUILT_IN:
            _built_in(BUILT_IN[kind])


def _built_in(file: str) -> None:
    listed = lines(file)
    with ui.element('details').classes('padded history'):
        text(f'自带 {len(listed)} 条，始终有效', tag='summary')
        with ui.element('div').classes('stack'):
            for line in listed:
                text(line, 'words muted', tag='div')
