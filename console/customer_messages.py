"""The 客户联系 channel: the one message a program may send there is a welcome.

See developer.work.weixin.qq.com/document/path/92137, read 2026-11-24.
"""

from console.delivery_attempts import Outcome, Verdict
from console.delivery_claims import Claim
from console.verdicts import outcome_of
from console.wecom.contacts import WELCOMED_ALREADY, CustomerContacts
from console.wecom.refusals import WeComRefused, WeComUnreachable
from models import Contact, Delivery


class CustomerMessages:
    """`externalcontact/send_welcome_msg`: a code is good once, so that a repetition cannot be a second message."""

    def __init__(self, wecom: CustomerContacts) -> None:
        self._wecom = wecom

    def freeze(self, delivery: Delivery, contact: Contact, text: str) -> bytes:
        """Only welcomes come here, and theirs is frozen from the beginning."""
        return b''

    def attempt(self, claim: Claim) -> Outcome:
        if not claim.request:
            return Outcome(verdict=Verdict.REFUSED, text='客户联系的聊天只能由同事在企业微信里发送。')
        try:
            self._wecom.welcome(claim.request)
        except WeComUnreachable as silence:
            return Outcome(verdict=Verdict.RETRY, text=str(silence), maybe_sent=silence.sent_maybe)
        except WeComRefused as refused:
            if refused.errcode == WELCOMED_ALREADY and claim.repeat:
                return Outcome(verdict=Verdict.ACCEPTED, errcode=refused.errcode)
            return outcome_of(refused)
        return Outcome(verdict=Verdict.ACCEPTED, errcode=0)
