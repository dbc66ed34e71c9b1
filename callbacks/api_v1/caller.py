"""Who calls: the member behind a bearer token, looked up at every call, so that a sign-out counts at once."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from console import sign_in, staff
from console.database import read
from console.errors import NotSignedIn
from console.parts import parts
from models import Role

_bearer = HTTPBearer(
    auto_error=False, bearerFormat='JWT', scheme_name='Bearer', description='`access_token` of `POST /api/v1/login`'
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


@dataclass(frozen=True, kw_only=True)
class Known:
    """A signed-in member. `secret` is that of the sign-in itself."""

    id: int
    username: str
    name: str
    role: Role
    secret: str

    def may(self, action: staff.Action) -> bool:
        """To decide what to show; the services decide again what to do."""
        return staff.may(self.role, action)


async def known_by(token: str, kind: str = 'access') -> Known:
    """Raises `NotSignedIn`."""
    secret = parts().tokens.secret_in(token, kind)
    member = await read(sign_in.member_of, secret)
    if member is None:
        raise NotSignedIn
    return Known(id=member.id, username=member.username, name=member.name, role=member.role, secret=secret)


async def _signed_in(credentials: Credentials) -> Known:
    if credentials is None:
        raise NotSignedIn
    return await known_by(credentials.credentials)


async def _perhaps_signed_in(credentials: Credentials) -> Known | None:
    return None if credentials is None else await known_by(credentials.credentials)


Caller = Annotated[Known, Depends(_signed_in)]

PerhapsCaller = Annotated[Known | None, Depends(_perhaps_signed_in)]
"""For routes that serve strangers, too. A token that is given must be good."""

WITHOUT_TOKEN_TOO: dict[str, Any] = {'security': [{}]}
"""For the description of a route that a token is not needed for: added to what FastAPI says by itself."""
