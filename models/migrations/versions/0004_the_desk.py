"""What the desk needs: scripts, notes, views, presence, vocabulary, prompts, evaluation, policy, follow-up; urgency."""

import sqlalchemy as sa
from alembic import op

import models.base

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


WAITING_FOR_REVIEW = """
UPDATE conversation SET review_by = COALESCE(waiting_since, last_message_at)
WHERE id IN (SELECT conversation_id FROM draft WHERE status = 'pending')
   OR (status = 'waiting' AND NOT taken_over AND
       (SELECT turn.status FROM turn WHERE turn.conversation_id = conversation.id ORDER BY turn.id DESC LIMIT 1)
       = 'failed')
"""


def upgrade() -> None:
    op.create_table(
        'evaluation_run',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('prompt_version', sa.String(), nullable=False),
        sa.Column('writer', sa.String(), nullable=False),
        sa.Column('cases', sa.Integer(), nullable=False),
        sa.Column('done', sa.Integer(), nullable=False),
        sa.Column('passed', sa.Integer(), nullable=False),
        sa.Column('started_by_id', sa.Integer(), nullable=True),
        sa.Column('started_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column('finished_at', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('last_error', sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ['started_by_id'], ['staff.id'], name=op.f('fk_evaluation_run_started_by_id'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_evaluation_run')),
    )
    with op.batch_alter_table('evaluation_run', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_evaluation_run_prompt_version_id'), ['prompt_version', 'id'], unique=False)

    op.create_table(
        'job',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('title', sa.String(), nullable=False),
        sa.Column(
            'status',
            sa.Enum('running', 'done', 'failed', name='jobstatus', native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column('total', sa.Integer(), nullable=False),
        sa.Column('done', sa.Integer(), nullable=False),
        sa.Column('report', sa.JSON(), nullable=False),
        sa.Column('alive_until', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('staff_id', sa.Integer(), nullable=True),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column('finished_at', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_job_staff_id'), ondelete='SET NULL'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_job')),
    )
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_job_kind_id'), ['kind', 'id'], unique=False)

    op.create_table(
        'policy',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('agents_approve', sa.String(), nullable=False),
        sa.Column('own_drafts', sa.Boolean(), nullable=False),
        sa.Column('risky_by_admin', sa.Boolean(), nullable=False),
        sa.Column('auto_on', sa.Boolean(), nullable=False),
        sa.Column('auto_channels', sa.JSON(), nullable=False),
        sa.Column('auto_intents', sa.JSON(), nullable=False),
        sa.Column('auto_daily_cap', sa.Integer(), nullable=False),
        sa.Column('quiet_from', sa.Time(), nullable=True),
        sa.Column('quiet_until', sa.Time(), nullable=True),
        sa.Column('tone', sa.String(), nullable=True),
        sa.Column('language', sa.String(), nullable=True),
        sa.Column('welcome_text', sa.String(), nullable=True),
        sa.Column('updated_by_id', sa.Integer(), nullable=True),
        sa.Column('updated_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint('id = 1', name=op.f('ck_policy_one')),
        sa.ForeignKeyConstraint(
            ['updated_by_id'], ['staff.id'], name=op.f('fk_policy_updated_by_id'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_policy')),
    )
    op.create_table(
        'prompt_version',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('rules', sa.String(), nullable=False),
        sa.Column('note', sa.String(), nullable=True),
        sa.Column('current', sa.Boolean(), nullable=False),
        sa.Column('made_by_id', sa.Integer(), nullable=True),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['made_by_id'], ['staff.id'], name=op.f('fk_prompt_version_made_by_id'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_prompt_version')),
        sa.UniqueConstraint('name', name=op.f('uq_prompt_version_name')),
    )
    with op.batch_alter_table('prompt_version', schema=None) as batch_op:
        batch_op.create_index(
            'uq_prompt_version_current',
            ['current'],
            unique=True,
            sqlite_where=sa.text('current'),
            postgresql_where=sa.text('current'),
        )

    op.create_table(
        'saved_view',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('staff_id', sa.Integer(), nullable=False),
        sa.Column('page', sa.String(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('filters', sa.JSON(), nullable=False),
        sa.Column('shared', sa.Boolean(), nullable=False),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_saved_view_staff_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_view')),
        sa.UniqueConstraint('staff_id', 'page', 'name', name=op.f('uq_saved_view_staff_id_page_name')),
    )
    op.create_table(
        'term',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column(
            'kind',
            sa.Enum('word', 'synonym', 'promise', 'link', name='termkind', native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column('word', sa.String(), nullable=False),
        sa.Column('others', sa.JSON(), nullable=False),
        sa.Column('updated_by_id', sa.Integer(), nullable=True),
        sa.Column('updated_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['updated_by_id'], ['staff.id'], name=op.f('fk_term_updated_by_id'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_term')),
        sa.UniqueConstraint('kind', 'word', name=op.f('uq_term_kind_word')),
    )
    op.create_table(
        'follow_up',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('student_id', sa.Integer(), nullable=False),
        sa.Column('staff_id', sa.Integer(), nullable=True),
        sa.Column('way', sa.String(), nullable=False),
        sa.Column('text', sa.String(), nullable=False),
        sa.Column('next_on', sa.Date(), nullable=True),
        sa.Column('done_at', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_follow_up_staff_id'), ondelete='SET NULL'),
        sa.ForeignKeyConstraint(
            ['student_id'], ['student.id'], name=op.f('fk_follow_up_student_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_follow_up')),
    )
    with op.batch_alter_table('follow_up', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_follow_up_done_at_next_on'), ['done_at', 'next_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_follow_up_student_id_id'), ['student_id', 'id'], unique=False)

    op.create_table(
        'note',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('conversation_id', sa.Integer(), nullable=False),
        sa.Column('after_seq', sa.Integer(), nullable=False),
        sa.Column('staff_id', sa.Integer(), nullable=True),
        sa.Column('text', sa.String(), nullable=False),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['conversation_id'], ['conversation.id'], name=op.f('fk_note_conversation_id'), ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_note_staff_id'), ondelete='SET NULL'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_note')),
    )
    with op.batch_alter_table('note', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_note_conversation_id_id'), ['conversation_id', 'id'], unique=False)

    op.create_table(
        'presence',
        sa.Column('staff_id', sa.Integer(), nullable=False),
        sa.Column('conversation_id', sa.Integer(), nullable=False),
        sa.Column('here_until', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column('typing_until', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ['conversation_id'], ['conversation.id'], name=op.f('fk_presence_conversation_id'), ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_presence_staff_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('staff_id', 'conversation_id', name=op.f('pk_presence')),
    )
    with op.batch_alter_table('presence', schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f('ix_presence_conversation_id_here_until'), ['conversation_id', 'here_until'], unique=False
        )

    op.create_table(
        'mention',
        sa.Column('note_id', sa.Integer(), nullable=False),
        sa.Column('staff_id', sa.Integer(), nullable=False),
        sa.Column('seen_at', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['note_id'], ['note.id'], name=op.f('fk_mention_note_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_mention_staff_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('note_id', 'staff_id', name=op.f('pk_mention')),
    )
    with op.batch_alter_table('mention', schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f('ix_mention_staff_id_seen_at_note_id'), ['staff_id', 'seen_at', 'note_id'], unique=False
        )

    op.create_table(
        'evaluation_case',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('question', sa.String(), nullable=False),
        sa.Column('record', sa.JSON(), nullable=False),
        sa.Column('expected', sa.String(), nullable=True),
        sa.Column('must_say', sa.JSON(), nullable=False),
        sa.Column('must_not_say', sa.JSON(), nullable=False),
        sa.Column('reason', sa.String(), nullable=True),
        sa.Column('draft_id', sa.Integer(), nullable=True),
        sa.Column('active', sa.Boolean(), nullable=False),
        sa.Column('made_by_id', sa.Integer(), nullable=True),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['draft_id'], ['draft.id'], name=op.f('fk_evaluation_case_draft_id'), ondelete='SET NULL'
        ),
        sa.ForeignKeyConstraint(
            ['made_by_id'], ['staff.id'], name=op.f('fk_evaluation_case_made_by_id'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_evaluation_case')),
    )
    op.create_table(
        'material',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('group_name', sa.String(), nullable=True),
        sa.Column('media_file_id', sa.Integer(), nullable=False),
        sa.Column('active', sa.Boolean(), nullable=False),
        sa.Column('uses', sa.Integer(), nullable=False),
        sa.Column('added_by_id', sa.Integer(), nullable=True),
        sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['added_by_id'], ['staff.id'], name=op.f('fk_material_added_by_id'), ondelete='SET NULL'
        ),
        sa.ForeignKeyConstraint(
            ['media_file_id'], ['media_file.id'], name=op.f('fk_material_media_file_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_material')),
        sa.UniqueConstraint('media_file_id', name=op.f('uq_material_media_file_id')),
    )
    op.create_table(
        'script',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('title', sa.String(), nullable=False),
        sa.Column('text', sa.String(), nullable=False),
        sa.Column('group_name', sa.String(), nullable=True),
        sa.Column('owner_id', sa.Integer(), nullable=True),
        sa.Column('active', sa.Boolean(), nullable=False),
        sa.Column('uses', sa.Integer(), nullable=False),
        sa.Column('draft_id', sa.Integer(), nullable=True),
        sa.Column('updated_by_id', sa.Integer(), nullable=True),
        sa.Column('updated_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['draft_id'], ['draft.id'], name=op.f('fk_script_draft_id'), ondelete='SET NULL'),
        sa.ForeignKeyConstraint(['owner_id'], ['staff.id'], name=op.f('fk_script_owner_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(
            ['updated_by_id'], ['staff.id'], name=op.f('fk_script_updated_by_id'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_script')),
    )
    with op.batch_alter_table('script', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_script_active_uses_id'), ['active', 'uses', 'id'], unique=False)

    op.create_table(
        'evaluation_result',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('run_id', sa.Integer(), nullable=False),
        sa.Column('case_id', sa.Integer(), nullable=False),
        sa.Column('passed', sa.Boolean(), nullable=False),
        sa.Column('answer', sa.String(), nullable=False),
        sa.Column('faults', sa.JSON(), nullable=False),
        sa.Column('likeness', sa.Double(), nullable=True),
        sa.Column('duration_ms', sa.Integer(), nullable=False),
        sa.Column('tokens_in', sa.Integer(), nullable=True),
        sa.Column('tokens_out', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ['case_id'], ['evaluation_case.id'], name=op.f('fk_evaluation_result_case_id'), ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(
            ['run_id'], ['evaluation_run.id'], name=op.f('fk_evaluation_result_run_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_evaluation_result')),
        sa.UniqueConstraint('run_id', 'case_id', name=op.f('uq_evaluation_result_run_id_case_id')),
    )
    with op.batch_alter_table('evaluation_result', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_evaluation_result_case_id'), ['case_id'], unique=False)

    op.create_table(
        'unknown_question',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('conversation_id', sa.Integer(), nullable=False),
        sa.Column('turn_id', sa.Integer(), nullable=True),
        sa.Column('text', sa.String(), nullable=False),
        sa.Column('asked_at', models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column('closed_at', models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column('closed_by_id', sa.Integer(), nullable=True),
        sa.Column('entry_id', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ['closed_by_id'], ['staff.id'], name=op.f('fk_unknown_question_closed_by_id'), ondelete='SET NULL'
        ),
        sa.ForeignKeyConstraint(
            ['conversation_id'],
            ['conversation.id'],
            name=op.f('fk_unknown_question_conversation_id'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(
            ['entry_id'], ['knowledge_entry.id'], name=op.f('fk_unknown_question_entry_id'), ondelete='SET NULL'
        ),
        sa.ForeignKeyConstraint(
            ['turn_id'], ['turn.id'], name=op.f('fk_unknown_question_turn_id'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_unknown_question')),
        sa.UniqueConstraint('turn_id', name=op.f('uq_unknown_question_turn_id')),
    )
    with op.batch_alter_table('unknown_question', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_unknown_question_closed_at_id'), ['closed_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_unknown_question_conversation_id'), ['conversation_id'], unique=False)

    with op.batch_alter_table('contact_way', schema=None) as batch_op:
        batch_op.add_column(sa.Column('welcome_text', sa.String(), nullable=True))

    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('review_by', models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('snoozed_until', models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('snoozed_by_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_conversation_review_by_id'), ['review_by', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_conversation_snoozed_until_id'), ['snoozed_until', 'id'], unique=False)
        batch_op.create_foreign_key(
            batch_op.f('fk_conversation_snoozed_by_id'), 'staff', ['snoozed_by_id'], ['id'], ondelete='SET NULL'
        )

    with op.batch_alter_table('draft', schema=None) as batch_op:
        batch_op.add_column(sa.Column('intent', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('risk', sa.String(), nullable=False, server_default='none'))
        batch_op.add_column(sa.Column('edit_size', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_draft_created_at_id'), ['created_at', 'id'], unique=False)
    with op.batch_alter_table('draft', schema=None) as batch_op:
        batch_op.alter_column('risk', server_default=None, existing_type=sa.String(), existing_nullable=False)
    op.execute(WAITING_FOR_REVIEW)

    with op.batch_alter_table('knowledge_entry', schema=None) as batch_op:
        batch_op.add_column(sa.Column('draft_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f('fk_knowledge_entry_draft_id'), 'draft', ['draft_id'], ['id'], ondelete='SET NULL'
        )


def downgrade() -> None:
    with op.batch_alter_table('knowledge_entry', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_knowledge_entry_draft_id'), type_='foreignkey')
        batch_op.drop_column('draft_id')

    with op.batch_alter_table('draft', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_draft_created_at_id'))
        batch_op.drop_column('edit_size')
        batch_op.drop_column('risk')
        batch_op.drop_column('intent')

    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_conversation_snoozed_by_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_conversation_snoozed_until_id'))
        batch_op.drop_index(batch_op.f('ix_conversation_review_by_id'))
        batch_op.drop_column('snoozed_by_id')
        batch_op.drop_column('snoozed_until')
        batch_op.drop_column('review_by')

    with op.batch_alter_table('contact_way', schema=None) as batch_op:
        batch_op.drop_column('welcome_text')

    with op.batch_alter_table('unknown_question', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_unknown_question_conversation_id'))
        batch_op.drop_index(batch_op.f('ix_unknown_question_closed_at_id'))

    op.drop_table('unknown_question')
    with op.batch_alter_table('evaluation_result', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_evaluation_result_case_id'))

    op.drop_table('evaluation_result')
    with op.batch_alter_table('script', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_script_active_uses_id'))

    op.drop_table('script')
    op.drop_table('material')
    op.drop_table('evaluation_case')
    with op.batch_alter_table('mention', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mention_staff_id_seen_at_note_id'))

    op.drop_table('mention')
    with op.batch_alter_table('presence', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_presence_conversation_id_here_until'))

    op.drop_table('presence')
    with op.batch_alter_table('note', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_note_conversation_id_id'))

    op.drop_table('note')
    with op.batch_alter_table('follow_up', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_follow_up_student_id_id'))
        batch_op.drop_index(batch_op.f('ix_follow_up_done_at_next_on'))

    op.drop_table('follow_up')
    op.drop_table('term')
    op.drop_table('saved_view')
    with op.batch_alter_table('prompt_version', schema=None) as batch_op:
        batch_op.drop_index(
            'uq_prompt_version_current', sqlite_where=sa.text('current'), postgresql_where=sa.text('current')
        )

    op.drop_table('prompt_version')
    op.drop_table('policy')
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_job_kind_id'))

    op.drop_table('job')
    with op.batch_alter_table('evaluation_run', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_evaluation_run_prompt_version_id'))

    op.drop_table('evaluation_run')
