"""What may be decided about the item in hand: release, refuse, another version, take over; and the way back."""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui

from console import draft_decisions, drafts, policies, replies, review_desk
from console.database import read, transact
from console.errors import Conflict
from console.parts import parts
from models import Draft
from pages.review_dialogs import ask_reason, ask_words
from pages.review_lessons import Lesson, offered
from pages.review_snack import UNDO_SECONDS
from pages.widgets import refusals_shown

if TYPE_CHECKING:
    from pages.review_desk import Desk

SETTLE_SECONDS = 0.4
"""After the page itself moved on, a second press of the same key is meant for the draft before."""

OnDecided = Callable[[str, Callable[[], Awaitable[int | None]] | None, float, str, Sequence[Lesson]], Awaitable[None]]
"""Words for the person, what takes it back and for how many seconds it is offered, where to go on, what to keep."""


class Decisions:
    """One at a time: a second click or key while one is under way does nothing."""

    def __init__(self, desk: 'Desk', *, by: int, on_decided: OnDecided, wait: bool) -> None:
        self._desk = desk
        self._by = by
        self._on_decided = on_decided
        self._ready_at = time.monotonic() + (SETTLE_SECONDS if wait else 0)
        self._busy = False

    async def approve(self) -> None:
        await self._decide(self._approve)

    async def reject(self) -> None:
        await self._decide(self._reject)

    async def regenerate(self) -> None:
        await self._decide(self._regenerate if self._desk.opened.draft_id is not None else self._redraft)

    async def take_over(self) -> None:
        await self._decide(self._take_over)

    async def _decide(self, decision: Callable[[], Awaitable[None]]) -> None:
        if self._busy or time.monotonic() < self._ready_at:
            return
        self._busy = True
        try:
            with refusals_shown():
                await decision()
        finally:
            self._busy = False

    async def _approve(self) -> None:
        desk = self._desk
        if desk.hindrance:
            raise Conflict(desk.hindrance, 'hindrance')
        reason = None
        while True:
            try:
                async with desk.lock:
                    draft = await self._released(reason)
                break
            except drafts.DraftBlocked as blocked:
                reason = await ask_words(
                    '有未解决的检查项',
                    '仍然发出的理由',
                    ok='写明理由并通过',
                    hint='请先回到草稿修改；确认无误时写明理由，理由会被记录。',
                    required=True,
                    lines=[check.text for check in blocked.checks],
                )
                if not reason:
                    return
        undo = parts().undo.total_seconds()
        quiet = (await read(policies.current)).quiet()
        self.forget()
        await self._on_decided(
            f'已通过{"（现在是免打扰时段）" if quiet else ""}: {desk.opened.title}',
            partial(self._undo, draft.id) if undo else None,
            undo,
            '',
            self._lessons(draft.id, None) if draft.edit_size and desk.opened.draft_id is not None else (),
        )

    async def _released(self, reason: str | None) -> Draft:
        desk = self._desk
        words, undo = desk.editor.text, parts().undo
        if desk.opened.draft_id is None:
            return await transact(
                review_desk.reply,
                desk.opened.conversation_id, words, by=self._by, undo=undo, confirm_reason=reason,
            )  # fmt: skip
        return await transact(
            draft_decisions.approve,
            desk.opened.draft_id,
            version=desk.version,
            by=self._by,
            undo=undo,
            content=words if desk.editor.dirty else None,
            confirm_reason=reason,
        )

    async def _reject(self) -> None:
        desk = self._desk
        draft_id = desk.opened.draft_id
        if draft_id is None:
            return
        await desk.save()
        answer = await ask_reason()
        if answer is None:
            return
        reason, note = answer
        async with desk.lock:
            await transact(
                draft_decisions.reject, draft_id, version=desk.version, by=self._by, reason=reason, note=note
            )
        self.forget()
        await self._on_decided(
            f'已退回: {desk.opened.title}（{reason}）。家长仍在等待，请人工回复。',
            partial(self._undo, draft_id),
            UNDO_SECONDS,
            desk.conversation,
            self._lessons(draft_id, '：'.join(filter(None, (reason, note)))),
        )

    async def _regenerate(self) -> None:
        desk = self._desk
        await desk.save()
        remark = await ask_words(
            '换一版', '对新版本的要求 (可不填)', ok='开始起草', hint='当前版本会保留，直到新版本写好。'
        )
        if remark is None or desk.opened.draft_id is None:
            return
        async with desk.lock:
            await transact(
                draft_decisions.regenerate, desk.opened.draft_id, version=desk.version, by=self._by, instruction=remark
            )

    async def _redraft(self) -> None:
        await transact(review_desk.redraft, self._desk.opened.conversation_id, by=self._by)

    async def _take_over(self) -> None:
        desk = self._desk
        await desk.save()
        await transact(replies.take_over, desk.opened.conversation_id, by=self._by)
        words = f'已接管: {desk.opened.title}。AI 不再为这个会话起草。'
        await self._on_decided(words, self._hand_back, UNDO_SECONDS, desk.conversation, ())

    async def _undo(self, draft_id: int) -> int:
        return (await transact(draft_decisions.undo, draft_id, by=self._by)).id

    async def _hand_back(self) -> None:
        await transact(replies.hand_back, self._desk.opened.conversation_id, by=self._by)

    def _lessons(self, draft_id: int, reason: str | None) -> Sequence[Lesson]:
        """What may be kept of a text that the person changed, or of a refusal."""
        opened, words = self._desk.opened, self._desk.editor.text.strip()
        if opened.by_hand or opened.media is not None:
            return ()
        corrected = words if words != opened.original else ''
        return offered(draft_id, intent=opened.intent, corrected=corrected, reason=reason, by=self._by)

    def forget(self) -> None:
        """The tab need not keep what was typed here."""
        place = f'kept conversation-{self._desk.opened.conversation_id}'
        ui.run_javascript(f'sessionStorage.removeItem("{place}")')
