"""What WeCom's refusals mean for a part on its way."""

from datetime import timedelta

from console.delivery_attempts import Outcome, Verdict
from console.wecom.refusals import RefusalKind, WeComRefused

PAUSES = {
    RefusalKind.RATE: timedelta(minutes=1),
    RefusalKind.CONFIGURATION: timedelta(minutes=5),
    RefusalKind.CREDENTIAL: timedelta(minutes=10),
}
"""How long a channel rests when the trouble is not this message's."""

WECOM_BUSY = -1
BUSY_ATTEMPTS = 4
"""WeCom asks for three repetitions at most (path/90313)."""


def outcome_of(refused: WeComRefused) -> Outcome:
    """What a refusal means for the part that met it."""
    if refused.kind in PAUSES:
        verdict = Verdict.PAUSE
    elif refused.kind in (RefusalKind.RETRY, RefusalKind.TOKEN):
        verdict = Verdict.RETRY
    else:
        verdict = Verdict.REFUSED
    return Outcome(
        verdict=verdict,
        errcode=refused.errcode,
        text=str(refused),
        pause=PAUSES.get(refused.kind),
        most_attempts=BUSY_ATTEMPTS if refused.errcode == WECOM_BUSY else None,
        limited=refused.kind is RefusalKind.RATE,
    )
