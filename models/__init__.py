"""What the console remembers: one module a noun, and the rules a row can check alone."""

from models.alert import Alert
from models.approval_card import ApprovalCard, CardStatus
from models.audit_entry import AuditEntry
from models.base import Table, Work, utc_now
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
from models.delivery import UNFINISHED, Delivery, DeliveryStatus
from models.draft import Draft, DraftEvent, DraftStatus
from models.kf_account import KfAccount, SessionState
from models.knowledge_entry import EntryStatus, KnowledgeEntry
from models.media_file import MediaFile, MediaStatus
from models.oauth_state import OAuthState
from models.received_event import EventStatus, ReceivedEvent
from models.staff import Role, SignInAttempt, Staff, StaffSession
from models.student import Enrolment, Guardian, Stage, Student, StudentGuardian
from models.turn import ACTIVE_TURN, Turn, TurnStatus
from models.wecom_secret import WeComSecret

__all__ = [
    'ACTIVE_TURN',
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
    'EventStatus',
    'Guardian',
    'KfAccount',
    'KnowledgeEntry',
    'MediaFile',
    'MediaStatus',
    'Message',
    'OAuthState',
    'ReceivedEvent',
    'Role',
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
    'Turn',
    'TurnStatus',
    'WeComSecret',
    'Work',
    'utc_now',
]
