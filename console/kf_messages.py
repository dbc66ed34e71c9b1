"""The 微信客服 channel: how a released part reaches a customer in WeChat.

See developer.work.weixin.qq.com/document/path/94677 and path/94669, read 2026-11-24.
"""

from typing import Literal

from console.delivery_attempts import Outcome, Verdict
from console.delivery_claims import Claim
from console.kf_sessions import OURS
from console.kf_window import ON_EVENT
from console.verdicts import outcome_of
from console.wecom.kf import KfClient, Session, media_request, text_request
from console.wecom.refusals import RefusalKind, WeComRefused, WeComUnreachable
from models import Contact, Delivery, SessionState

USED_ID = 95033
MOVED_MEANWHILE = 95016
NO_SUCH_CALL = ('HTTP 404', 'HTTP 405')
"""From a WeCom that knows of no sessions: there, too, only the send itself can tell."""

MAYBE_THERE = '此前一次发送没有收到回音，客户可能已经收到，请先在企业微信中查看。'
SENT_BEFORE = '有一条客服消息首次发送时，企业微信就说编号已用过：多半是恢复了备份，客户先前已收到，没有重复发送。'


class KfMessages:
    """`kf/send_msg`, made safe to repeat by an id of our own that WeCom takes once."""

    def __init__(self, client: KfClient) -> None:
        self._client = client

    def freeze(self, delivery: Delivery, contact: Contact, text: str) -> bytes:
        to = contact.account, contact.external_userid
        if delivery.media_file_id is not None:
            kind: Literal['image', 'file'] = 'image' if delivery.kind == 'image' else 'file'
            return media_request(*to, kind, text, msgid=delivery.client_id)
        return text_request(*to, text, msgid=delivery.client_id)

    def attempt(self, claim: Claim) -> Outcome:
        if claim.kind in ON_EVENT or claim.repeat:
            # What an event allows needs no session of ours; and after a first try that may have got in, the session
            # may have moved on: only the send itself can tell.
            return self._sent(claim, None)
        try:
            session = self._opened(claim)
        except WeComUnreachable as silence:
            return Outcome(verdict=Verdict.RETRY, text=str(silence))
        except WeComRefused as refused:
            return outcome_of(refused)
        if session.state is None:
            return self._sent(claim, None)  # only the send itself can tell
        if session.state not in OURS:
            return Outcome(verdict=Verdict.REFUSED, session=(session.state, session.servicer))
        return self._sent(claim, (session.state, session.servicer))

    def _opened(self, claim: Claim) -> Session:
        """The session as it is, taken into our hands if it is nobody's."""
        session = self._looked_up(claim)
        if session.state != SessionState.UNHANDLED:
            return session
        try:
            self._client.move(claim.account, claim.to_user, SessionState.ASSISTANT)
        except WeComRefused as refused:
            if refused.errcode != MOVED_MEANWHILE:
                raise
            return self._client.session(claim.account, claim.to_user)
        return Session(state=SessionState.ASSISTANT, servicer=None)

    def _looked_up(self, claim: Claim) -> Session:
        try:
            return self._client.session(claim.account, claim.to_user)
        except WeComUnreachable as silence:
            if silence.what not in NO_SUCH_CALL:
                raise
            return Session(state=None, servicer=None)

    def _sent(self, claim: Claim, known: tuple[int, str | None] | None) -> Outcome:
        send = self._client.send_on_event if claim.kind in ON_EVENT else self._client.send
        try:
            msgid = send(claim.request)
        except WeComUnreachable as silence:
            return Outcome(verdict=Verdict.RETRY, text=str(silence), maybe_sent=silence.sent_maybe, session=known)
        except WeComRefused as refused:
            return self._refused(claim, refused)
        return Outcome(verdict=Verdict.ACCEPTED, wecom_msgid=msgid or claim.client_id, errcode=0, session=known)

    def _refused(self, claim: Claim, refused: WeComRefused) -> Outcome:
        if refused.errcode == USED_ID:
            # Our ids are random: who has used this one was us, before an answer was lost or a backup restored.
            return Outcome(
                verdict=Verdict.ACCEPTED,
                wecom_msgid=claim.client_id,
                errcode=USED_ID,
                text=None if claim.repeat or claim.attempt > 1 else SENT_BEFORE,
            )
        outcome = outcome_of(refused)
        if claim.repeat and refused.kind is RefusalKind.WINDOW_CLOSED:
            return Outcome(verdict=outcome.verdict, errcode=outcome.errcode, text=f'{refused}{MAYBE_THERE}')
        return outcome
