"""Puts the console together and runs it. The only module that reads the settings and knows every part."""

import argparse
import asyncio
import gc
import getpass
import json
import logging
import os
import secrets
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

from console import config
from console.config import Misconfigured, Settings
from console.errors import ConsoleError, Invalid

if TYPE_CHECKING:
    from fastapi import FastAPI

    from console.channels import Channels
    from console.customers import Customers
    from console.doctor import Doctor
    from console.sandbox import Sandbox
    from console.watch import Trouble
    from console.wecom_sign_in import WeComEntrance
    from console.workers import Workers
    from console.writing.context import Writer

VERSION = '0.1.0'
ASSETS = Path(__file__).parent / 'assets'
THREADS = 32
"""Which wait for WeCom and the disk: more than all workers take at once."""
STOP_SECONDS = 24.0
"""After this long a stop is over, whatever still hangs; process managers send SIGKILL after 30."""

log = logging.getLogger('run')


def main(arguments: list[str] | None = None) -> int:
    """The command line. Exit status 0: well; 1: refused, with the reason; 3: the database is in use."""
    options = _command_line().parse_args(arguments)
    os.umask(0o077)
    if options.run is doctor:
        return doctor(options)  # also, and above all, when the settings are wrong
    try:
        settings = config.load()
        _prepare(settings)
        return int(options.run(settings, options) or 0)
    except ConsoleError as refusal:
        print(refusal, file=sys.stderr)
        return 3 if type(refusal).__name__ == 'DatabaseInUse' else 1


def build(settings: Settings) -> 'FastAPI':
    """Pages, API and workers on an open, migrated database, the sandbox among them if there is to be one."""
    from fastapi import FastAPI
    from fastapi.staticfiles import StaticFiles
    from nicegui import ui

    import pages
    from callbacks import api_v1, domain_file, health, media, oauth
    from callbacks.door import Door
    from console import crash_points, database, dossiers, knowledge, parts, players, sign_in, staff
    from console import demo as demo_school
    from console.simulation import Simulation
    from console.workers import take_over
    from console.writing.troubles import TroubledWriter

    crash_points.arm(settings.crash_point)
    dossiers.school = settings.school_name
    knowledge.open_shelf(settings.data_dir / 'dictionary')
    sandbox = _sandbox(settings) if settings.simulates or not settings.has_wecom else None
    demo = not settings.production and not settings.has_wecom
    staff.open_simulation = not settings.production
    channels = _channels(settings, sandbox)
    writer = _writer(settings)
    troubled = TroubledWriter(writer) if demo and sandbox is not None else None
    writer = troubled or writer
    customers = _customers(channels)
    workers = _workers(settings, channels, writer, customers)
    assembled = parts.Parts(
        version=VERSION,
        school=settings.school_name,
        base_url=settings.base_url,
        production=settings.production,
        demo=demo,
        undo=settings.undo_period,
        channels=channels,
        customers=customers,
        tokens=sign_in.Tokens(settings.jwt_secret_key.get_secret_value()),
        entrance=_entrance(settings, channels, sandbox),
        writer=writer,
        workers=workers,
        doctor=_doctor(settings, sandbox, workers),
        sandbox=sandbox if settings.simulates else None,
        simulation=Simulation(sandbox, troubled) if sandbox is not None and settings.simulates else None,
        setup_code=_first_staff(settings, demo=demo),
    )
    parts.put(assembled)
    database.current().read(knowledge.search, '课程')
    if sandbox is not None:
        for colleague in database.current().read(demo_school.colleagues) if demo else []:
            sandbox.ensure_member(colleague.wecom_userid, f'{colleague.name} · 员工')
        for player in database.current().read(players.everyone):
            sandbox.ensure_member(player.userid, player.title)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        database.current().loop = asyncio.get_running_loop()
        # Else there are as few as processors: files on a slow line would keep replies and messages waiting.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix='outside'))
        await database.if_alone(take_over)
        async with database.listening(), workers.running():
            gc.freeze()
            gc.set_threshold(20_000, 20, 50)
            yield
        await writer.close()
        if sandbox is not None:
            sandbox.stop()

    server = FastAPI(title='EduDesk', version=VERSION, lifespan=lifespan, openapi_url=None)
    server.state.metrics_token = settings.metrics_token.get_secret_value()
    for router in (health.router, oauth.router, media.router):
        server.include_router(router)
    domain_file.mount(server, settings.data_dir / 'verify')
    api_v1.mount(server)
    pages.mount(server)
    server.mount('/assets', StaticFiles(directory=ASSETS))
    server.add_middleware(Door, base_url=settings.base_url, cookie=assembled.cookie)
    ui.run_with(
        server, title='EduDesk', language='zh-CN', reconnect_timeout=15, tailwind=False, show_welcome_message=False
    )
    return server


