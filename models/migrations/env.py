"""Runs the migrations on the connection the caller gives. See console/migrations.py."""

from alembic import context
from sqlalchemy import create_engine

from models import Table

connection = context.config.attributes.get('connection')
if connection is None:
    connection = create_engine(context.config.get_main_option('sqlalchemy.url') or 'sqlite://').connect()

context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
