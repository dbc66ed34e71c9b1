import os
import sqlite3
import struct
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.desk import Desk
from tests.postgres import PostgresServer
from tests.server import ROOT, free_port
from tests.warm import WarmConsole, run

STRONG = {
    'APP_ENV': 'production',
    'SECRET_KEY': 'q7Yz0mKx3VtB8nRw2LsD5hGj9PcF4aUe1Zx',
    'JWT_SECRET_KEY': 'w8Lk2nRv6TqC1mZx4PsJ9hDf7GbN3aYe5Uo',
    'FIELD_ENCRYPTION_KEYS': 'e5Rt9yUi3OpA7sDf1GhJ4kLz8XcV2bNm6Qw',
    'WECHAT_CORP_ID': 'ww1436e0e65a779aee',
    'WECHAT_AGENT_ID': '1000002',
    'WECHAT_SECRET': 'secret-of-the-app',
    'WECHAT_TOKEN': 'hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo',
    'WECHAT_ENCODING_AES_KEY': '6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt',
}


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest) -> dict[str, str]:
    if kind == 'sqlite':
        return {}
    server: PostgresServer = request.getfixturevalue('postgres')
    return {'DATABASE_URL': server.create_database(f'cli_{os.urandom(5).hex()}')}


@pytest.mark.parametrize('name', list(STRONG)[1:])
def test_production_names_the_setting_that_is_missing(tmp_path: Path, name: str) -> None:
    done = run(tmp_path, **{key: value for key, value in STRONG.items() if key != name})

    assert done.returncode == 1
    assert name in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('SECRET_KEY', 'changeme'),
        ('JWT_SECRET_KEY', 'a' * 40),
        ('SECRET_KEY', 'dev-secret-key-change-in-production'),
        ('JWT_SECRET_KEY', 'your-jwt-secret-key-of-32-bytes-or-more'),
        ('FIELD_ENCRYPTION_KEYS', 'short'),
        ('ADMIN_PASSWORD', 'admin'),
        ('CRASH_POINT', 'stored'),
        ('DATABASE_URL', 'mysql://x/y'),
        ('WECHAT_ENCODING_AES_KEY', 'too-short'),
        ('PORT', 'eighty'),
        ('APP_ENV', 'staging'),
        ('LOG_LEVEL', 'loud'),
        ('LOG_FORMAT', 'xml'),
        ('PUBLIC_BASE_URL', 'desk.school.cn'),
    ],
)
def test_production_names_the_setting_that_is_weak_or_wrong(tmp_path: Path, name: str, value: str) -> None:
    done = run(tmp_path, **STRONG | {name: value})

    assert done.returncode == 1
    assert name in done.stderr
    assert value not in done.stderr or len(value) < 10
    assert 'Traceback' not in done.stderr


