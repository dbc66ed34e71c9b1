"""Who has just added a colleague is welcomed at once, and once, with words a person approved."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import pytest
from sqlalchemy import select, update

from console import contact_ways, customer_welcomes, delivery_attempts, delivery_claims, staff
from console.channels import Channels
from console.customers import heard
from console.database import Database
from console.errors import Invalid
from console.sandbox import Sandbox
from console.wecom.client import WeComClient
from console.wecom.contacts import CustomerContacts
from console.wecom.events import parse
from models import Conversation, Delivery, DeliveryStatus, Message, Policy, Role, utc_now
from tests import story
from tests.sandbox.receiver import CREDENTIALS, Receiver

CORP = CREDENTIALS.corp_id


@dataclass
class Chat:
    """One member, whom parents add in the sandbox, and the console that hears of it."""

    db: Database
    wecom: Sandbox
    receiver: Receiver
    channels: Channels

    def adds(self, parent: str, state: str = '') -> None:
        """The parent adds the member, and WeCom tells of it."""
        self.wecom.contacts.ensure(parent, '小明妈妈')
        self.wecom.contacts.add('Lin', parent, state=state)
        said = self.receiver.pushed[-1].open()
        leaves = ''.join(f'<{name}>{value}</{name}>' for name, value in said.items())
        self.db.transact(heard, CORP, parse(f'<xml>{leaves}</xml>'))

    def send(self) -> None:
        while claim := self.db.transact(delivery_claims.claim_next, self.channels.freeze):
            assert self.db.transact(delivery_attempts.record, claim, self.channels.attempt(claim))

    def deliveries(self) -> list[Delivery]:
        return list(self.db.read(lambda session: session.scalars(select(Delivery).order_by(Delivery.id)).all()))


@pytest.fixture
def chat(db: Database) -> Iterator[Chat]:
    receiver = Receiver()
    wecom = Sandbox(':memory:', **asdict(CREDENTIALS), callback_url=receiver.url)
    wecom.start()
    wecom.ensure_member('Lin', '林老师')
    client = WeComClient(CORP, CREDENTIALS.agent_id, CREDENTIALS.secret, wecom.api_base_url)
    yield Chat(db, wecom, receiver, Channels([], customers=CustomerContacts(client)))
    wecom.stop()
    receiver.close()


def way(chat: Chat, welcome: str) -> str:
    """The state of a code with these words."""
    admin = chat.db.transact(story.member, Role.ADMIN)
    chat.db.transact(staff.change, admin.id, wecom_userid='Lin', by=admin.id)
    return chat.db.transact(contact_ways.begin, '秋季地推', 'Lin', welcome=welcome, by=admin.id).state


def test_who_comes_by_a_code_hears_its_words_and_anyone_else_the_schools(chat: Chat) -> None:
    state = way(chat, '欢迎参加秋季体验课！')
    chat.db.transact(lambda session: session.add(Policy(id=1, welcome_text='您好，我是林老师。')))

    chat.adds('wm1', state)
    chat.adds('wm2')
    chat.send()

    assert chat.wecom.contacts.welcomes('Lin', 'wm1') == ['欢迎参加秋季体验课！']
    assert chat.wecom.contacts.welcomes('Lin', 'wm2') == ['您好，我是林老师。']
    assert [row.status for row in chat.deliveries()] == [DeliveryStatus.ACCEPTED, DeliveryStatus.ACCEPTED]


def test_without_words_nobody_is_welcomed_and_gets_no_empty_chat(chat: Chat) -> None:
    chat.adds('wm1')

    assert chat.deliveries() == []
    assert chat.db.read(lambda session: session.scalars(select(Conversation)).all()) == []


def test_a_welcome_whose_answer_was_lost_is_taken_for_said_when_wecom_says_so(chat: Chat) -> None:
    chat.adds('wm1', way(chat, '欢迎！'))
    chat.wecom.accept_then_drop_answer(path='externalcontact/send_welcome_msg')
    chat.send()
    chat.db.transact(lambda session: session.execute(update(Delivery).values(due_at=utc_now())))
    chat.send()

    [row] = chat.deliveries()
    assert (row.status, chat.wecom.contacts.welcomes('Lin', 'wm1')) == (DeliveryStatus.ACCEPTED, ['欢迎！'])


def test_a_code_that_has_died_is_said_so_and_not_tried_for_hours(chat: Chat) -> None:
    chat.adds('wm1', way(chat, '欢迎！'))
    chat.wecom.fail_next(41050, path='externalcontact/send_welcome_msg')
    chat.send()

    [row] = chat.deliveries()
    assert row.status is DeliveryStatus.DEAD
    assert '20 秒' in (row.last_error or '')
    assert chat.db.read(lambda session: session.scalars(select(Message.text)).all()) == ['欢迎！']


def test_a_welcome_too_long_for_wecom_is_refused_where_it_is_written(chat: Chat) -> None:
    with pytest.raises(Invalid, match='欢迎语太长'):
        way(chat, '好' * 1334)


def test_half_an_emoji_is_left_out_of_a_welcome() -> None:
    assert customer_welcomes.checked('您好\ud83d，欢迎') == '您好，欢迎'
