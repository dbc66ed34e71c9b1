"""Whether an answer to a kept question will do, by words alone: the same answer is always judged the same."""

import difflib
import unicodedata
from dataclasses import dataclass

from console.writing.context import Check, Proposal, WritingFailed
from console.writing.plaintext import clean
from models import EvaluationCase

LEAST_LIKENESS = 0.2
"""Less alike than this to the expected answer, it speaks of something else; asked only where nothing must be said."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`faults` in words for the page; `likeness` to the expected answer, 0 to 1, None where none is kept."""

    answer: str
    faults: tuple[str, ...]
    likeness: float | None
    duration_ms: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None

    @property
    def passed(self) -> bool:
        return not self.faults


def judge(case: EvaluationCase, proposal: Proposal) -> Verdict:
    """Hold a reply against what the case asks for."""
    answer = _plain(proposal.text)
    faults = [f'没有说“{words}”' for words in case.must_say if _plain(words) not in answer]
    faults += [f'说了“{words}”' for words in case.must_not_say if _plain(words) in answer]
    faults += [f'检查不通过：{check.text} {check.detail}'.rstrip() for check in proposal.checks if _blocks(check)]
    likeness = (
        difflib.SequenceMatcher(None, _plain(case.expected), answer, autojunk=False).ratio() if case.expected else None
    )
    if likeness is not None and likeness < LEAST_LIKENESS and not case.must_say:
        faults.append('和期望的回答几乎没有相同之处')
    return Verdict(
        answer=proposal.text,
        faults=tuple(faults),
        likeness=round(likeness, 3) if likeness is not None else None,
        duration_ms=proposal.duration_ms,
        tokens_in=proposal.tokens_in,
        tokens_out=proposal.tokens_out,
    )


def unwritten(failure: WritingFailed) -> Verdict:
    """No answer could be had."""
    return Verdict(answer='', faults=(str(failure),), likeness=None)


def _blocks(check: Check) -> bool:
    """What is said about the parent's own words is not the answer's fault."""
    return check.level == 'block' and check.kind != 'injection'


def _plain(text: str | None) -> str:
    """Without spaces, and full-width signs as their narrow ones."""
    return ''.join(unicodedata.normalize('NFKC', clean(text or '')).split()).casefold()
