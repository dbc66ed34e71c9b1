"""微信客服 over the network: reading accounts, naming customers, handing sessions over. Asks WeCom, then writes."""

import asyncio
import logging

from console import kf_accounts, kf_customers, kf_deliveries, kf_pull, kf_sessions, staff, turns
from console.crash_points import passing
from console.database import read, transact
from console.errors import Conflict
from console.wecom.kf import KfClient
from console.wecom.refusals import WeComRefused, WeComUnreachable
from models import SessionState

log = logging.getLogger(__name__)

MOST_ASKED = 20
"""Members whose names are asked of WeCom at once, while a person waits."""


async def look_for_accounts(client: KfClient) -> bool:
    """Learn which accounts there are; False if WeCom could not be asked.

    A company without 微信客服 refuses, which is no trouble of ours.
    """
    try:
        accounts = await asyncio.to_thread(client.accounts)
    except (WeComRefused, WeComUnreachable) as why:
        log.info('the 微信客服 accounts were not listed: %s', why)
        return isinstance(why, WeComRefused)
    await transact(kf_accounts.listed, client.corp_id, accounts)
    return True


async def pull(client: KfClient, claim: kf_pull.Claim, pace: turns.Pace) -> None:
    """Read one page of a claimed account, and then learn what it and its new customers are called."""
    try:
        page = await asyncio.to_thread(
            client.sync, claim.open_kfid, cursor=claim.cursor, token=claim.token, limit=kf_pull.MOST_AT_ONCE
        )
    except (WeComRefused, WeComUnreachable) as why:
        log.info('account=%d was not read: %s', claim.account_id, why)
        await transact(kf_pull.not_read, claim, why)
        return
    passing('page_read')
    kept = await transact(kf_pull.keep, claim, page, pace)
    passing('page_kept')
    log.info(
        'account=%d items=%d more=%s%s',
        claim.account_id,
        len(page.items),
        page.has_more,
        '' if kept else ' (lease lost)',
    )
    await name_customers(client)
    if await read(kf_accounts.unnamed, client.corp_id):
        await look_for_accounts(client)


async def name_customers(client: KfClient) -> None:
    unnamed = await read(kf_customers.unnamed)
    if not unnamed:
        return
    try:
        found = await asyncio.to_thread(client.customers, unnamed)
    except (WeComRefused, WeComUnreachable) as why:
        log.info('%d customers stay without a name for now: %s', len(unnamed), why)
        return
    await transact(kf_customers.named, unnamed, found)


async def servicers(client: KfClient, conversation_id: int, *, by: int) -> dict[str, str]:
    """Who can take this session now: name by userid.

    Raises `NotAllowed`, `NotFound`, `WeComRefused`, `WeComUnreachable`.
    """
    seat = await read(kf_sessions.seat, conversation_id, by=by)
    listed = await asyncio.to_thread(client.servicers, seat.open_kfid)
    userids = [servicer.userid for servicer in listed if servicer.receiving]
    names = await read(staff.names_in_wecom, userids)
    unnamed = [userid for userid in userids if userid not in names][:MOST_ASKED]
    names |= await asyncio.to_thread(_names, client, unnamed)
    return {userid: names.get(userid, userid) for userid in userids}


def _names(client: KfClient, userids: list[str]) -> dict[str, str]:
    """What WeCom calls these members, as far as it tells us."""
    names = {}
    for userid in userids:
        try:
            name = client.client.user(userid).get('name')
        except WeComRefused:
            continue  # she is outside of what our app may see
        except WeComUnreachable:
            break
        if isinstance(name, str) and name:
            names[userid] = name
    return names


async def hand_to_servicer(client: KfClient, conversation_id: int, servicer: str, *, by: int) -> None:
    """Let a member answer in the WeCom client from now on. Drafts go on: the sidebar offers them to her.

    Raises as `servicers` does.
    """
    seat = await read(kf_sessions.seat, conversation_id, by=by)
    await asyncio.to_thread(client.move, seat.open_kfid, seat.external_userid, SessionState.SERVICER, servicer)
    await transact(kf_sessions.moved, conversation_id, SessionState.SERVICER, servicer, by=by)


async def take_back(client: KfClient, conversation_id: int, *, by: int) -> None:
    """End the session a member or the pool has: with the customer's next word the console answers again.

    WeCom knows no shorter way back (path/94669). Raises as `servicers` does, and `Conflict` if it is ours already.
    """
    seat = await read(kf_sessions.seat, conversation_id, by=by)
    session = await asyncio.to_thread(client.session, seat.open_kfid, seat.external_userid)
    if session.state is not None and session.state in kf_sessions.OURS:
        await transact(kf_sessions.looked_up, conversation_id, session.state, session.servicer)
        raise Conflict('会话已由系统接待，不需要收回。', 'closed')
    code = None
    if session.state != SessionState.ENDED:
        code = await asyncio.to_thread(client.move, seat.open_kfid, seat.external_userid, SessionState.ENDED)
    await transact(kf_deliveries.ended, conversation_id, code, by=by)
