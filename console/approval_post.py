"""Takes approval cards to WeCom and back: sent with their buttons, and changed once their draft is decided."""

import asyncio
import logging

from console import approval_cards, file_types
from console.approval_cards import Closing, Showing
from console.database import read, transact
from console.errors import ConsoleError
from console.wecom.client import WeComClient
from console.wecom.messages import Button, button_card_message, update_card
from console.wecom.refusals import RefusalKind, WeComRefused, WeComUnreachable

log = logging.getLogger(__name__)

PASSING = (RefusalKind.RETRY, RefusalKind.RATE, RefusalKind.TOKEN)
DUPLICATE_CHECK_SECONDS = 14_400
FITS = 160
"""Characters of a reply that a card shows."""


class ApprovalPost:
    """`base_url` is where the console is opened from a phone."""

    def __init__(self, client: WeComClient, base_url: str) -> None:
        self._client = client
        self._base_url = base_url

    async def step(self) -> bool:
        """Send one card, or change one; True if there may be more."""
        if not await read(approval_cards.due):
            return False
        showing = await transact(approval_cards.next_to_show)
        if showing is not None:
            await self._show(showing)
            return True
        closing = await transact(approval_cards.next_to_close)
        if closing is not None:
            await self._close(closing)
            return True
        return False

    async def _show(self, showing: Showing) -> None:
        try:
            sent = await asyncio.to_thread(self._client.send, self._card(showing), showing.to_user)
        except ConsoleError as trouble:
            await self._put_off(showing, trouble)
        else:
            await transact(approval_cards.shown, showing, sent.response_code)

    async def _close(self, closing: Closing) -> None:
        request = update_card(
            closing.to_user, self._client.agent_id, response_code=closing.response_code, replace_name=closing.outcome
        )
        try:
            await asyncio.to_thread(self._client.post_frozen, 'message/update_template_card', request)
        except ConsoleError as trouble:
            await self._put_off(closing, trouble)
        else:
            await transact(approval_cards.closed, closing)

    async def _put_off(self, claim: Showing | Closing, trouble: ConsoleError) -> None:
        passing = isinstance(trouble, WeComUnreachable) or (
            isinstance(trouble, WeComRefused) and trouble.kind in PASSING
        )
        log.warning('card=%d: %s', claim.card_id, getattr(trouble, 'errcode', type(trouble).__name__))
        await transact(approval_cards.put_off, claim, str(trouble), for_good=not passing)

    def _card(self, showing: Showing) -> bytes:
        url = f'{self._base_url}/review?draft={showing.draft_id}'
        whole = len(showing.reply) <= FITS
        facts = [] if whole else [('提示', '回复较长，请点“打开”看全文')]
        if showing.file is not None:
            facts = [('类型', file_types.word_for(showing.file.mime, showing.file.name)), ('名称', showing.file.name)]
            facts.append(('大小', file_types.size(showing.file.size)))
        return button_card_message(
            showing.to_user,
            self._client.agent_id,
            task_id=showing.task_id,
            title=f'待审核 · {showing.who}',
            lead=' '.join(showing.asked.split()),
            text=showing.reply,
            facts=facts,
            buttons=(Button(text='批准', key=approval_cards.APPROVE), Button(text='打开', url=url, style=2)),
            url=url,
            duplicate_check_interval=DUPLICATE_CHECK_SECONDS,
        )
