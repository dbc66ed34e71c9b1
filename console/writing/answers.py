"""The model's answer: read strictly, so that nothing doubtful becomes a draft."""

import json
import re
from dataclasses import dataclass
from string import ascii_letters
from typing import Any

from console.writing.context import WritingFailed
from console.writing.masking import Mask
from console.writing.plaintext import clean
from console.writing.prompt import Prompt

LONGEST_REPLY_CHARACTERS = 4000
LONGEST_ANSWER_CHARACTERS = 20_000
"""With the JSON around it; what is longer is not even read to its end."""

_FENCE = '```'
_SCHEMA = re.compile(r'\b(?:reply|sources|needs_human)["\']?\s*:')
_MARKUP = re.compile(
    r'<[/!]?[A-Za-z][^<>]*>|&(?:lt|gt|amp|nbsp|#\d+);'  # HTML
    r'|```|\*\*[^*\n]+\*\*|^\s{0,3}#{1,6}\s|\[[^\[\]\n]+\]\([^)\n]|^[ \t]*\|.*\|[ \t]*$',  # Markdown
    re.MULTILINE,
)
_REFUSAL = re.compile(
    r'作为一?[个名款种]?(?:AI|人工智能|大?语言模型|智能助手|虚拟助手)|我(?:只)?是一?[个名款]?(?:AI|人工智能|大?语言模型)'
    r'|(?:无法|不能|没办法)(?:满足|协助|处理|完成)[您你](?:的)?(?:这个|该|此)?(?:请求|要求)'
    r'|\bas an ai\b|\bi(?:\'|’)?m sorry,? but i can|\bi can(?:no|\'|’)t (?:assist|help) with',
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answer:
    """`cited` are numbers of knowledge entries that were offered. `was_cleaned`: invisible characters were dropped."""

    reply: str
    cited: tuple[int, ...]
    needs_human: bool
    was_cleaned: bool


def read(raw: str, finish_reason: str | None, *, prompt: Prompt, mask: Mask) -> Answer:
    """The reply with names and numbers restored. Raises `WritingFailed` with the reason it cannot be used."""
    _require_finished(finish_reason)
    if len(raw) > LONGEST_ANSWER_CHARACTERS:
        raise WritingFailed('too_long')
    reply, cited, needs_human = _parsed(_without_thought(raw).strip().lstrip('\ufeff'))
    if any('\ud800' <= character <= '\udfff' for character in reply):
        raise WritingFailed('unreadable')
    plain = clean(reply).strip()
    _require_usable(plain, prompt)
    if mask.unresolved(plain):
        raise WritingFailed('placeholder')
    offered = range(1, len(mask.context.knowledge) + 1)
    return Answer(
        reply=mask.restore(plain),
        cited=tuple(dict.fromkeys(number for number in cited if number in offered)),
        needs_human=needs_human,
        was_cleaned=plain != reply.replace('\r\n', '\n').strip(),
    )


def closed(raw: str) -> bool:
    """Whether it is JSON up to its last bracket: then nothing is missing, whatever the server says of its end."""
    try:
        return isinstance(json.loads(_without_thought(raw)), dict)
    except (ValueError, RecursionError):
        return False


def _without_thought(raw: str) -> str:
    before, opened, rest = raw.partition('<think>')
    _, closed, after = rest.partition('</think>')
    return before + after if opened and closed else raw


def _require_finished(finish_reason: str | None) -> None:
    match finish_reason:
        case 'stop':
            return
        case None:
            raise WritingFailed('cut')
        case 'length' | 'content_filter':
            raise WritingFailed(finish_reason)
        case 'insufficient_system_resource':
            raise WritingFailed('unavailable')
    raise WritingFailed('not_an_answer')


def _parsed(text: str) -> tuple[str, list[int], bool]:
    """JSON, fenced or after a preface, or else the text itself: a server without a JSON mode answers in plain words."""
    inside = text.removeprefix(_FENCE)
    if inside != text and inside.endswith(_FENCE):
        text = inside.removesuffix(_FENCE).lstrip(ascii_letters).strip()
        if not text.startswith('{'):
            raise WritingFailed('markup')
    if not text.startswith(('{', '[{')) and not _SCHEMA.search(text):
        return text, [], False
    try:
        found, _ = json.JSONDecoder().raw_decode(text, max(text.find('{'), 0))
    except (ValueError, RecursionError):
        raise WritingFailed('broken_json') from None
    if not isinstance(found, dict) or not isinstance(found.get('reply'), str) or _SCHEMA.search(found['reply']):
        raise WritingFailed('broken_json')
    return found['reply'], _numbers(found.get('sources')), found.get('needs_human') is True


def _numbers(sources: Any) -> list[int]:
    """Servers write [1], ["1"] or nothing at all; what is no number cites nothing."""
    listed = sources if isinstance(sources, list) else []
    return [int(found) for found in listed if re.fullmatch(r'\d{1,3}', str(found))]


def _require_usable(reply: str, prompt: Prompt) -> None:
    if not reply:
        raise WritingFailed('empty')
    if len(reply) > LONGEST_REPLY_CHARACTERS:
        raise WritingFailed('too_long')
    if prompt.echoed_in(reply):
        raise WritingFailed('prompt_echo')
    if _MARKUP.search(reply):
        raise WritingFailed('markup')
    if _REFUSAL.search(reply):
        raise WritingFailed('refusal')
