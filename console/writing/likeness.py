"""Which questions ask for the same thing, told by the signs they share."""

import re
from collections.abc import Sequence

from console.writing.segmentation import normal

ALIKE = 0.4
"""Share of pairs of signs two questions must have in common; tried on the demo school's questions."""

_COURTESY = re.compile('您好|你好|老师|请问|想问一?下|问一?下|麻烦|谢谢|一下|⟦[^⟦⟧]*⟧')
_RUN = re.compile('[\u4e00-\u9fffa-z0-9]+')


def groups(questions: Sequence[str]) -> list[list[int]]:
    """Places of the questions that are alike, the largest group first; each question is in one group.

    A question joins the group whose first one it is most like, so the same questions always give the same groups.
    """
    found: list[list[int]] = []
    leaders: list[frozenset[str]] = []
    for place, question in enumerate(questions):
        mine = _pairs(question)
        best, leader = max(
            ((_shared(mine, other), -number) for number, other in enumerate(leaders)), default=(0.0, 0)
        )  # fmt: skip
        if best >= ALIKE:
            found[-leader].append(place)
        else:
            leaders.append(mine)
            found.append([place])
    return sorted(found, key=lambda group: (-len(group), group[0]))


def most_alike(question: str, others: Sequence[str], *, limit: int) -> list[int]:
    """Places of the others that ask for the same thing, the most alike first; of equally alike ones the first."""
    mine = _pairs(question)
    shares = [(-_shared(mine, _pairs(other)), place) for place, other in enumerate(others)] if mine else []
    return [place for share, place in sorted(shares)[:limit] if -share >= ALIKE]


def _pairs(question: str) -> frozenset[str]:
    runs = _RUN.findall(_COURTESY.sub(' ', normal(question)))
    return frozenset(run[start : start + 2] for run in runs for start in range(max(1, len(run) - 1)))


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0
