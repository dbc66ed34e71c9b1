"""The reply that is offered in a conversation, as the pane beside the chat shows it, and how far it has come."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import drafts, personal_numbers, staff
from models import Conversation, Draft, DraftStatus

Standing = Literal['suggested', 'handed_in', 'released', 'on_its_way', 'refused', 'failed']


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A reply, as far as it has come. `text` has its numbers masked. `who` decided, or handed it in.

    `author_id` is the colleague who wrote it; `remark` is what a refusal says beside its `reason`.
    """

    draft_id: int
    version: int
    standing: Standing
    text: str
    author_id: int | None
    sources: tuple[dict[str, str | None], ...]
    checks: tuple[dict[str, str], ...]
    needs_human: bool
    who: str | None
    reason: str | None
    remark: str | None

    @property
    def as_file(self) -> bool:
        """Whether it would send a file, which is nothing to be written on."""
        return any(source['kind'] == 'file' for source in self.sources)


def of_conversation(session: Session, conversation: Conversation, masks: dict[str, str]) -> Offer | None:
    """The latest draft, unless it was answered past it or the parent went on."""
    draft = session.scalar(
        select(Draft).where(Draft.conversation_id == conversation.id).order_by(Draft.id.desc()).limit(1)
    )
    if draft is None or draft.basis_seq != conversation.last_inbound_seq:
        return None
    standing = _standing(session, draft, conversation)
    if standing is None:
        return None
    whose = draft.author_id if standing == 'handed_in' else draft.decided_by_id
    names = staff.colleagues(session)
    return Offer(
        draft_id=draft.id,
        version=draft.version,
        standing=standing,
        text=personal_numbers.show(draft.content, masks),
        author_id=draft.author_id,
        sources=tuple(found | {'sentence': personal_numbers.show(found['sentence'], masks)} for found in draft.sources),
        checks=tuple(found | {'detail': personal_numbers.show(found['detail'], masks)} for found in draft.checks),
        needs_human=draft.needs_human,
        who=names.get(whose or 0),
        reason=draft.reason,
        remark=drafts.remark(session, draft) if standing == 'refused' else None,
    )


def _standing(session: Session, draft: Draft, conversation: Conversation) -> Standing | None:
    answered = conversation.last_outbound_seq > draft.basis_seq > 0 and conversation.last_message_at > draft.created_at
    match draft.status:
        case DraftStatus.PENDING:
            return 'suggested' if draft.author_id is None else 'handed_in'
        case DraftStatus.APPROVED:
            return 'released' if drafts.waits_for_colleague(session, draft) else 'on_its_way'
        case DraftStatus.SENDING:
            return 'on_its_way'
        case DraftStatus.REJECTED if not answered:
            return 'refused'
        case DraftStatus.FAILED:
            return 'failed'
    return None
