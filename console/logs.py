"""Log lines: one a thing that happened, safe to keep. Secrets and line breaks never get through."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

_SECRET = re.compile(
    r'(?i)\b(access_token|corpsecret|secret|code|key|token|password|ticket|authorization|msg_signature|client_id)'
    r'(["\']?\s*[=:]\s*["\']?)(?:Bearer\s+)?([^\s&"\',}]+)'
)
QUIET = ('httpx', 'httpx2', 'httpcore', 'openai', 'urllib3', 'jieba', 'uvicorn.access', 'uvicorn.error', 'alembic')
"""Libraries that tell more than anyone wants to know; what goes wrong in them is still told."""

_CONTROL = re.compile(r'[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]')


def set_up(level: str, form: str) -> None:
    """`form` 'json' for machines, 'text' for a terminal."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == 'json' else _Text('%(asctime)s %(levelname)s %(name)s: %(message)s'))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ('uvicorn', 'uvicorn.error'):
        logging.getLogger(name).handlers.clear()


def clean(text: str) -> str:
    """`text` on one line and without the values of secrets."""
    return _CONTROL.sub(lambda found: repr(found.group())[1:-1], _SECRET.sub(r'\1\2***', text))


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).split('\n')
        return '\n    '.join(clean(line) for line in lines)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        record.message = record.message.replace('\r', '\\r').replace('\n', '\\n')
        return super().formatMessage(record)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            'at': datetime.fromtimestamp(record.created, UTC).isoformat(timespec='milliseconds'),
            'level': record.levelname,
            'logger': record.name,
            'message': clean(record.getMessage()),
        }
        if record.exc_info:
            line['trace'] = clean(self.formatException(record.exc_info).replace('\n', ' | '))
        return json.dumps(line, ensure_ascii=False)
