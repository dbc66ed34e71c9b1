"""The index of what was said, for the search; it fills itself."""

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

# The words go with their message, whoever deletes it: PostgreSQL does so by the foreign key, SQLite's full-text tables
# know none.
SQLITE = (
    'CREATE VIRTUAL TABLE message_search USING fts5(grams, tokenize = ascii, detail = none, columnsize = 0)',
    'CREATE TRIGGER message_search_forgets AFTER DELETE ON message BEGIN '
    'DELETE FROM message_search WHERE rowid = old.id; END',
)
POSTGRESQL = (
    'CREATE TABLE message_search ('
    'message_id INTEGER CONSTRAINT pk_message_search PRIMARY KEY '
    'CONSTRAINT fk_message_search_message_id REFERENCES message (id) ON DELETE CASCADE, '
    'grams TSVECTOR NOT NULL)',
    'CREATE INDEX ix_message_search_grams ON message_search USING gin (grams)',
)


def upgrade() -> None:
    for statement in SQLITE if op.get_bind().dialect.name == 'sqlite' else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.execute('DROP TRIGGER message_search_forgets')
    op.execute('DROP TABLE message_search')