def serve(settings: Settings, _options: argparse.Namespace) -> int:
    import uvicorn

    from callbacks.wechat import Callback
    from console import database
    from console.parts import parts

    _open(settings)
    sys.setswitchinterval(0.0005)  # the loop must not wait 5 ms for every busy thread
    server = build(settings)
    _greet(settings)
    config = uvicorn.Config(
        Callback(server, parts().channels.apps),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=5,
        ws_max_size=1_000_000,
    )

    class Serving(uvicorn.Server):
        """Stops in good order at the first SIGTERM or Ctrl-C, and at once at the second."""

        def handle_exit(self, sig: int, frame: object) -> None:
            if self.should_exit:
                os._exit(128 + sig)
            self.should_exit = True
            # Threads that wait for WeCom cannot be cut short; what they do is under a lease and done again.
            watchdog = Timer(STOP_SECONDS, os._exit, (0,))
            watchdog.daemon = True
            watchdog.start()

    serving = Serving(config)
    serving.run()
    database.close_database()
    return 0 if serving.started else 1


def create_staff(settings: Settings, options: argparse.Namespace) -> int:
    from sqlalchemy import select

    from console import sign_in, staff
    from models import Role, Staff

    password = options.password or getpass.getpass('Password (at least 12 characters): ')
    username = staff.checked_username(options.username)
    hashed = sign_in.hash_password_now(staff.checked_password(password, username=username))
    db = _open(settings)

    def make_or_reset(session: 'object') -> str:
        member = session.scalar(select(Staff).where(Staff.username == username))  # type: ignore[attr-defined]
        if member is None:
            staff.create(
                session,  # type: ignore[arg-type]
                username=username,
                name=options.name or username,
                role=Role(options.role or Role.ADMIN),
                password_hash=hashed,
                by=None,
            )
            return 'created'
        staff.set_password(session, member.id, hashed, by=None)  # type: ignore[arg-type]
        member.active = True
        if options.role:
            member.role = Role(options.role)
        return 'reset'

    print(f'{username}: {db.transact(make_or_reset)}')  # type: ignore[arg-type]
    return 0


def backup(settings: Settings, options: argparse.Namespace) -> int:
    from console import backups, database

    engine = database.reading_engine(settings.database)
    rows = backups.write(engine, options.path)
    engine.dispose()
    print(f'{options.path}: {sum(rows.values())} rows of {len(rows)} tables')
    return 0


