"""Chats and messages, page by page."""

from tests.api.conftest import Parent
from tests.desk import Desk, eventually


def test_a_chat_is_listed_with_what_was_said_last(lead: Desk, parent: Parent) -> None:
    parent.says('您好，我的手机是13812345678')
    chat = eventually(lambda: listed(lead, parent))
    assert (chat['status'], chat['channel'], chat['unread']) == ('waiting', 'app', 1)
    assert chat['last_message_text'] == '您好，我的手机是138****5678'
    assert chat['waiting_since']


def test_messages_are_read_backwards_page_by_page(lead: Desk, parent: Parent) -> None:
    lines = [f'第{number}句' for number in range(5)]
    for line in lines:
        parent.says(line)
    chat = eventually(lambda: listed(lead, parent))
    path = f'/conversations/{chat["id"]}/messages'
    eventually(lambda: len(lead.get(path)['items']) == 5)
    newest = lead.get(path, {'limit': 2})
    middle = lead.get(path, {'limit': 2, 'cursor': newest['next_cursor']})
    oldest = lead.get(path, {'limit': 2, 'cursor': middle['next_cursor']})
    texts = [item['text'] for page in (oldest, middle, newest) for item in page['items']]
    assert texts == lines
    assert oldest['next_cursor'] is None


def test_a_cursor_is_good_for_its_own_order_only(lead: Desk, wecom) -> None:
    for _ in range(2):
        parent = Parent(wecom)
        parent.says('在吗')
        eventually(lambda parent=parent: listed(lead, parent))
    waiting = lead.get('/conversations', {'status': 'waiting', 'limit': 1})
    latest = lead.get('/conversations', {'limit': 1})
    lead.get('/conversations', {'cursor': waiting['next_cursor']}, status=422)
    following = lead.get('/conversations', {'limit': 1, 'cursor': latest['next_cursor']})
    assert following['items'][0]['id'] != latest['items'][0]['id']
    after = lead.get('/conversations', {'status': 'waiting', 'limit': 1, 'cursor': waiting['next_cursor']})
    assert after['items'][0]['waiting_since'] >= waiting['items'][0]['waiting_since']


def listed(desk: Desk, parent: Parent) -> dict | None:
    items = desk.get('/conversations', {'limit': 100})['items']
    return next((item for item in items if item['external_userid'] == parent.userid), None)
