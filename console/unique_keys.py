"""What two people give the same name at once: the first has it, the second is told so in words."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from console.errors import Conflict


def flush(session: Session, taken: Conflict) -> None:
    """Send what is pending to the database; raises `taken` if a unique key stands in its way.

    On PostgreSQL no look beforehand sees what another transaction has not committed yet; the key does, and waits for
    it. Nothing pending may be flushed earlier, as any query does by itself: the refusal would be a crash again.
    """
    try:
        session.flush()
    except IntegrityError as fault:
        if not _is_of_a_unique_key(fault):
            raise
        raise taken from None


def _is_of_a_unique_key(fault: IntegrityError) -> bool:
    said = getattr(fault.orig, 'pgcode', None) or getattr(fault.orig, 'sqlite_errorname', None)
    return said in ('23505', 'SQLITE_CONSTRAINT_UNIQUE')
