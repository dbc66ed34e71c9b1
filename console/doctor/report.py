"""What was found, for a terminal, for a program, and for the clipboard. No secret is in any of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from console.calendar import SCHOOL_TIME
from console.doctor.finding import Finding, State


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether nothing is broken; warnings are well."""
    return all(finding.state is not State.BAD for finding in findings)


def as_text(findings: list[Finding], at: datetime, version: str) -> str:
    """One line each, the mend beneath it, and a summary."""
    head = f'EduDesk {version} 自检  {at + SCHOOL_TIME:%Y-%m-%d %H:%M:%S}'
    return '\n'.join([head, '', *(finding.as_text() for finding in findings), '', summary(findings)])


def summary(findings: list[Finding]) -> str:
    count = {state: sum(finding.state is state for finding in findings) for state in State}
    parts = [
        f'{count[state]} 项{word}'
        for state, word in (
            (State.BAD, '要解决'),
            (State.WARN, '要留意'),
            (State.GOOD, '正常'),
            (State.NOT_USED, '未检查'),
        )
        if count[state]
    ]
    return '，'.join(parts) or '还没有检查'


def as_json(findings: list[Finding], at: datetime, version: str) -> dict[str, Any]:
    return {
        'ok': is_well(findings),
        'at': at.isoformat(),
        'version': version,
        'findings': [finding.as_json() for finding in findings],
    }
