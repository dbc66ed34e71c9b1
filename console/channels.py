"""The ways a reply can leave: one small interface, an adapter for each channel."""

import logging
from dataclasses import dataclass
from typing import Protocol

from console import media_fetching, media_traffic
from console.customer_messages import CustomerMessages
from console.delivery_attempts import Outcome, Verdict
from console.delivery_claims import Claim
from console.errors import Conflict
from console.kf_messages import KfMessages
from console.media_fetching import Trouble
from console.media_files import Stored
from console.verdicts import outcome_of
from console.wecom.client import WeComClient
from console.wecom.contacts import CustomerContacts
from console.wecom.crypto import CallbackCrypto
from console.wecom.events import WeComEvent, parse
from console.wecom.kf import KfClient
from console.wecom.messages import MediaKind, media_message, text_message
from console.wecom.refusals import WeComRefused, WeComUnreachable
from models import Channel, Contact, Delivery

log = logging.getLogger(__name__)

DUPLICATE_CHECK_SECONDS = 14_400
SPREAD = 1_790
"""Seconds by which the duplicate check may be shorter: it must still outlast `deliveries.GIVE_UP_AFTER`."""


class Adapter(Protocol):
    """What the sender needs of a channel."""

    def freeze(self, delivery: Delivery, contact: Contact, text: str) -> bytes:
        """The request for one part, made once and then only repeated."""

    def attempt(self, claim: Claim) -> Outcome:
        """Send the frozen request once. Blocks; never raises for what the channel answers."""


@dataclass(frozen=True, kw_only=True)
class WeComApp:
    """One self-built app: whose callbacks we open, and as whom we speak. Real, or the sandbox's."""

    channel: Channel
    crypto: CallbackCrypto
    client: WeComClient

    @property
    def corp_id(self) -> str:
        return self.client.corp_id


class AppMessages:
    """`message/send` to a member, made safe to repeat by WeCom's duplicate check.

    See developer.work.weixin.qq.com/document/path/90236, read 2026-11-24.
    """

    def __init__(self, app: WeComApp) -> None:
        self._app = app

    def freeze(self, delivery: Delivery, contact: Contact, text: str) -> bytes:
        # Two replies of equal text are two messages: the interval makes their requests differ.
        interval = DUPLICATE_CHECK_SECONDS - delivery.id % SPREAD
        to_user, agent_id = contact.external_userid, self._app.client.agent_id
        if delivery.kind in ('image', 'file'):
            kind: MediaKind = 'image' if delivery.kind == 'image' else 'file'
            return media_message(to_user, agent_id, kind, text, duplicate_check_interval=interval)
        return text_message(to_user, agent_id, text, duplicate_check_interval=interval)

    def attempt(self, claim: Claim) -> Outcome:
        try:
            msgid = self._app.client.send_message(claim.request, claim.to_user)
        except WeComUnreachable as silence:
            return Outcome(verdict=Verdict.RETRY, text=str(silence), maybe_sent=silence.sent_maybe)
        except WeComRefused as refused:
            return outcome_of(refused)
        return Outcome(verdict=Verdict.ACCEPTED, wecom_msgid=msgid, errcode=0)


class Channels:
    """Every channel of this installation, and whose keys open which callback.

    `kf` speaks for the 微信客服 accounts, `customers` for 客户联系, both of one company only.
    """

    def __init__(
        self, apps: list[WeComApp], *, kf: KfClient | None = None, customers: CustomerContacts | None = None
    ) -> None:
        self.apps = apps
        self.kf = kf
        self._adapters: dict[str, Adapter] = {app.channel: AppMessages(app) for app in apps}
        if kf is not None:
            self._adapters[Channel.KF] = KfMessages(kf)
        if customers is not None:
            self._adapters[Channel.CONTACT] = CustomerMessages(customers)
        self._by_corp = {app.corp_id: app for app in apps}

    def freeze(self, delivery: Delivery, contact: Contact, text: str) -> bytes:
        adapter = self._adapters.get(delivery.channel)
        return adapter.freeze(delivery, contact, text) if adapter else b''  # `attempt` says why it is not sent

    def attempt(self, claim: Claim) -> Outcome:
        adapter = self._adapters.get(claim.channel)
        if adapter is None:
            return Outcome(verdict=Verdict.REFUSED, text='这个渠道没有启用，消息未发送。请联系管理员检查设置。')
        return adapter.attempt(claim)

    def upload(self, claim: Claim) -> str | Outcome:
        """WeCom's name of the file that a part is to send, or why there is none. Blocks."""
        app_client = next((app.client for app in self.apps if app.channel == claim.channel), None)
        client = self.kf.client if self.kf is not None and claim.channel == Channel.KF else app_client
        if client is None or claim.upload is None:
            return Outcome(verdict=Verdict.REFUSED, text='这个渠道不能发送图片和文件。请改用文字。')
        return media_traffic.upload(client, claim.upload)

    def fetch(self, claim: media_fetching.Claim) -> Stored | Trouble:
        """The file of a message, on the shelf, or why it is not there. Blocks."""
        app = self._by_corp.get(claim.corp_id)
        if app is None:
            return Trouble(text='收到它的企业微信应用没有启用，无法下载。请联系管理员检查设置。', for_good=False)
        return media_traffic.fetch(app.client, claim)

    def recall(self, channel: Channel, msgid: str) -> None:
        """Take back what was sent. Blocks. Raises `WeComRefused`, `WeComUnreachable`, `Conflict`."""
        client = next((app.client for app in self.apps if app.channel == channel), None)
        if client is None:
            raise Conflict('这个渠道不支持撤回。', 'channel')
        client.recall(msgid)

    def open_event(self, corp_id: str, sealed: str) -> tuple[Channel, WeComEvent]:
        app = self._by_corp[corp_id]
        return app.channel, parse(app.crypto.open(sealed))
