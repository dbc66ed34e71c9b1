"""The messages of a time, for the reports and the day's figures."""

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f('ix_message_created_at'), 'message', ['created_at'])


def downgrade() -> None:
    op.drop_index(op.f('ix_message_created_at'), 'message')