def restore(settings: Settings, options: argparse.Namespace) -> int:
    from console import backups

    db = _open(settings)
    rows = backups.restore(db.engine, options.path, force=options.force)
    print(f'{sum(rows.values())} rows of {len(rows)} tables restored')
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Look at everything, change nothing. Exit status 0 only when nothing is broken."""
    settings, faults = config.look()
    folder = settings.data_dir if settings else Path('data')
    os.environ['NICEGUI_STORAGE_PATH'] = str(folder.resolve() / 'nicegui')
    from console import doctor, logs
    from console.doctor import report
    from models import utc_now

    logs.set_up('CRITICAL', 'text')
    sys.stdout.reconfigure(errors='replace')  # type: ignore[union-attr]  # not every terminal has every sign
    examined = doctor.Doctor(doctor.Case.of(settings, faults=tuple(faults)))

    async def examine() -> None:
        async for _ in examined.examine(tell_robot=options.robot):
            pass

    asyncio.run(examine())
    found, at = examined.report(), utc_now()
    if options.json:
        print(json.dumps(report.as_json(found, at, VERSION), ensure_ascii=False, indent=2))
    else:
        print(report.as_text(found, at, VERSION))
    return 0 if report.is_well(found) else 1


def evaluate(settings: Settings, options: argparse.Namespace) -> int:
    """Try the kept questions and change nothing, also while the console runs. Exit status 1 if any got worse."""
    from sqlalchemy.orm import Session

    from console import database, dossiers, evaluator, knowledge

    dossiers.school = settings.school_name
    knowledge.open_shelf(settings.data_dir / 'dictionary')
    engine = database.reading_engine(settings.database)
    tried = []
    with Session(engine) as session:
        writer = _writer(settings)
        for trial in evaluator.trials(session, writer, prompt=options.prompt, against=options.against):
            tried.append(trial)
            print(
                f'{evaluator.SIGNS[trial.change]} {"通过  " if trial.after.passed else "不通过"} {trial.case.question}'
            )
            for fault in trial.after.faults:
                print(f'{"":12} {fault}')
    engine.dispose()
    print(evaluator.summary(tried))
    return int(any(trial.change < 0 for trial in tried))


def run_sandbox(settings: Settings, options: argparse.Namespace) -> int:
    from console.sandbox import serve_forever

    callback_url = f'{settings.base_url}/api/v1/wechat/message'
    serve_forever(settings.data_dir, port=options.port, callback_url=callback_url)
    return 0


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='run.py', description='EduDesk, the staff console for WeCom.')
    parser.set_defaults(run=serve)
    commands = parser.add_subparsers(title='commands')
    commands.add_parser('serve', help='start the server (also without a command)').set_defaults(run=serve)
    make = commands.add_parser('create-staff', help='make or reset a staff account')
    make.add_argument('username')
    make.add_argument('--name')
    make.add_argument('--role', choices=['agent', 'supervisor', 'tester', 'admin'])
    make.add_argument('--password', help='asked for if not given; a command line is visible to other users')
    make.set_defaults(run=create_staff)
    check = commands.add_parser('doctor', help='check the whole chain and say in Chinese what to mend')
    check.add_argument('--json', action='store_true', help='for programs')
    check.add_argument('--robot', action='store_true', help='also send a test message to the alert robot')
    check.set_defaults(run=doctor)
    trial = commands.add_parser('evaluate', help='try the kept test questions; status 1 if something got worse')
    trial.add_argument('--prompt', metavar='NAME', help='the version of the rules to try; the current one if not given')
    trial.add_argument(
        '--against', metavar='NAME', help='the version to compare with, answered anew; else the last run'
    )
    trial.set_defaults(run=evaluate)
    save = commands.add_parser('backup', help='write a consistent copy, also while the console runs')
    save.add_argument('path', type=Path)
    save.set_defaults(run=backup)
    back = commands.add_parser('restore', help='fill the database from a backup')
    back.add_argument('path', type=Path)
    back.add_argument('--force', action='store_true', help='replace what is there')
    back.set_defaults(run=restore)
    alone = commands.add_parser('sandbox', help='start the sandbox WeCom alone')
    alone.add_argument('--port', type=int, default=5001)
    alone.set_defaults(run=run_sandbox)
    return parser


def _prepare(settings: Settings) -> None:
    """What must be in place before NiceGUI and the services are imported."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ['NICEGUI_STORAGE_PATH'] = str(settings.data_dir.resolve() / 'nicegui')
    from console import crypto, logs, media_shelf, rosters

    logs.set_up(settings.log_level, settings.log_format or ('json' if settings.production else 'text'))
    crypto.use_keys(settings.field_encryption_keys.get_secret_value())
    media_shelf.open_folder(settings.data_dir / 'media')
    rosters.watch_promises(settings.data_dir / 'promises.txt')


def _open(settings: Settings):
    from console import database, migrations

    db = database.open_database(settings.database, connections=settings.database_connections)
    migrations.upgrade(db.engine)
    return db


def _sandbox(settings: Settings) -> 'Sandbox':
    from dataclasses import asdict

    from console.sandbox import Sandbox, invent_credentials

    credentials = invent_credentials(settings.data_dir / 'sandbox.json')
    host = '127.0.0.1' if settings.host in ('0.0.0.0', '::', '') else settings.host  # noqa: S104  compared, not bound
    sandbox = Sandbox(
        settings.data_dir / 'sandbox.sqlite3',
        **asdict(credentials),
        callback_url=f'http://{host}:{settings.port}/api/v1/wechat/message',
    )
    sandbox.start()
    return sandbox


def _channels(settings: Settings, sandbox: 'Sandbox | None') -> 'Channels':
    from console.channels import Channels, WeComApp
    from console.wecom.client import WeComClient
    from console.wecom.contacts import CustomerContacts
    from console.wecom.crypto import CallbackCrypto
    from console.wecom.kf import KfClient
    from console.wecom_secrets import DatabaseVault
    from models import Channel

    apps = []
    if settings.has_wecom:
        real = settings.wecom_credentials()
        apps.append(
            WeComApp(
                channel=Channel.APP,
                crypto=CallbackCrypto(real['WECHAT_TOKEN'], real['WECHAT_ENCODING_AES_KEY'], real['WECHAT_CORP_ID']),
                client=WeComClient(
                    real['WECHAT_CORP_ID'],
                    int(real['WECHAT_AGENT_ID']),
                    real['WECHAT_SECRET'],
                    settings.wechat_api_base_url,
                    vault=DatabaseVault(),
                ),
            )
        )
    if sandbox is not None:
        given = sandbox.credentials
        apps.append(
            WeComApp(
                channel=Channel.SIMULATE,
                crypto=CallbackCrypto(given.token, given.encoding_aes_key, given.corp_id),
                client=WeComClient(
                    given.corp_id, given.agent_id, given.secret, sandbox.api_base_url, vault=DatabaseVault()
                ),
            )
        )
    own = apps[0].client  # the real one, where there is one
    return Channels(apps, kf=KfClient(own), customers=CustomerContacts(own))


