"""Cutting a long reply into messages WeCom does not cut itself."""

from itertools import pairwise

import regex

_CLUSTER = regex.compile(r'\X')

_SENTENCE_ENDS = frozenset('。！？!?…；;')
_CLOSERS = frozenset('”’」』）》】)]"\'')
"""What belongs to the sentence although it follows its end."""


def parts(text: str, limit: int = 2048) -> list[str]:
    """The text in as few parts of at most `limit` UTF-8 bytes as reading well allows, in order.

    Cuts at the end of a sentence where the latter half of a part has one, else between two grapheme clusters, so
    that no emoji is broken; only a single cluster longer than the limit is cut between its code points.
    White space around each part is trimmed and nothing else is lost; a blank text has no parts. `limit` is at least 4.
    """
    if limit < 4:
        raise ValueError('a part must have room for one character of four bytes')
    found = []
    rest = text.strip()
    start = 0
    while start < len(rest):
        end = _cut(rest, start, limit)
        found.append(rest[start:end].rstrip())
        start = end
        while start < len(rest) and rest[start].isspace():
            start += 1
    return found


def _cut(text: str, start: int, limit: int) -> int:
    """Where the part that begins at `start` ends."""
    # One code point more than can fit is enough to look at, and keeps the work linear whatever the text is.
    clusters = _CLUSTER.findall(text, start, start + limit + 1)
    size = 0
    end = start
    sentence = start
    ended = False
    for cluster, following in pairwise([*clusters, '']):
        size += _bytes(cluster)
        if size > limit:
            break
        end += len(cluster)
        ended = _ends_sentence(cluster, following) or (ended and cluster in _CLOSERS)
        if ended and size >= limit // 2 and following not in _CLOSERS | _SENTENCE_ENDS:
            sentence = end
    else:
        return end
    if sentence > start:
        return sentence
    return end if end > start else _within_cluster(clusters[0], start, limit)


def _ends_sentence(cluster: str, following: str) -> bool:
    if cluster == '.':
        return following.isspace()  # else it may be the point of a number or an address
    return cluster in _SENTENCE_ENDS or cluster in {'\n', '\r\n'}


def _within_cluster(cluster: str, start: int, limit: int) -> int:
    size = 0
    for end, character in enumerate(cluster, start):
        size += _bytes(character)
        if size > limit:
            return end
    return start + len(cluster)


def _bytes(text: str) -> int:
    return len(text.encode(errors='surrogatepass'))
