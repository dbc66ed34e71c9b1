"""What one check found, in words for someone who is not an engineer: what happened, why, and what to do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    GOOD = 'good'
    WARN = 'warn'  # it works, but somebody should know
    BAD = 'bad'  # part of the chain is broken until somebody mends it
    NOT_USED = 'not_used'  # this installation does without, or it could not be looked at


SIGNS = {State.GOOD: '✓', State.WARN: '!', State.BAD: '✗', State.NOT_USED: '·'}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`cause` says what is the matter, `where` which admin page mends it, `step` what to do there.

    `values` are (label, value) to paste there. None of them ever holds a secret.
    """

    state: State
    cause: str
    where: str = ''
    step: str = ''
    values: tuple[tuple[str, str], ...] = ()
    name: str = ''
    title: str = ''
    milliseconds: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            'name': self.name,
            'title': self.title,
            'state': self.state,
            'cause': self.cause,
            'where': self.where,
            'next_step': self.step,
            'values': dict(self.values),
            'milliseconds': self.milliseconds,
        }

    def as_text(self) -> str:
        """The line, and beneath it, indented, how to mend it."""
        lines = [f'{SIGNS[self.state]} {self.title}: {self.cause}']
        if self.where:
            lines.append(f'    在哪里改: {self.where}')
        if self.step:
            lines.append(f'    怎么办: {self.step}')
        lines += [f'    {label}: {value}' for label, value in self.values]
        return '\n'.join(lines)


def good(cause: str, **more: Any) -> Finding:
    return Finding(state=State.GOOD, cause=cause, **more)


def warn(cause: str, **more: Any) -> Finding:
    return Finding(state=State.WARN, cause=cause, **more)


def bad(cause: str, **more: Any) -> Finding:
    return Finding(state=State.BAD, cause=cause, **more)


def not_used(cause: str, **more: Any) -> Finding:
    return Finding(state=State.NOT_USED, cause=cause, **more)