def _customers(channels: 'Channels') -> 'Customers':
    """Those of the real company, where there is one: its events alone change anything but chats."""
    from console import company
    from console.customers import Customers
    from console.wecom.contacts import CustomerContacts

    own = channels.apps[0]
    company.corp_id = own.corp_id
    return Customers(CustomerContacts(own.client))


def _workers(settings: Settings, channels: 'Channels', writer: 'Writer', customers: 'Customers') -> 'Workers':
    from console import approval_presses, auto_answers
    from console.approval_post import ApprovalPost
    from console.turns import Pace
    from console.workers import Workers

    approval_presses.undo = auto_answers.undo = settings.undo_period
    return Workers(
        channels=channels,
        writer=writer,
        pace=Pace(quiet=settings.quiet_period, longest=settings.quiet_period_longest),
        alert_webhook=settings.wechat_alert_webhook.get_secret_value(),
        troubles=_troubles(settings, writer),
        customers=customers,
        approvals=ApprovalPost(channels.apps[0].client, settings.base_url),
    )


def _entrance(settings: Settings, channels: 'Channels', sandbox: 'Sandbox | None') -> 'WeComEntrance':
    """Through the real WeCom where there is one, else through the sandbox's pages."""
    from console.wecom_sign_in import Visitors, WeComEntrance

    authorize_page, scan_page = settings.wechat_oauth_base_url, settings.wechat_login_base_url
    if sandbox is not None and not settings.has_wecom:
        authorize_page, scan_page = sandbox.oauth_base_url, sandbox.login_base_url
    return WeComEntrance(
        client=channels.apps[0].client,
        visitors=Visitors(settings.secret_key.get_secret_value()),
        authorize_page=authorize_page,
        scan_page=scan_page,
        redirect_uri=f'{settings.base_url}/api/v1/wechat/oauth',
    )


def _writer(settings: Settings) -> 'Writer':
    key = settings.deepseek_api_key.get_secret_value()
    if not key:
        from console.writing.local import LocalWriter

        return LocalWriter(settings.data_dir / 'dictionary')
    import openai  # noqa: F401  half a second that must not fall between callbacks

    from console.writing.deepseek import DeepSeekWriter

    return DeepSeekWriter(settings.deepseek_api_url, key, settings.deepseek_model)


def _doctor(settings: Settings, sandbox: 'Sandbox | None', workers: 'Workers') -> 'Doctor':
    from console.doctor import Case, Doctor

    return Doctor(Case.of(settings, sandbox=sandbox, robot_trouble=lambda: workers.announcer.trouble))


def _troubles(settings: Settings, writer: 'Writer') -> 'dict[str, Trouble]':
    """What to watch for besides the workers, by kind of alert."""
    from functools import partial

    from console.doctor.storage import scarce

    troubles: dict[str, Trouble] = {'disk': partial(scarce, settings.data_dir)}
    if breaker := getattr(getattr(writer, 'inner', writer), 'breaker', None):
        words = '大模型连续出错，已暂停调用，草稿会晚到。请在“设置 → 自检”查看原因，期间请人工回复。'
        troubles['model'] = lambda: words if breaker.is_open else None
    return troubles


def _first_staff(settings: Settings, *, demo: bool) -> str | None:
    """Make the first administrator or the demo school; a set-up code if neither is wanted and nobody is there."""
    from console import database, sign_in, staff
    from console import demo as school
    from models import Role

    db = database.current()
    if settings.production and db.read(school.present):
        raise Misconfigured('APP_ENV: this database holds demo accounts; production needs a database of its own.')
    if settings.admin_username and db.read(staff.count) == 0:
        given = settings.admin_password.get_secret_value()
        try:
            username = staff.checked_username(settings.admin_username)
            password = staff.checked_password(given, username=username)
        except Invalid as fault:
            if settings.production or fault.field != 'password' or not given:
                raise Misconfigured(f'ADMIN_{(fault.field or "").upper()}: {fault}') from None
            log.warning('ADMIN_PASSWORD: %s Production would refuse it.', fault)
            password = given
        db.transact(
            staff.create,
            username=username,
            name=settings.admin_username,
            role=Role.ADMIN,
            password_hash=sign_in.hash_password_now(password),
            by=None,
        )
    if demo:
        db.transact(school.load)
    return None if db.read(staff.count) else secrets.token_hex(4)


def _greet(settings: Settings) -> None:
    from console.parts import parts

    print(f'\n  EduDesk {VERSION}  {settings.base_url}')
    if parts().demo:
        print('  Demo: the built-in sandbox stands in for WeCom. Sign in with one click on the page.')
    if parts().setup_code:
        print(f'  First start: open {settings.base_url}/setup and enter the code  {parts().setup_code}')
    print('  Stop with Ctrl-C.\n', flush=True)


if __name__ == '__main__':
    raise SystemExit(main())
