"""The row of links between the pages of the knowledge base."""

from nicegui import ui

from console import staff
from pages.layout import member
from pages.widgets import text

IMPORT = '/knowledge/import'
CASES = '/knowledge/cases'
PLACES = {
    '/knowledge': '条目',
    '/knowledge/unknown': '未知问题',
    '/knowledge/terms': '词表',
    '/knowledge/scripts': '话术',
    '/knowledge/materials': '素材',
    IMPORT: '导入',
    CASES: '测试用例',
}


def knowledge_nav(here: str) -> None:
    """`here` is the path of this page. What a member may not open is not offered."""
    edits = staff.may(member().role, staff.Action.EDIT_KNOWLEDGE)
    with ui.element('nav').classes('knowledge-nav').props('aria-label=知识库'):
        for path, words in PLACES.items():
            if path in (IMPORT, CASES) and not edits:
                continue
            with ui.element('a').props(f'href={path}') as link:
                text(words)
            if path == here:
                link.props('aria-current=page')
