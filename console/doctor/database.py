"""Whether the database answers, takes a write, and has the tables this program knows. Leaves nothing behind."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from console import demo, migrations
from console.doctor import places
from console.doctor.case import Case
from console.doctor.finding import Finding, bad, good, warn
from console.engines import reading_engine

SOUND_SQLITE = (3, 51, 3)
"""Older ones may lose pages when two connections write at once (sqlite.org/wal.html); here only one ever writes."""
START = 'python run.py'


def database(case: Case) -> Finding:
    url = make_url(case.ready.database)
    path = Path(url.database or '') if url.get_backend_name() == 'sqlite' else None
    if path is not None and not path.exists():
        return warn(f'还没有数据库文件 {path.name}', where=places.SERVER, step=f'第一次启动 ({START}) 时会自动建立')
    engine = reading_engine(case.ready.database)
    try:
        return _tables(case, engine) or _writing(engine, path) or _well(engine, path)
    except (SQLAlchemyError, sqlite3.Error, OSError) as fault:
        return _silent(fault)
    finally:
        engine.dispose()


def _tables(case: Case, engine: Engine) -> Finding | None:
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(migrations.configuration())
    known = {script.revision for script in scripts.walk_revisions()}
    if current is not None and current not in known:
        return bad(
            f'数据库版本是 {current}，比这个程序新',
            where=places.SERVER,
            step='换回较新的程序再启动，或恢复升级前的备份',
        )
    if current != scripts.get_current_head():
        return warn('数据库的表还不是最新的', where=places.SERVER, step=f'重新启动 ({START})，会自动升级；升级前先备份')
    if case.ready.production:
        with Session(engine) as session:
            if demo.present(session):
                return bad(
                    '正式环境的数据库里有演示账号，控制台会拒绝启动',
                    where=places.SETTINGS,
                    step='给正式环境换一个新的 DATABASE_URL 或 DATA_DIR',
                )
    return None


def _writing(engine: Engine, path: Path | None) -> Finding | None:
    """Take a write and roll it back."""
    if path is None:
        with engine.connect() as connection:
            if connection.scalar(text('SHOW transaction_read_only')) == 'on':
                return bad(
                    'PostgreSQL 只允许读取，可能连到了备库',
                    where=places.SETTINGS,
                    step='把 DATABASE_URL 改为主库的地址',
                )
            connection.execute(text('UPDATE alembic_version SET version_num = version_num'))
            connection.rollback()
        return None
    file = f'{path.resolve().as_uri()}?mode=rw'
    with closing(sqlite3.connect(file, uri=True, timeout=5, isolation_level=None)) as opened:
        opened.execute('BEGIN IMMEDIATE')
        opened.execute('UPDATE alembic_version SET version_num = version_num')
        opened.execute('ROLLBACK')
    return None


def _well(engine: Engine, path: Path | None) -> Finding:
    if path is None:
        with engine.connect() as connection:
            return good(f'PostgreSQL {connection.scalar(text("SHOW server_version"))}，可以读写，表是最新的')
    note = f'SQLite {sqlite3.sqlite_version}，可以读写，表是最新的'
    if sqlite3.sqlite_version_info < SOUND_SQLITE:
        note += '。这个版本在多个程序同时写入时可能损坏文件；本系统只有一个写入者，不受影响，请不要用别的程序改它'
    return good(note)


SAYINGS = (
    (('readonly', 'unable to open', 'permission'), '不能写入数据库文件', places.SERVER,
     '让运行控制台的用户可以读写 DATA_DIR 和里面的文件，磁盘不能是只读的'),
    (('locked',), '数据库文件一直被占用', places.SERVER, '停止其他打开这个文件的程序'),
    (('malformed', 'not a database'), '数据库文件已经损坏', places.SERVER,
     '停止控制台，保留这个文件，用 python run.py restore 恢复最近的备份'),
    (('password', 'authentication'), 'PostgreSQL 拒绝了用户名或密码', places.SETTINGS,
     '核对 DATABASE_URL 里的用户名和密码'),
    (('does not exist',), 'PostgreSQL 里没有这个数据库', places.SETTINGS, '先建立它，或核对 DATABASE_URL 里的名称'),
    (('connect', 'translate host', 'timeout'), 'PostgreSQL 没有应答', places.SERVER,
     '确认它在运行，并核对 DATABASE_URL 里的地址和端口'),
)  # fmt: skip
"""What the drivers say, and what it means."""


def _silent(fault: Exception) -> Finding:
    said = str(getattr(fault, 'orig', None) or fault).lower()
    for words, cause, where, step in SAYINGS:
        if any(word in said for word in words):
            return bad(cause, where=where, step=step)
    return bad(f'数据库出错 ({type(fault).__name__})', where=places.SERVER, step='查看日志，必要时恢复最近的备份')
