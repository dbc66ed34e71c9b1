"""What a person must see before a reply leaves, whoever wrote it."""

from dataclasses import replace

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
    return tuple(_as_written(found, text, grounds.text) for check in _ALL for found in check(grounds))


def _as_written(check: Check, text: str, plain: str) -> Check:
    """With the words as they stand in the reply, full-width signs and all, so that they can be shown in their place."""
    begin = plain.find(check.detail)
    if not check.detail or begin < 0 or len(text) != len(plain):
        return check
    return replace(check, detail=text[begin : begin + len(check.detail)])
