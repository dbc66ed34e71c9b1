"""A parent with ordinary WeChat, the running console, and 微信客服 between them."""

import uuid

import pytest

from console.sandbox import Sandbox
from tests.desk import Desk, eventually
from tests.server import ConsoleServer

ACCOUNT = 'wkLoop'


@pytest.fixture
def parent(wecom: Sandbox, console: ConsoleServer) -> str:
    who = f'wm{uuid.uuid4().hex[:12]}'
    wecom.kf.doorbells(True)
    if ACCOUNT not in [account.open_kfid for account in wecom.kf.accounts()]:
        wecom.kf.add_account('招生咨询', open_kfid=ACCOUNT)
    wecom.kf.customer(who, '小明妈妈')
    return who


def phone(wecom: Sandbox, who: str) -> list[str]:
    return [line.text for line in wecom.kf.phone(ACCOUNT, who) if line.direction == 'in']


def test_words_become_a_draft_and_the_released_reply_reaches_her(wecom: Sandbox, admin: Desk, parent: str) -> None:
    moment = wecom.kf.customer_says(ACCOUNT, parent, '周六有课吗')
    assert [attempt.status for bell in moment.doorbells for attempt in bell.attempts] == [200]
    draft = admin.draft_for(parent)
    assert draft['customer_message'] == '周六有课吗'
    approve = f'/drafts/{draft["id"]}/approve'
    admin.post(approve, version=draft['version'], content='您好，有的。', confirm_reason='已核对')
    eventually(lambda: phone(wecom, parent) == ['您好，有的。'])

    wecom.kf.customer_says(ACCOUNT, parent, '周日呢')
    assert admin.draft_for(parent)['customer_message'] == '周日呢'


def test_a_burst_with_a_doorbell_for_each_is_one_draft(wecom: Sandbox, admin: Desk, parent: str) -> None:
    wecom.kf.burst(ACCOUNT, parent, 9, kind='location')
    draft = admin.draft_for(parent)

    assert draft['customer_message'].count('[位置]') == 9


def test_a_reply_that_does_not_fit_the_window_is_refused_with_the_field(
    wecom: Sandbox, admin: Desk, parent: str
) -> None:
    wecom.kf.customer_says(ACCOUNT, parent, '周六有课吗')
    draft = admin.draft_for(parent)
    long = ''.join(f'第{number}句，老师会和您联系。' for number in range(300))
    approve = f'/drafts/{draft["id"]}/approve'
    refusal = admin.post(approve, status=422, version=draft['version'], content=long, confirm_reason='已核对')

    assert '只剩 5 条' in str(refusal)
    assert phone(wecom, parent) == []
