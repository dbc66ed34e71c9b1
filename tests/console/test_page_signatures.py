"""A page waits for its signatures no longer than it can afford, and stands without them."""

import pytest

from console import page_signatures
from console.wecom.refusals import WeComUnreachable

PAGE = 'https://console.example/sidebar'


class Tickets:
    """Stands for the client. `ticket` is what WeCom says, a refusal or the ticket."""

    def __init__(self, ticket: str | Exception) -> None:
        self._ticket = ticket

    def ticket(self, _kind: str) -> str:
        if isinstance(self._ticket, Exception):
            raise self._ticket
        return self._ticket


@pytest.mark.parametrize(
    ('ticket', 'patience', 'signed'),
    [('abc', 30, True), ('abc', 0, False), (WeComUnreachable('down', sent_maybe=False), 30, False)],
    ids=['in time', 'too late', 'refused'],
)
async def test_a_page_is_signed_if_that_can_be_had_in_time(
    ticket: str | Exception, patience: float, signed: bool
) -> None:
    found = await page_signatures.of(Tickets(ticket), PAGE, patience=patience)  # type: ignore[arg-type]
    assert (found is not None and found.url == PAGE) is signed
