"""The two values an administrator pastes into WeCom's callback page, for administrators only, and written down."""

from sqlalchemy.orm import Session

from console import audit, staff
from console.doctor.case import Case
from console.errors import NotFound


def callback_values(session: Session, case: Case, *, by: int) -> tuple[str, str]:
    """Token and EncodingAESKey. Call it in a `transact`: it is audited. Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.SEE_SETTINGS)
    if case.keys is None:
        raise NotFound('回调的 Token')
    audit.record(session, 'callback_values.shown', 'settings', None, by=by)
    return case.keys.token, case.keys.encoding_aes_key
