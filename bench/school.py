"""A school of any size in a database, written in bulk: what a console holds after years."""

import io
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Engine

from console.search_words import grams

PHRASES = """
老师您好 请问 孩子 周六 的课 可以 改到 下周 吗 学费 是 多少 数学 英语 钢琴 画画 试听 报名 今天 发烧 请假
一次 什么时候 开课 校区 在哪里 发票 退费 续费 优惠 作业 没交 成绩 进步 很大 谢谢老师 好的 收到 明天 下午
三点 接孩子 停车 方便 课时 还剩 几节 王老师 李老师 寒假班 暑假班 一对一 小班课 补课 调课 教材 多少钱 分期
付款 考级 比赛 舞蹈 书法 编程
"""
SURNAMES, GIVEN = '王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗', '梦瑶子轩欣怡浩然雨桐思远佳宁一诺宇航诗涵'
TEXTS = 40_000
"""Different messages; after that they repeat."""

ANSWER = '您好，可以的。'
RARE, COMMON = '大提琴', '老师'


@dataclass(frozen=True)
class Size:
    messages: int
    conversations: int = 10_000
    longest: int = 5_000
    """Messages of the conversation with id 1, if there are that many."""


def fill(engine: Engine, size: Size) -> None:
    """Messages, conversations each with a draft that waits, students and guardians, and the index of it all."""
    chance = random.Random(1)
    now = datetime.now(UTC)
    texts = list(_texts(chance))
    people = range(1, size.conversations + 1)
    names = [chance.choice(SURNAMES) + ''.join(chance.sample(GIVEN, 2)) for _ in people]
    columns = ('id', 'name', 'stage', 'tags', 'school', 'version', 'created_at', 'updated_at')
    rows = ((id_, names[id_ - 1], '已报名', '[]', f'第{id_ % 30}小学', 1, now, now) for id_ in people)
    _write(engine, 'student', columns, rows)
    _write(engine, 'guardian', ('id', 'name'), ((id_, f'{chance.choice(SURNAMES)}女士') for id_ in people))
    _write(engine, 'student_guardian', ('student_id', 'guardian_id', 'kinship', 'position'), (
        (id_, id_, '妈妈', 0) for id_ in people
    ))  # fmt: skip
    columns = ('id', 'channel', 'account', 'external_userid', 'student_id', 'guardian_id', 'created_at')
    _write(engine, 'contact', columns, ((id_, 'app', '', f'parent{id_}', id_, id_, now) for id_ in people))

    said = list(_said(chance, size, len(texts)))
    counts = [0] * (size.conversations + 1)
    last = [''] * (size.conversations + 1)
    for conversation_id, number in said:
        counts[conversation_id] += 1
        last[conversation_id] = texts[number]
    columns = (
        'id', 'contact_id', 'channel', 'status', 'taken_over', 'waiting_since', 'unread', 'last_seq',
        'last_inbound_seq', 'last_outbound_seq', 'last_message_at', 'last_message_text', 'sent_since', 'review_by',
    )  # fmt: skip
    _write(engine, 'conversation', columns, (
        (
            id_, id_, 'app', 'waiting', False, since, 1, counts[id_], counts[id_], max(0, counts[id_] - 1), since,
            last[id_], 0, since + timedelta(minutes=chance.randrange(600)),
        )
        for id_ in people
        for since in [now - timedelta(seconds=id_)]
    ))  # fmt: skip
    columns = (
        'id', 'conversation_id', 'channel', 'version', 'status', 'basis_seq', 'customer_message', 'content',
        'original_content', 'writer', 'needs_human', 'sources', 'checks', 'risk', 'created_at',
    )  # fmt: skip
    _write(engine, 'draft', columns, (
        (
            id_, id_, 'app', 1, 'pending', counts[id_], last[id_], ANSWER, ANSWER, '本地知识库', False,
            '[]', '[]', 'none', now,
        )
        for id_ in people
    ))  # fmt: skip
    _write(engine, 'message', (
        'id', 'conversation_id', 'seq', 'direction', 'author', 'kind', 'text', 'fields', 'sent_at', 'created_at',
    ), _messages(said, texts, size, now))  # fmt: skip
    _index(engine, said, texts)
    _settle(engine)


