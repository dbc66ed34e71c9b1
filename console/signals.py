"""News the open pages and the workers listen to, announced only after the transaction that made it true."""

from nicegui import Event
from sqlalchemy.orm import Session

Signal = Event[[int]]

LOOK_AGAIN = 0
"""Any signal may carry this instead of what it says: many changed at once, or news of other processes was missed."""

draft_changed: Signal = Signal()
"""A draft was added or moved. Carries its id."""

conversation_changed: Signal = Signal()
"""A conversation has a new message, delivery state, assignee or status. Carries its id."""

student_changed: Signal = Signal()
"""A student's record was added, changed or erased. Carries its id."""

knowledge_changed: Signal = Signal()
"""A knowledge entry was added, changed or retired. Carries its id; 0 for many at once."""

staff_changed: Signal = Signal()
"""A staff account was added, changed, or its sign-ins were ended. Carries its id."""

alert_changed: Signal = Signal()
"""An alert was raised, repeated or closed. Carries the id of one that a person closed, else 0."""

event_stored: Signal = Signal()
"""WeCom told us something; it waits to be understood. What it carries says nothing."""

turn_opened: Signal = Signal()
"""A parent said something that wants a reply. Carries the conversation's id."""

delivery_queued: Signal = Signal()
"""A released reply waits to be sent. Carries the conversation's id."""

customers_changed: Signal = Signal()
"""Customers were read from WeCom, or are to be read. Carries 0."""

media_wanted: Signal = Signal()
"""A picture, recording or file waits to be fetched. Carries its id."""

kf_due: Signal = Signal()
"""A 微信客服 account has something to be read. Carries the account's id."""

kf_changed: Signal = Signal()
"""A 微信客服 account was granted, taken away, read, or given other texts. Carries the account's id."""

scripts_changed: Signal = Signal()
"""A script was added, changed, accepted or put aside. Carries its id."""

presence_changed: Signal = Signal()
"""A colleague came to a conversation, left it, or began or stopped typing there. Carries the conversation's id."""

materials_changed: Signal = Signal()
"""A material of the school's was added, changed or put aside. Carries its id."""

policy_changed: Signal = Signal()
"""The school changed its rules for replies, or their prompt. Carries the new version; 0 for the prompt."""

evaluation_changed: Signal = Signal()
"""An evaluation was begun, came on or ended. Carries the id of its run."""

terms_changed: Signal = Signal()
"""A word of the school's was added, changed or taken away. Carries its id."""

unknown_changed: Signal = Signal()
"""Questions without an answer were asked, answered or put aside. Carries 0."""

job_changed: Signal = Signal()
"""Long work began, went on or ended. Carries its id."""

words_came: Signal = Signal()
"""More words of a reply are there, see `live_words`. Carries the conversation's id, in this process alone."""

BY_NAME: dict[str, Signal] = {name: value for name, value in list(globals().items()) if isinstance(value, Event)}


def announce(session: Session, signal: Signal, payload: int) -> None:
    """Remember to emit `signal` once `session` has committed; a rollback forgets it."""
    session.info.setdefault('news', {})[(signal, payload)] = None
