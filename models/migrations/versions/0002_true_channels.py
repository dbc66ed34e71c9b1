"""微信客服 accounts, media, tags, contact ways, approval cards, sign-in through WeCom, shared tokens."""

import sqlalchemy as sa
from alembic import op

import models.base

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'oauth_state',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('state_hash', sa.String(), nullable=False),
        sa.Column('browser_hash', sa.String(), nullable=False),
        sa.Column('next_path', sa.String(), nullable=False),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column('expires_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_oauth_state')),
        sa.UniqueConstraint('state_hash', name=op.f('uq_oauth_state_state_hash')),
    )
    with op.batch_alter_table('oauth_state', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_oauth_state_expires_at'), ['expires_at'], unique=False)

    op.create_table(
        'tag',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('wecom_id', sa.String(), nullable=False),
        sa.Column('group_name', sa.String(), nullable=True),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('retired', sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_tag')),
        sa.UniqueConstraint('wecom_id', name=op.f('uq_tag_wecom_id')),
    )
    op.create_table(
        'wecom_secret',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('value_sealed', sa.String(), nullable=True),
        sa.Column('good_until', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('fetching_until', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('barred_until', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('barred_errcode', sa.Integer(), nullable=True),
        sa.Column('fetched_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_wecom_secret')),
        sa.UniqueConstraint('name', name=op.f('uq_wecom_secret_name')),
    )
    op.create_table(
        'contact_way',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('wecom_userid', sa.String(), nullable=False),
        sa.Column('config_id', sa.String(), nullable=True),
        sa.Column('qr_code_url', sa.String(), nullable=True),
        sa.Column('made_by_id', sa.Integer(), nullable=True),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['made_by_id'], ['staff.id'], name=op.f('fk_contact_way_made_by_id'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_way')),
        sa.UniqueConstraint('state', name=op.f('uq_contact_way_state')),
    )
    op.create_table(
        'kf_account',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('corp_id', sa.String(), nullable=False),
        sa.Column('open_kfid', sa.String(), nullable=False),
        sa.Column('name', sa.String(), nullable=True),
        sa.Column('avatar_url', sa.String(), nullable=True),
        sa.Column('active', sa.Boolean(), nullable=False),
        sa.Column('cursor', sa.String(), nullable=True),
        sa.Column('history_skipped', sa.Boolean(), nullable=False),
        sa.Column('token_sealed', sa.String(), nullable=True),
        sa.Column('token_until', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('pull_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column('pulled_at', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('lease_until', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('lease_token', sa.Integer(), nullable=False),
        sa.Column('last_error', sa.String(), nullable=True),
        sa.Column('welcome_text', sa.String(), nullable=True),
        sa.Column('closing_text', sa.String(), nullable=True),
        sa.Column('texts_by_id', sa.Integer(), nullable=True),
        sa.Column('texts_at', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['texts_by_id'], ['staff.id'], name=op.f('fk_kf_account_texts_by_id'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_kf_account')),
        sa.UniqueConstraint('corp_id', 'open_kfid', name=op.f('uq_kf_account_corp_id_open_kfid')),
    )
    with op.batch_alter_table('kf_account', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_kf_account_active_pull_at'), ['active', 'pull_at'], unique=False)

    op.create_table(
        'contact_tag',
        sa.Column('contact_id', sa.Integer(), nullable=False),
        sa.Column('tag_id', sa.Integer(), nullable=False),
        sa.Column('since', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['contact_id'], ['contact.id'], name=op.f('fk_contact_tag_contact_id'), ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(['tag_id'], ['tag.id'], name=op.f('fk_contact_tag_tag_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('contact_id', 'tag_id', name=op.f('pk_contact_tag')),
    )
    with op.batch_alter_table('contact_tag', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contact_tag_tag_id'), ['tag_id'], unique=False)

    op.create_table(
        'media_file',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('message_id', sa.Integer(), nullable=True),
        sa.Column('corp_id', sa.String(), nullable=False),
        sa.Column('media_id', sa.String(), nullable=True),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column(
            'status',
            sa.Enum('waiting', 'fetching', 'kept', 'refused', name='mediastatus', native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column('name', sa.String(), nullable=True),
        sa.Column('mime', sa.String(), nullable=True),
        sa.Column('size', sa.Integer(), nullable=True),
        sa.Column('sha256', sa.String(), nullable=True),
        sa.Column('path', sa.String(), nullable=True),
        sa.Column('uploaded_id', sa.String(), nullable=True),
        sa.Column('uploaded_until', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('given_by_id', sa.Integer(), nullable=True),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column('due_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('lease_until', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('lease_token', sa.Integer(), nullable=False),
        sa.Column('lost_leases', sa.Integer(), nullable=False),
        sa.Column('last_error', sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ['given_by_id'], ['staff.id'], name=op.f('fk_media_file_given_by_id'), ondelete='SET NULL'
        ),
        sa.ForeignKeyConstraint(
            ['message_id'], ['message.id'], name=op.f('fk_media_file_message_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_media_file')),
    )
    with op.batch_alter_table('media_file', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_media_file_message_id'), ['message_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_media_file_sha256'), ['sha256'], unique=False)
        batch_op.create_index(batch_op.f('ix_media_file_status_due_at'), ['status', 'due_at'], unique=False)

    op.create_table(
        'approval_card',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('draft_id', sa.Integer(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('staff_id', sa.Integer(), nullable=False),
        sa.Column('task_id', sa.String(), nullable=False),
        sa.Column('response_code_sealed', sa.String(), nullable=True),
        sa.Column(
            'status',
            sa.Enum(
                'ready',
                'sending',
                'shown',
                'stale',
                'updating',
                'closed',
                'failed',
                name='cardstatus',
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column('outcome', sa.String(), nullable=True),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column('due_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('lease_until', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('lease_token', sa.Integer(), nullable=False),
        sa.Column('lost_leases', sa.Integer(), nullable=False),
        sa.Column('last_error', sa.String(), nullable=True),
        sa.ForeignKeyConstraint(['draft_id'], ['draft.id'], name=op.f('fk_approval_card_draft_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_approval_card_staff_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_approval_card')),
        sa.UniqueConstraint('draft_id', 'version', 'staff_id', name=op.f('uq_approval_card_draft_id_version_staff_id')),
        sa.UniqueConstraint('task_id', name=op.f('uq_approval_card_task_id')),
    )
    with op.batch_alter_table('approval_card', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_approval_card_staff_id'), ['staff_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_approval_card_status_due_at'), ['status', 'due_at'], unique=False)

    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.add_column(sa.Column('account', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('avatar_url', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('remark', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('lead_source', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('followed_at', models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('left_at', models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('synced_at', models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(batch_op.f('uq_contact_channel_external_userid'), type_='unique')
        batch_op.create_unique_constraint(
            batch_op.f('uq_contact_channel_account_external_userid'), ['channel', 'account', 'external_userid']
        )

    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('session_state', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('servicer', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('customer_spoke_at', models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('sent_since', sa.Integer(), nullable=False, server_default='0'))

    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kind', sa.String(), nullable=False, server_default='text'))
        batch_op.add_column(sa.Column('media_file_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('fail_type', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f('fk_delivery_media_file_id'), 'media_file', ['media_file_id'], ['id'], ondelete='SET NULL'
        )

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('recalled_at', models.base.UtcDateTime(timezone=True), nullable=True))

    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.add_column(sa.Column('approves_on_phone', sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_column('approves_on_phone')

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_column('recalled_at')

    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_delivery_media_file_id'), type_='foreignkey')
        batch_op.drop_column('fail_type')
        batch_op.drop_column('media_file_id')
        batch_op.drop_column('kind')

    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.drop_column('sent_since')
        batch_op.drop_column('customer_spoke_at')
        batch_op.drop_column('servicer')
        batch_op.drop_column('session_state')

    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_contact_channel_account_external_userid'), type_='unique')
        batch_op.create_unique_constraint(
            batch_op.f('uq_contact_channel_external_userid'), ['channel', 'external_userid']
        )
        batch_op.drop_column('synced_at')
        batch_op.drop_column('left_at')
        batch_op.drop_column('followed_at')
        batch_op.drop_column('lead_source')
        batch_op.drop_column('remark')
        batch_op.drop_column('avatar_url')
        batch_op.drop_column('account')

    with op.batch_alter_table('approval_card', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_approval_card_status_due_at'))
        batch_op.drop_index(batch_op.f('ix_approval_card_staff_id'))

    op.drop_table('approval_card')
    with op.batch_alter_table('media_file', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_media_file_status_due_at'))
        batch_op.drop_index(batch_op.f('ix_media_file_sha256'))
        batch_op.drop_index(batch_op.f('ix_media_file_message_id'))

    op.drop_table('media_file')
    with op.batch_alter_table('contact_tag', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_contact_tag_tag_id'))

    op.drop_table('contact_tag')
    with op.batch_alter_table('kf_account', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_kf_account_active_pull_at'))

    op.drop_table('kf_account')
    op.drop_table('contact_way')
    op.drop_table('wecom_secret')
    op.drop_table('tag')
    with op.batch_alter_table('oauth_state', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_oauth_state_expires_at'))

    op.drop_table('oauth_state')
