"""The command line, and the server that the console runs in. What it is made of: `console/assembly.py`."""

import argparse
import asyncio
import gc
import getpass
import json
import os
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

from console import config
from console.config import Settings
from console.errors import ConsoleError

if TYPE_CHECKING:
    from fastapi import FastAPI


VERSION = '0.1.0'
ASSETS = Path(__file__).parent / 'assets'
THREADS = 32
"""Which wait for WeCom and the disk: more than all workers take at once."""
STOP_SECONDS = 24.0
"""After this long a stop is over, whatever still hangs; process managers send SIGKILL after 30."""


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
    from console import database, parts
    from console.assembly import assemble
    from console.workers import take_over

    assembled = assemble(settings, version=VERSION)
    parts.put(assembled)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        database.current().loop = asyncio.get_running_loop()
        # Else there are as few as processors: files on a slow line would keep replies and messages waiting.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix='outside'))
        async with AsyncExitStack() as ending:
            if assembled.sandbox is not None:
                ending.callback(assembled.sandbox.stop)
            ending.push_async_callback(assembled.writer.close)
            await database.if_alone(take_over)
            await ending.enter_async_context(database.listening())
            await ending.enter_async_context(assembled.workers.running())
            gc.freeze()
            gc.set_threshold(20_000, 20, 50)
            yield

    server = FastAPI(title='EduDesk', version=VERSION, lifespan=lifespan, openapi_url=None)
    server.state.metrics_token = settings.metrics_token.get_secret_value()
    for router in (health.router, oauth.router, media.router):
        server.include_router(router)
    domain_file.mount(server, settings.data_dir / 'verify')
    api_v1.mount(server)
    pages.mount(server)
    server.mount('/assets', StaticFiles(directory=ASSETS))
    server.add_middleware(
        Door,
        base_url=settings.base_url,
        cookie=assembled.cookie,
        other_cookies=(assembled.visitor_cookie,),
    )
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
    from sqlalchemy.orm import Session

    from console import sign_in, staff
    from models import Role, Staff

    password = options.password or getpass.getpass('Password (at least 12 characters): ')
    username = staff.checked_username(options.username)
    hashed = sign_in.hash_password_now(staff.checked_password(password, username=username))
    db = _open(settings)

    def make_or_reset(session: Session) -> str:
        member = session.scalar(select(Staff).where(Staff.username == username))
        if member is None:
            staff.create(
                session,
                username=username,
                name=options.name or username,
                role=Role(options.role or Role.ADMIN),
                password_hash=hashed,
                by=None,
            )
            return 'created'
        staff.set_password(session, member.id, hashed, by=None)
        member.active = True
        if options.role:
            member.role = Role(options.role)
        return 'reset'

    print(f'{username}: {db.transact(make_or_reset)}')
    return 0


def backup(settings: Settings, options: argparse.Namespace) -> int:
    from console import backups, engines

    engine = engines.reading_engine(settings.database)
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

    from console import assembly, dossiers, engines, evaluator, knowledge

    dossiers.school = settings.school_name
    knowledge.open_shelf(settings.data_dir / 'dictionary')
    engine = engines.reading_engine(settings.database)
    tried = []
    with Session(engine) as session:
        writer = assembly.writer(settings)
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
    from console import crypto, logs, media_shelf

    logs.set_up(settings.log_level, settings.log_format or ('json' if settings.production else 'text'))
    crypto.use_keys(settings.field_encryption_keys.get_secret_value())
    media_shelf.open_folder(settings.data_dir / 'media')


def _open(settings: Settings):
    from console import database, migrations

    db = database.open_database(settings.database, connections=settings.database_connections)
    migrations.upgrade(db.engine)
    return db


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
