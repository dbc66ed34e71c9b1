"""A 微信客服 account in a WeCom of our own, and the console's side of it without a server."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from console import delivery_attempts, delivery_claims, draft_decisions, drafts, kf, kf_accounts, kf_pull, leases, turns
from console.channels import Channels, WeComApp
from console.database import Database
from console.delivery_claims import Claim
from console.sandbox import Sandbox
from console.wecom.client import WeComClient
from console.wecom.crypto import CallbackCrypto
from console.wecom.events import parse
from console.wecom.kf import KfClient
from models import (
    Channel,
    Contact,
    Conversation,
    Delivery,
    DeliveryStatus,
    Draft,
    KfAccount,
    Message,
    Turn,
    TurnStatus,
    utc_now,
)
from tests import story
from tests.sandbox.receiver import CREDENTIALS

ACCOUNT, PARENT, SERVICER = 'wkAdmissions', 'wmParent', 'LiNa'


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What happens at WeCom, and what the console makes of it. Doorbells are off: `rung` is the console's ear."""

    db: Database
    wecom: Sandbox
    channels: Channels

    @property
    def client(self) -> KfClient:
        assert self.channels.kf is not None
        return self.channels.kf

    def says(self, text: str = '周六有课吗', *, who: str = PARENT) -> str:
        return self.wecom.kf.customer_says(ACCOUNT, who, text).msgid

    def rung(self, token: str = '', *, account: str = ACCOUNT) -> None:
        self.event('kf_msg_or_event', f'<Token>{token}</Token><OpenKfId>{account}</OpenKfId>')

    def event(self, name: str, fields: str) -> None:
        at = int(utc_now().timestamp())
        xml = f'<xml><CreateTime>{at}</CreateTime><MsgType>event</MsgType><Event>{name}</Event>{fields}</xml>'
        handle = {'kf_msg_or_event': kf_accounts.rung, 'kf_account_auth_change': kf_accounts.auth_changed}[name]
        self.db.transact(handle, CREDENTIALS.corp_id, parse(xml))

    def claim(self) -> kf_pull.Claim | None:
        return self.db.transact(kf_pull.claim_next, CREDENTIALS.corp_id)

    def claimed(self) -> kf_pull.Claim:
        found = self.claim()
        assert found is not None
        return found

    async def read(self) -> int:
        """Read all that is due; how many pages that took."""
        pages = 0
        while claimed := self.claim():
            await kf.pull(self.client, claimed, story.AT_ONCE)
            pages += 1
        return pages

    async def hears(self, text: str = '周六有课吗', *, who: str = PARENT) -> Conversation:
        """The customer wrote, and the console knows."""
        self.says(text, who=who)
        self.rung()
        await self.read()
        return self.conversation(who)

    def later(self, passed: timedelta = timedelta(0)) -> None:
        """It is that much later, or the time of the next sweep has come."""
        self.db.transact(lambda session: session.execute(update(KfAccount).values(pull_at=utc_now() - passed)))

    def restarts(self) -> None:
        """The process is gone with all it knew, and another one begins."""
        self.db.transact(kf_pull.end_all)
        self.db.transact(leases.end_all, Delivery, running=DeliveryStatus.SENDING)
        self.db.transact(leases.end_all, Turn, running=TurnStatus.WRITING)
        self.db.transact(kf_accounts.be_due, CREDENTIALS.corp_id)

    def account(self) -> KfAccount:
        return self.db.read(lambda session: session.scalars(select(KfAccount)).one())

    def conversation(self, who: str = PARENT) -> Conversation:
        query = (
            select(Conversation)
            .join(Contact, Contact.id == Conversation.contact_id)
            .where(Contact.external_userid == who)
        )
        return self.db.read(lambda session: session.scalars(query).one())

    def messages(self) -> list[Message]:
        return list(self.db.read(lambda session: session.scalars(select(Message).order_by(Message.id)).all()))

    def texts(self) -> list[str]:
        return [message.text for message in self.messages()]

    def turns(self) -> list[TurnStatus]:
        return list(self.db.read(lambda session: session.scalars(select(Turn.status).order_by(Turn.id)).all()))

    def drafted(self, text: str = '您好，周六上午有课。') -> Draft:
        """The writer answers what waits."""

        def write(session: Any) -> Draft:
            claim = turns.claim_next(session)
            assert claim is not None
            draft = drafts.propose(session, claim, story.proposal(text))
            assert draft is not None
            return draft

        return self.db.transact(write)

    def released(self, text: str = '您好，周六上午有课。') -> Draft:
        by, draft = self.db.transact(story.member), self.drafted(text)
        return self.db.transact(
            draft_decisions.approve, draft.id, version=1, by=by.id, undo=story.NOW, confirm_reason='已核对'
        )

    def send_claim(self) -> Claim | None:
        self.db.transact(lambda session: session.execute(update(Delivery).values(due_at=utc_now())))
        return self.db.transact(delivery_claims.claim_next, self.channels.freeze)

    def send(self) -> None:
        """Send all that is due, one attempt each."""
        while claim := self.db.transact(delivery_claims.claim_next, self.channels.freeze):
            assert self.db.transact(delivery_attempts.record, claim, self.channels.attempt(claim))

    def deliveries(self) -> list[Delivery]:
        return list(self.db.read(lambda session: session.scalars(select(Delivery).order_by(Delivery.id)).all()))

    def delivery(self) -> Delivery:
        [only] = self.deliveries()
        return only

    def draft(self) -> Draft:
        return self.db.read(lambda session: session.scalars(select(Draft).order_by(Draft.id.desc()).limit(1)).one())

    def phone(self, who: str = PARENT) -> list[str]:
        """What reached the customer."""
        lines = self.wecom.kf.phone(ACCOUNT, who)
        return [line.text for line in lines if line.direction == 'in' and line.fail_type is None]

    def change(self, table: type[Any], **values: object) -> None:
        self.db.transact(lambda session: session.execute(update(table).values(**values)))


@pytest.fixture
def wecom() -> Iterator[Sandbox]:
    sandbox = Sandbox(':memory:', **asdict(CREDENTIALS))
    sandbox.start()
    sandbox.kf.doorbells(False)
    sandbox.kf.limit_without_token(1000)
    sandbox.kf.add_account('招生咨询', open_kfid=ACCOUNT)
    sandbox.kf.customer(PARENT, '小明妈妈')
    sandbox.ensure_member(SERVICER, '李娜')
    sandbox.servicers.add(ACCOUNT, SERVICER)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def desk(db: Database, wecom: Sandbox) -> Desk:
    given = CREDENTIALS
    client = WeComClient(given.corp_id, given.agent_id, given.secret, wecom.api_base_url)
    app = WeComApp(
        channel=Channel.APP,
        crypto=CallbackCrypto(given.token, given.encoding_aes_key, given.corp_id),
        client=client,
    )
    return Desk(db=db, wecom=wecom, channels=Channels([app], kf=KfClient(client)))


def moment(seconds: float = 0) -> datetime:
    return utc_now() + timedelta(seconds=seconds)
