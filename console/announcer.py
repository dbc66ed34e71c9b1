"""Tells the group robot of alerts, and when they are over: one message a round, and patience when it is refused.

The robot takes 20 messages a minute; a round every ten seconds stays far below.
"""

import asyncio
import logging
import time
from datetime import timedelta

from console import alerts, rounds
from console.database import read, transact
from console.wecom import robot
from console.wecom.refusals import RefusalKind, WeComRefused, WeComUnreachable
from models import Alert

log = logging.getLogger(__name__)

PAUSES = {RefusalKind.RATE: 60.0, RefusalKind.CONFIGURATION: 600.0}
"""Seconds of silence after a refusal: WeCom forgets a rate in a minute, a removed robot is a person's to mend."""
ERRAND = 'alerts:robot'
LEASE = timedelta(seconds=30)
"""Longer than the robot may take to answer: of several servers one tells."""

LONGEST_LINE = 400
"""Characters of one alert, so that a few fit into one message."""


class Announcer:
    """`trouble` says in Chinese why the last message did not get through; empty: it did, or there was none."""

    def __init__(self, webhook: str) -> None:
        self._webhook = webhook
        self._quiet_until = 0.0
        self.trouble = ''

    async def announce(self) -> bool:
        """One round. Always False: there is nothing more to do right away."""
        if not self._webhook or time.monotonic() < self._quiet_until:
            return False
        if not robot.ADDRESS.fullmatch(self._webhook):
            self._fail('WECHAT_ALERT_WEBHOOK 不是机器人的地址')
            return False
        if not await read(alerts.unannounced) or not (held := await transact(rounds.take, ERRAND, lease=LEASE)):
            return False
        told, text = _message(await read(alerts.unannounced))  # another server may have told of them meanwhile
        if told:
            await self._tell(text, told)
        await transact(rounds.finish, ERRAND, held, again_in=timedelta(0), note={})
        return False

    async def _tell(self, text: str, told: list[int]) -> None:
        try:
            await asyncio.to_thread(robot.tell, self._webhook, text)
        except WeComRefused as refused:
            self._quiet_until = time.monotonic() + PAUSES.get(refused.kind, 0.0)
            self._fail(f'{refused.refusal.cause_zh}（错误码 {refused.errcode}）')
        except WeComUnreachable as silence:
            self._fail(f'连不上机器人（{silence.what}）')
        else:
            self.trouble = ''
            await transact(alerts.mark_announced, told)

    def _fail(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning('the alert robot could not be told (%s); trying again', trouble)
        self.trouble = trouble


def _message(waiting: list[Alert]) -> tuple[list[int], str]:
    """As many as fit into one message, by id, and the message."""
    told: list[int] = []
    lines: list[str] = []
    for alert in waiting:
        line = f'【EduDesk】{"已解除：" if alert.closed_at else ""}{alert.text}'[:LONGEST_LINE]
        if len('\n'.join([*lines, line]).encode()) > robot.LONGEST_TEXT:
            break
        lines.append(line)
        told.append(alert.id)
    return told, '\n'.join(lines)
