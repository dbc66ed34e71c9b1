"""A database of an earlier version is brought up to date with everything in it."""

from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import Engine, text

from console import migrations
from console.database import Database

EARLIER = '0001'


@pytest.fixture
def earlier(db: Database) -> Engine:
    """A database of version 0001 that holds one chat."""
    engine = db.engine
    config = migrations.configuration()
    with engine.connect() as connection:
        config.attributes['connection'] = connection
        command.downgrade(config, EARLIER)
        connection.commit()
    now = datetime(2026, 11, 1, tzinfo=UTC).isoformat(sep=' ')
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO contact (id, channel, external_userid, created_at) VALUES (7, 'app', 'wang', :now)",
            ),
            {'now': now},
        )
        connection.execute(
            text(
                'INSERT INTO conversation (id, contact_id, channel, status, taken_over, unread, last_seq, '
                'last_inbound_seq, last_outbound_seq, last_message_at, last_message_text) '
                "VALUES (9, 7, 'app', 'open', false, 0, 1, 1, 0, :now, '你好')"
            ),
            {'now': now},
        )
    return engine


def test_what_points_to_a_rebuilt_table_is_still_there(earlier: Engine) -> None:
    assert migrations.upgrade(earlier)

    with earlier.connect() as connection:
        row = connection.execute(
            text('SELECT c.id, c.sent_since, p.account FROM conversation c JOIN contact p ON p.id = c.contact_id')
        ).one()
    assert tuple(row) == (9, 0, '')


def test_one_customer_may_write_to_two_accounts_of_ours(earlier: Engine) -> None:
    migrations.upgrade(earlier)

    with earlier.begin() as connection:
        connection.execute(
            text(
                'INSERT INTO contact (id, channel, account, external_userid, created_at) '
                "VALUES (8, 'app', 'wkfront', 'wang', '2026-11-01')"
            )
        )


def test_a_draft_that_waits_is_in_the_queue_as_soon_as_the_queue_knows_urgency(earlier: Engine) -> None:
    with earlier.begin() as connection:
        connection.execute(
            text(
                'INSERT INTO draft (id, conversation_id, channel, version, status, basis_seq, customer_message, '
                'content, original_content, writer, needs_human, sources, checks, created_at) '
                "VALUES (3, 9, 'app', 1, 'pending', 1, '你好', '您好', '您好', '人工', false, '[]', '[]', '2026-11-01')"
            )
        )

    migrations.upgrade(earlier)

    with earlier.connect() as connection:
        review_by, risk = connection.execute(
            text('SELECT c.review_by, d.risk FROM conversation c JOIN draft d ON d.conversation_id = c.id')
        ).one()
    assert (review_by is not None, risk) == (True, 'none')
