"""What the console remembers: one module a noun, and the rules a row can check alone."""

from models.alert import Alert
from models.audit_entry import AuditEntry
from models.base import Table, Work, utc_now
from models.contact import Channel, Contact
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
from models.knowledge_entry import EntryStatus, KnowledgeEntry
from models.received_event import EventStatus, ReceivedEvent
from models.staff import Role, SignInAttempt, Staff, StaffSession
from models.student import Enrolment, Guardian, Stage, Student, StudentGuardian
from models.turn import ACTIVE_TURN, Turn, TurnStatus

__all__ = [
    'ACTIVE_TURN',
    'UNFINISHED',
    'Alert',
    'AuditEntry',
    'Author',
    'Channel',
    'Contact',
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
    'KnowledgeEntry',
    'Message',
    'ReceivedEvent',
    'Role',
    'SealedValue',
    'SignInAttempt',
    'Staff',
    'StaffSession',
    'Stage',
    'Student',
    'StudentGuardian',
    'Table',
    'Turn',
    'TurnStatus',
    'Work',
    'utc_now',
]