def _texts(chance: random.Random) -> Iterator[str]:
    phrases = PHRASES.split()
    signs = [chr(chance.randrange(0x4E00, 0x9FA5)) for _ in range(2500)]
    for number in range(TEXTS):
        said = ''.join(chance.choices(phrases, k=chance.randint(2, 9)))
        said += '，' + ''.join(chance.choices(signs, k=chance.randint(0, 8)))
        yield (RARE if number % 4_000 == 0 else '') + (COMMON if chance.random() < 0.3 else '') + said + '。'


def _said(chance: random.Random, size: Size, texts: int) -> Iterator[tuple[int, int]]:
    """(conversation, number of the text) of each message in the order of time: one for each parent at least."""
    whose = list(range(1, size.conversations + 1))
    whose += [1] * min(size.longest, max(0, size.messages - len(whose)))
    whose += chance.choices(range(2, size.conversations + 1), k=size.messages - len(whose))
    chance.shuffle(whose)
    for conversation_id in whose:
        yield conversation_id, chance.randrange(texts)


def _messages(
    said: Sequence[tuple[int, int]], texts: Sequence[str], size: Size, now: datetime
) -> Iterator[Sequence[Any]]:
    seqs = [0] * (size.conversations + 1)
    begin = now - timedelta(days=900)
    for id_, (conversation_id, number) in enumerate(said, 1):
        seqs[conversation_id] += 1
        at = begin + timedelta(days=900) * (id_ / (len(said) + 1))
        theirs = seqs[conversation_id] % 2 == 1
        yield (
            id_, conversation_id, seqs[conversation_id], 'in' if theirs else 'out', 'parent' if theirs else 'ai',
            'text', texts[number], '{}', at, at,
        )  # fmt: skip


def _index(engine: Engine, said: Sequence[tuple[int, int]], texts: Sequence[str]) -> None:
    words = [grams(one) for one in texts]
    if engine.dialect.name == 'sqlite':
        _write(engine, 'message_search', ('rowid', 'grams'), (
            (id_, ' '.join(words[number])) for id_, (_, number) in enumerate(said, 1)
        ))  # fmt: skip
        return
    with engine.begin() as connection:
        connection.execute(text('DROP INDEX ix_message_search_grams'))
    vectors = [' '.join(f"'{one}'" for one in sorted(set(found))) for found in words]
    rows = ((id_, vectors[number]) for id_, (_, number) in enumerate(said, 1))
    _write(engine, 'message_search', ('message_id', 'grams'), rows)
    with engine.begin() as connection:
        connection.execute(text('SET LOCAL statement_timeout = 0'))
        connection.execute(text('CREATE INDEX ix_message_search_grams ON message_search USING gin (grams)'))


def _settle(engine: Engine) -> None:
    """What a database does by itself in time: it looks at its tables, and goes on counting after what is there."""
    if engine.dialect.name == 'sqlite':
        raw = engine.raw_connection()
        raw.cursor().execute('PRAGMA wal_checkpoint(TRUNCATE)')
        raw.close()
        return
    with engine.connect().execution_options(isolation_level='AUTOCOMMIT') as connection:
        connection.execute(text('SET statement_timeout = 0'))
        connection.execute(text('VACUUM ANALYZE'))
        for table in ('student', 'guardian', 'contact', 'conversation', 'draft', 'message'):
            connection.execute(text(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"))


def _write(engine: Engine, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        if engine.dialect.name == 'sqlite':
            cursor.execute('BEGIN IMMEDIATE')
            marks = ', '.join('?' * len(columns))
            cursor.executemany(
                f'INSERT INTO {table} ({", ".join(columns)}) VALUES ({marks})',
                ([_moment(value) for value in row] for row in rows),
            )
            cursor.execute('COMMIT')
        else:
            cursor.execute('SET LOCAL statement_timeout = 0')
            cursor.copy_expert(f'COPY {table} ({", ".join(columns)}) FROM STDIN', _Lines(rows))
            raw.commit()
    finally:
        raw.close()


def _moment(value: Any) -> Any:
    """As SQLAlchemy keeps moments in SQLite."""
    return value.strftime('%Y-%m-%d %H:%M:%S.%f') if isinstance(value, datetime) else value


class _Lines(io.TextIOBase):
    """Rows as COPY reads them."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._rows = iter(rows)

    def read(self, _size: int | None = -1) -> str:
        lines = []
        for row in self._rows:
            lines.append('\t'.join(_copied(value) for value in row) + '\n')
            if len(lines) == 2_000:
                break
        return ''.join(lines)


def _copied(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value)
    return str(value).replace('\\', '\\\\').replace('\t', ' ').replace('\n', '\\n')
