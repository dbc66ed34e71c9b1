"""The knowledge and the questions that the search is measured with."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from console.writing.context import Knowledge
from console.writing.retrieval import KnowledgeIndex

_HERE = Path(__file__).parent
_DEMO = _HERE.parents[1] / 'console' / 'demo'

Half = Literal['tuning', 'held-out']


@cache
def entries() -> tuple[Knowledge, ...]:
    """The demo school's knowledge and twice as much beside it, numbered from 0."""
    return numbered(_listed())


def numbered(listed: Iterable[Mapping[str, Any]]) -> tuple[Knowledge, ...]:
    """Entries as they stand in a file, numbered from 0."""
    return tuple(
        Knowledge(
            id=number,
            question=entry['question'],
            variants=tuple(entry['variants']),
            answer=entry['answer'],
            facts=entry['facts'],
        )
        for number, entry in enumerate(listed)
    )


@cache
def keys() -> tuple[str, ...]:
    """What the entries are called, in the order of `entries`."""
    return tuple(entry['external_key'] for entry in _listed())


def misses(index: KnowledgeIndex, half: Half, depth: int) -> tuple[list[tuple[str, str, list[str]]], int]:
    """The questions of a half whose entry is not among the first `depth`: question, expected, found; and how many
    were asked. `index` is built of `entries`."""
    asked = [one for one in read('questions.json') if one['half'] == half]
    missed = []
    for one in asked:
        found = [keys()[hit.id] for hit in index.search(one['question'], depth)]
        if one['expect'] not in found:
            missed.append((one['question'], one['expect'], found))
    return missed, len(asked)


def read(name: str) -> list[dict[str, Any]]:
    """A list kept beside this file."""
    return _parsed(_HERE / name)


def _listed() -> list[dict[str, Any]]:
    return [*_parsed(_DEMO / 'knowledge.json'), *read('knowledge.json')]


def _parsed(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text('utf-8'))
    return found
