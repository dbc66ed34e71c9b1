"""The whole examination: every link of the chain at once, each within ten seconds, told as soon as it is known."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from console.doctor import access, callback, clock, database, kf, model, places, robot, settings, sidebar, storage
from console.doctor.case import Case
from console.doctor.finding import Finding, State, bad, not_used
from models import utc_now

log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds after which a check is given up."""
UNLOOKED = '没有检查'


@dataclass(frozen=True)
class Link:
    """`look` blocks, in a thread. It is not made unless all of `after` came out well enough."""

    name: str
    title: str
    look: Callable[[Case], Finding]
    after: tuple[str, ...] = ()


LINKS = (
    Link('settings', '设置', settings.settings),
    Link('database', '数据库', database.database, ('settings',)),
    Link('workers', '控制台', callback.workers, ('settings',)),
    Link('mode', '企业微信', access.mode, ('settings',)),
    Link('callback', '回调地址', callback.callback, ('settings',)),
    Link('clock', '服务器时钟', clock.clock, ('settings',)),
    Link('token', '企业 ID 与 Secret', access.token, ('settings',)),
    Link('trusted_ip', '企业可信 IP', access.trusted_ip, ('token',)),
    Link('visible_range', '应用可见范围', access.visible_range, ('trusted_ip',)),
    Link('kf', '微信客服', kf.kf, ('trusted_ip',)),
    Link('contacts', '客户联系', sidebar.contacts, ('trusted_ip',)),
    Link('tickets', '侧边栏票据', sidebar.tickets, ('trusted_ip',)),
    Link('domain', '可信域名', sidebar.domain, ('trusted_ip',)),
    Link('domain_file', '域名校验文件', sidebar.domain_file, ('settings',)),
    Link('model', 'AI 起草', model.model, ('settings',)),
    Link('robot', '告警机器人', robot.robot, ('settings',)),
    Link('disk', '磁盘', storage.disk, ('settings',)),
    Link('backups', '备份', storage.backups, ('settings',)),
)
"""In the order they are read; what is wrong further up is mended first."""

TITLES = {link.name: link.title for link in LINKS}


class Doctor:
    """One for the process: it keeps what the last examination found."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.found: dict[str, Finding] = {}
        self.finished_at: datetime | None = None

    async def examine(self, *, tell_robot: bool = False) -> AsyncGenerator[Finding, None]:
        """Make every check; the findings come as they are made, not in order. `tell_robot` sends a message to it."""
        links = [
            replace(link, look=robot.robot_told) if tell_robot and link.name == 'robot' else link for link in LINKS
        ]
        # Threads of its own: replies that are being sent need the loop's.
        threads = ThreadPoolExecutor(len(links), thread_name_prefix='doctor')
        made: dict[str, asyncio.Task[Finding]] = {}
        for link in links:
            after = [made[name] for name in link.after]
            made[link.name] = asyncio.create_task(self._make(link, after, threads))
        try:
            for done in asyncio.as_completed(made.values()):
                finding = await done
                self.found[finding.name] = finding
                yield finding
            self.finished_at = utc_now()
        finally:
            for task in made.values():
                task.cancel()
            threads.shutdown(wait=False, cancel_futures=True)

    def report(self) -> list[Finding]:
        """What was found last, in order."""
        return [self.found[link.name] for link in LINKS if link.name in self.found]

    async def _make(self, link: Link, after: list[asyncio.Task[Finding]], threads: Executor) -> Finding:
        began = time.monotonic()
        missing = [finding for finding in [await task for task in after] if not self._allows(finding)]
        finding = _without(missing[0]) if missing else await self._looked(link, threads)
        took = round((time.monotonic() - began) * 1000)
        return replace(finding, name=link.name, title=link.title, milliseconds=took)

    def _allows(self, finding: Finding) -> bool:
        if finding.name == 'settings':  # faults stop a start, but what can be read can be checked
            return self.case.settings is not None
        return finding.state in (State.GOOD, State.WARN)

    async def _looked(self, link: Link, threads: Executor) -> Finding:
        try:
            looking = asyncio.get_running_loop().run_in_executor(threads, link.look, self.case)
            return await asyncio.wait_for(looking, PATIENCE)
        except TimeoutError:
            return bad(
                f'{PATIENCE:.0f} 秒内没有结果', where=places.SERVER, step='稍后再检查；一直这样请看服务器的网络和负载'
            )
        except Exception as fault:  # one check that breaks must not hide what the others found
            log.exception('the look at %s broke', link.name)
            return bad(f'检查时程序出错 ({type(fault).__name__})', where=places.SERVER, step='请把日志交给技术人员')


def _without(missing: Finding) -> Finding:
    if missing.state is State.NOT_USED:
        told = missing.cause.startswith(UNLOOKED)
        return not_used(missing.cause if told else f'{UNLOOKED}，原因见“{missing.title}”')
    return not_used(f'{UNLOOKED}，先解决“{missing.title}”')
