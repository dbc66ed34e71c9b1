"""The search over everything, on Ctrl K from any page: people, talks, what was said, knowledge, places to go."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nicegui import ui

from console import search, staff
from console.calendar import SCHOOL_TIME
from console.database import read
from console.errors import ConsoleError
from console.search import Everything
from console.search_words import Piece, marked, wanted
from console.staff import Action
from models import Author, Staff
from pages.widgets import icon, text

LONGEST = 50
AUTHORS = {Author.PARENT: '家长', Author.AI: 'AI', Author.STAFF: '同事', Author.SYSTEM: '系统'}


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A line of the palette: `href` to go to, or `act` to be done here. `line` is in pieces, the found ones marked."""

    line: list[Piece]
    note: str = ''
    href: str = ''
    act: str = ''


@dataclass(frozen=True)
class Place:
    """A page or an action by the word that it is found by."""

    word: str
    href: str = ''
    act: str = ''
    action: Action | None = None


ACTIONS = (
    Place('新建学员', href='/students?new=1', action=Action.EDIT_STUDENTS),
    Place('打开自检', href='/settings', action=Action.SEE_SETTINGS),
    Place('话术', href='/knowledge/scripts', action=Action.SEE_KNOWLEDGE),
    Place('素材', href='/knowledge/materials', action=Action.SEE_KNOWLEDGE),
    Place('接入企业微信', href='/settings/guide', action=Action.SEE_SETTINGS),
)


def palette(member: Staff, places: Sequence[Place], acts: dict[str, Callable[[], Awaitable[Any]]]) -> None:
    """The palette of a page. `acts` are done here by their word, and offered after `places` and the usual actions."""
    offered = [
        place
        for place in (*places, *ACTIONS, *(Place(word, act=word) for word in acts))
        if place.action is None or staff.may(member.role, place.action)
    ]

    async def ask(words: str) -> None:
        try:
            found = await read(search.everything, words[:LONGEST], by=member.id)
        except ConsoleError as refusal:
            box.run_method('refused', words, str(refusal))
        else:
            box.run_method('show', words, _groups(found, words[:LONGEST], offered))

    async def act(word: str) -> None:
        if word in acts:
            await acts[word]()

    box = ui.element('search-palette')
    box.props['data-member'] = str(member.id)
    with box, ui.element('dialog').classes('palette').props('aria-label=搜索'):
        with ui.element('div').classes('ask'):
            icon('search')
            field = ui.element('input').props('type=text role=combobox aria-expanded=true aria-autocomplete=list')
            field.props(f'autocomplete=off spellcheck=false maxlength={LONGEST} aria-controls=palette-hits')
            field.props['placeholder'] = '搜索学员、会话、消息、知识，或要去的页面'
            field.props['aria-label'] = '全站搜索'
            text('Esc', tag='kbd')
        ui.element('div').classes('hits').props('id=palette-hits role=listbox aria-label=结果')
        text('', 'said', tag='div').props('role=status')
    emit = '(event) => emit(event.detail)'
    box.on('ask', lambda event: ask(str(event.args)), js_handler=emit)
    box.on('act', lambda event: act(str(event.args)), js_handler=emit)


def palette_button() -> None:
    """What looks like a search field in the top bar and opens the palette.

    So does `/`, where a page has no use of its own for it.
    """
    made = (
        ui.element('button')
        .classes('to-search')
        .props('type=button data-palette aria-label=搜索 title="搜索 (Ctrl K)"')
    )
    made.props['data-keys'] = json.dumps({'/': '全站搜索'}, ensure_ascii=False)
    made.on('shortcut', js_handler='(event) => event.target.click()')
    with made:
        icon('search')
        text('搜索', 'word')
        text('Ctrl K', tag='kbd').props('aria-hidden=true')


def _groups(found: Everything, words: str, offered: Sequence[Place]) -> list[dict[str, Any]]:
    """The groups that are not empty, as the browser takes them; who names a place or an action wants it first."""
    searched = wanted(words)

    def line(name: str) -> list[Piece]:
        return marked(name, searched)

    groups = {
        '学员': [
            Hit(
                line=line(one.name),
                note=' · '.join(filter(None, (one.guardian, one.grade, one.school))),
                href=f'/students/{one.student_id}',
            )
            for one in found.students
        ],
        '同事': [Hit(line=line(one.name), note=one.username, href='/settings') for one in found.colleagues],
        '会话': [
            Hit(line=line(one.title), note=one.text, href=f'/conversations/{one.conversation_id}')
            for one in found.talks
        ],
        '消息': [
            Hit(
                line=one.line,
                note=f'{one.title} · {AUTHORS[one.author]} · {one.sent_at + SCHOOL_TIME:%Y-%m-%d}',
                href=f'/conversations/{one.conversation_id}?at={one.seq}',
            )
            for one in found.said
        ],
        '知识': [
            Hit(line=line(one.question), note=one.answer[:80], href=f'/knowledge?entry={one.id}')
            for one in found.entries
        ],
        '前往': [
            Hit(line=line(place.word), href=place.href, act=place.act)
            for place in offered
            if all(word.casefold() in place.word.casefold() for word in words.split())
        ],
    }
    if words.strip() in {place.word for place in offered}:
        groups = {'前往': groups['前往'], **groups}
    return [{'title': title, 'hits': [asdict(hit) for hit in hits]} for title, hits in groups.items() if hits]
