"""Who else has this conversation open, shown below its title; and telling them that we have."""

from nicegui import background_tasks

from console import presence
from console.database import read, transact
from console.errors import ConsoleError
from models import Staff
from pages.widgets import text


class ThreadPresence:
    """Drawn where it is made. Its reader is here for colleagues from `renew` on, until `leave` or `away`."""

    def __init__(self, conversation_id: int, member: Staff) -> None:
        self._conversation_id = conversation_id
        self._member = member
        self._left = False
        self._typing = False
        self._place = text('', 'there', tag='div').props('role=status')
        self._place.set_visibility(False)

    async def renew(self) -> None:
        """Still here. What colleagues did meanwhile is shown, too."""
        if self._left:
            return
        try:
            await transact(presence.here, self._conversation_id, by=self._member.id, typing=self._typing)
        except ConsoleError:
            return  # it may have been given to another, and the page is about to say so
        if self._left:
            await self.away()
        else:
            await self.look()

    async def type(self, typing: bool) -> None:
        self._typing = typing
        await self.renew()

    async def leave(self) -> None:
        """Another conversation is in hand."""
        self._left = True
        await self.away()

    async def away(self) -> None:
        """The browser is gone, perhaps to come back."""
        self._typing = False
        await transact(presence.left, self._conversation_id, by=self._member.id)

    def heard(self) -> None:
        background_tasks.create_lazy(self.look(), name=f'presence {id(self)}')

    async def look(self) -> None:
        found = await read(presence.others, [self._conversation_id], by=self._member.id)
        if self._place.is_deleted:
            return
        there = found.get(self._conversation_id, [])
        self._place.set_text('，'.join(one.words for one in there))
        self._place.classes('types' if any(one.typing for one in there) else '', remove='types')
        self._place.set_visibility(bool(there))
