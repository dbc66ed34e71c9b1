"""What lets a page of ours speak to the WeCom around it, if it can be had in time."""

import asyncio
from contextlib import suppress

from console.wecom import jssdk
from console.wecom.client import WeComClient
from console.wecom.jssdk import Signed
from console.wecom.refusals import WeComRefused, WeComUnreachable


async def of(client: WeComClient, page: str, *, patience: float) -> Signed | None:
    """The signatures over this address; None if WeCom refuses, or takes more than `patience` seconds."""
    with suppress(TimeoutError, WeComRefused, WeComUnreachable):
        async with asyncio.timeout(patience):
            return await asyncio.to_thread(jssdk.signed, client, page)
    return None