def test_flask_env_is_read_as_app_env(tmp_path: Path) -> None:
    settings = {'PATH': os.environ['PATH'], 'DATA_DIR': str(tmp_path), 'FLASK_ENV': 'production'}
    program = [sys.executable, ROOT / 'run.py']
    done = subprocess.run(program, cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert 'SECRET_KEY: is missing' in done.stderr


def test_the_first_administrators_weak_password_is_refused_by_its_name(tmp_path: Path) -> None:
    done = run(tmp_path, **STRONG | {'ADMIN_USERNAME': 'head.of.school', 'ADMIN_PASSWORD': 'head.of.school'})

    assert done.returncode == 1
    assert 'ADMIN_PASSWORD' in done.stderr
    assert 'Traceback' not in done.stderr


def test_in_development_a_weak_first_password_is_a_warning() -> None:
    with WarmConsole({'ADMIN_USERNAME': 'admin', 'ADMIN_PASSWORD': 'admin123'}) as server:
        Desk.signed_in(server.url, 'admin', 'admin123').close()

        assert 'ADMIN_PASSWORD' in server.log()
        assert 'admin123' not in server.log()


def test_production_refuses_a_database_with_demo_accounts(tmp_path: Path) -> None:
    with WarmConsole() as server:
        done = run(tmp_path, **STRONG | {'DATA_DIR': str(server.data), 'DATABASE_URL': ''})
        assert done.returncode == 3  # held by the running demo
        server.terminate()
        done = run(tmp_path, **STRONG | {'DATA_DIR': str(server.data), 'PORT': str(server.port)})

    assert done.returncode == 1
    assert 'demo' in done.stderr


def test_a_second_process_on_the_same_file_is_refused_and_the_first_lives_on(tmp_path: Path) -> None:
    with WarmConsole() as server:
        done = run(tmp_path, **{'DATA_DIR': str(server.data), 'PORT': '1'})

        assert done.returncode == 3
        assert '正被另一个进程使用' in done.stderr
        assert server.ready()


def test_an_account_is_made_and_reset_from_the_command_line(tmp_path: Path, database: dict[str, str]) -> None:
    first = run(tmp_path, 'create-staff', 'Zhang.San', '--role', 'admin', '--password', 'first password 1', **database)
    again = run(tmp_path, 'create-staff', 'zhang.san', '--password', 'second password 2', **database)

    assert (first.returncode, first.stdout) == (0, 'zhang.san: created\n')
    assert (again.returncode, again.stdout) == (0, 'zhang.san: reset\n')


def test_a_weak_password_is_refused_with_the_rule(tmp_path: Path) -> None:
    done = run(tmp_path, 'create-staff', 'zhang', '--password', 'short')

    assert done.returncode == 1
    assert '12' in done.stderr


def test_a_backup_of_the_running_console_comes_back_whole(tmp_path: Path, database: dict[str, str]) -> None:
    copy = tmp_path / 'backup.zip'
    with WarmConsole(database) as server:
        where = {'DATA_DIR': str(server.data)} | database
        saved = run(tmp_path, 'backup', str(copy), **where)
        desk = Desk.signed_in_to_demo(server.url)
        before = desk.get('/students', {'limit': 100})
        desk.post('/knowledge', status=201, question='后来加的？', answer='备份之后加的。')
        desk.close()
        server.terminate()

        refused = run(tmp_path, 'restore', str(copy), **where)
        restored = run(tmp_path, 'restore', str(copy), '--force', **where)
        server.start()
        desk = Desk.signed_in_to_demo(server.url)
        after = desk.get('/students', {'limit': 100})
        questions = [entry['question'] for entry in desk.get('/knowledge', {'limit': 100})['items']]
        added = desk.post('/knowledge', status=201, question='恢复之后？', answer='编号接着用。')
        desk.close()

    assert (saved.returncode, saved.stderr) == (0, '')
    assert refused.returncode == 1
    assert '--force' in refused.stderr
    assert restored.returncode == 0, restored.stderr
    assert after == before
    assert '后来加的？' not in questions
    assert added['id']


def test_a_damaged_backup_changes_nothing(tmp_path: Path, database: dict[str, str]) -> None:
    damaged = tmp_path / 'damaged.zip'
    with zipfile.ZipFile(damaged, 'w') as archive:
        archive.writestr('manifest.json', '{"format": 1, "schema": "0001", "rows": {}}')

    done = run(tmp_path, 'restore', str(damaged), **database)

    assert done.returncode == 1
    assert '不是可用的备份文件' in done.stderr


def test_a_backup_with_a_flipped_bit_is_refused_in_words(tmp_path: Path) -> None:
    copy = tmp_path / 'backup.zip'
    run(tmp_path, 'create-staff', 'head', '--password', 'first password 1')
    run(tmp_path, 'backup', str(copy))
    with zipfile.ZipFile(copy) as archive:
        at = archive.getinfo('staff.jsonl').header_offset
    content = bytearray(copy.read_bytes())
    name, extra = struct.unpack_from('<HH', content, at + 26)
    content[at + 30 + name + extra] = 0xFF  # no kind of block that there is
    copy.write_bytes(content)

    done = run(tmp_path, 'restore', str(copy), '--force')

    assert done.returncode == 1
    assert '不是可用的备份文件' in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize('manifest', ['[]', '{"format": 1, "schema": "0001"', 'null'])
def test_what_only_looks_like_a_backup_is_refused_in_words(tmp_path: Path, manifest: str) -> None:
    with zipfile.ZipFile(tmp_path / 'other.zip', 'w') as archive:
        archive.writestr('manifest.json', manifest)

    done = run(tmp_path, 'restore', str(tmp_path / 'other.zip'))

    assert done.returncode == 1
    assert '不是可用的备份文件' in done.stderr


def test_every_setting_is_in_the_example() -> None:
    from console.config import Settings

    written = {
        line.lstrip('# ').split('=')[0]
        for line in (ROOT / '.env.example').read_text(encoding='utf-8').splitlines()
        if '=' in line
    }
    assert written == {name.upper() for name in Settings.model_fields} - {'CRASH_POINT'}


def test_the_kept_questions_are_tried_while_the_console_runs(tmp_path: Path) -> None:
    with WarmConsole() as server:
        tried = run(tmp_path, 'evaluate', '--against', 'reply_v1', DATA_DIR=str(server.data))
        unknown = run(tmp_path, 'evaluate', '--prompt', 'nobody', DATA_DIR=str(server.data))

    assert tried.returncode == 0, tried.stderr
    assert '16 个用例，通过 16 个，变好 0 个，变差 0 个。' in tried.stdout
    assert unknown.returncode == 1
    assert '没有找到这个提示词版本' in unknown.stderr


def test_a_start_that_fails_halfway_stops_what_had_begun(tmp_path: Path) -> None:
    run(tmp_path, 'create-staff', 'head', '--password', 'first password 1')
    with closing(sqlite3.connect(tmp_path / 'data' / 'edudesk.sqlite3')) as connection, connection:
        connection.execute('ALTER TABLE approval_card RENAME TO away')

    done = run(tmp_path, HOST='127.0.0.1', PORT=str(free_port()))

    assert done.returncode == 3
    assert 'no such table: approval_card' in done.stdout + done.stderr
    assert (tmp_path / 'data' / 'sandbox.sqlite3').exists()
    assert not (tmp_path / 'data' / 'sandbox.sqlite3-wal').exists(), 'the sandbox did not close its file'
