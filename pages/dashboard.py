"""What is to be done now."""

from pages.layout import staff_page
from pages.widgets import empty_state


@staff_page('/', title='工作台')
async def dashboard() -> None:
    empty_state('现在没有要处理的事', '新的会话、草稿和告警会出现在这里。')
