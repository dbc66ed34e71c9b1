"""What a person must see before a reply leaves, whoever wrote it."""

from console.writing.amounts import check_amounts
from console.writing.clock import check_times
from console.writing.context import Check, Context
from console.writing.days import check_days
from console.writing.grounds import Grounds
from console.writing.injections import check_injections, check_leaks
from console.writing.links import check_links
from console.writing.names import check_names, check_pupils
from console.writing.personal import check_personal_numbers, check_tokens
from console.writing.promises import check_promises, check_refunds

_ALL = (
    check_amounts,
    check_days,
    check_times,
    check_names,
    check_pupils,
    check_promises,
    check_refunds,
    check_links,
    check_personal_numbers,
    check_tokens,
    check_injections,
    check_leaks,
)


def check_text(text: str, context: Context) -> tuple[Check, ...]:
    """What is to be said about a reply; empty when there is nothing.

    Figures, days, times and names may come from knowledge, the record and colleagues; the parent's word confirms
    neither a price nor a timetable. What the AI said earlier proves nothing. A source that speaks of another course
    or campus is none.
    """
    grounds = Grounds(text, context)
    return tuple(found for check in _ALL for found in check(grounds))
