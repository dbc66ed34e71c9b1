"""The console as a process: it starts, survives being killed, stops when asked, and logs no error on the way."""

import sys
from pathlib import Path

import pytest

from tests.server import ConsoleServer, ServerFailedError

LOGS_AN_ERROR = """
import http.server, os, signal, sys
print('12:00 ERROR console: It broke.', '    Traceback (most recent call last):', sep='\\n', flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer((os.environ['HOST'], int(os.environ['PORT'])), Handler).serve_forever()
"""


def test_a_killed_console_starts_again_on_its_data():
    with ConsoleServer() as console:
        before = {path.name for path in console.data.iterdir()}
        console.kill()
        assert not console.ready()

        console.restart()

        assert console.ready()
        assert before <= {path.name for path in console.data.iterdir()}


def test_a_console_that_cannot_start_says_why_at_once():
    with pytest.raises(ServerFailedError, match='DATABASE_URL'):
        ConsoleServer({'DATABASE_URL': 'mysql://127.0.0.1/edudesk'}).__enter__()


def test_a_logged_error_fails_the_test_that_did_not_expect_it(tmp_path: Path):
    script = tmp_path / 'console.py'
    script.write_text(LOGS_AN_ERROR)

    with pytest.raises(AssertionError, match='It broke'), ConsoleServer(command=(sys.executable, script)):
        pass
    with ConsoleServer(command=(sys.executable, script), allowed_errors=['It broke']) as console:
        assert console.terminate() == 0
    assert not console.directory.exists()
