"""Whether the knowledge changed, told before each search."""

from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f('ix_knowledge_entry_version_updated_at'), 'knowledge_entry', ['version', 'updated_at'])


def downgrade() -> None:
    op.drop_index(op.f('ix_knowledge_entry_version_updated_at'), 'knowledge_entry')
