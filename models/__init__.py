"""What the console remembers: one module a noun, and the rules a row can check alone."""

from models.alert import Alert
from models.approval_card import ApprovalCard, CardStatus
from models.audit_entry import AuditEntry
from models.base import LARGEST_INTEGER, Table, Work, storable, utc_now
from models.contact import Channel, Contact
from models.contact_tag import ContactTag, Tag
from models.contact_way import ContactWay
from models.conversation import (
    Author,
    Conversation,
    ConversationStatus,
    Direction,
    Message,
    SealedValue,
)
from models.delivery import UNDELIVERED, UNFINISHED, Delivery, DeliveryStatus
from models.draft import Draft, DraftEvent, DraftStatus
from models.evaluation import EvaluationCase, EvaluationResult, EvaluationRun
from models.follow_up import FollowUp
from models.job import Job, JobStatus
from models.kf_account import KfAccount, SessionState
from models.knowledge_entry import EntryStatus, KnowledgeEntry
from models.material import Material
from models.media_file import MediaFile, MediaStatus
from models.note import Mention, Note
from models.oauth_state import OAuthState
from models.policy import Policy
from models.presence import Presence
from models.prompt_version import PromptVersion
from models.received_event import EventStatus, ReceivedEvent
from models.saved_view import SavedView
from models.script import Script
from models.staff import Role, SignInAttempt, Staff, StaffSession
from models.student import Enrolment, Guardian, Stage, Student, StudentGuardian
from models.term import Term, TermKind
from models.turn import ACTIVE_TURN, Turn, TurnStatus
from models.unknown_question import UnknownQuestion
from models.wecom_secret import WeComSecret

__all__ = [
    'ACTIVE_TURN',
    'LARGEST_INTEGER',
    'UNDELIVERED',
    'UNFINISHED',
    'Alert',
    'ApprovalCard',
    'AuditEntry',
    'Author',
    'CardStatus',
    'Channel',
    'Contact',
    'ContactTag',
    'ContactWay',
    'Conversation',
    'ConversationStatus',
    'Delivery',
    'DeliveryStatus',
    'Direction',
    'Draft',
    'DraftEvent',
    'DraftStatus',
    'Enrolment',
    'EntryStatus',
    'EvaluationCase',
    'EvaluationResult',
    'EvaluationRun',
    'EventStatus',
    'FollowUp',
    'Guardian',
    'Job',
    'JobStatus',
    'KfAccount',
    'KnowledgeEntry',
    'Material',
    'MediaFile',
    'MediaStatus',
    'Mention',
    'Message',
    'Note',
    'OAuthState',
    'Policy',
    'Presence',
    'PromptVersion',
    'ReceivedEvent',
    'Role',
    'SavedView',
    'Script',
    'SealedValue',
    'SessionState',
    'SignInAttempt',
    'Staff',
    'StaffSession',
    'Stage',
    'Student',
    'StudentGuardian',
    'Table',
    'Tag',
    'Term',
    'TermKind',
    'Turn',
    'TurnStatus',
    'UnknownQuestion',
    'WeComSecret',
    'Work',
    'storable',
    'utc_now',
]
