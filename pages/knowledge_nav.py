"""The row of links between the pages of the knowledge base."""

from nicegui import ui

from pages.widgets import text

PLACES = {
    '/knowledge': '条目',
    '/knowledge/unknown': '未知问题',
    '/knowledge/terms': '词表',
    '/knowledge/scripts': '话术',
    '/knowledge/import': '导入',
}


def knowledge_nav(here: str) -> None:
    """`here` is the path of this page."""
    with ui.element('nav').classes('knowledge-nav').props('aria-label=知识库'):
        for path, words in PLACES.items():
            with ui.element('a').props(f'href={path}') as link:
                text(words)
            if path == here:
                link.props('aria-current=page')
