"""The reply in an answer that is still being written: for whoever waits to see, never for whatever is sent."""

import json
import re

from console.writing.masking import Mask
from console.writing.plaintext import clean

_THOUGHT = re.compile(r'<think>.*?(?:</think>|\Z)', re.DOTALL)
_FENCE = re.compile(r'\A```[a-zA-Z]*\s*')
_REPLY = re.compile(r'["\']?reply["\']?\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
_HALF_AN_ESCAPE = re.compile(r'\\(?:u[0-9a-fA-F]{0,3})?\Z')
_HALF_A_PLACEHOLDER = re.compile(r'(?:⟦[^⟦⟧]*|学生?|家长?)\Z')


def reply_so_far(raw: str, mask: Mask) -> str:
    """What of the reply can be read in the first part of a model's answer: JSON, fenced or not, or plain words.

    Names are back; of a number only its kind is told. Empty as long as nothing is certain.
    """
    text = _FENCE.sub('', _THOUGHT.sub('', raw, count=1).lstrip().lstrip('\ufeff'))
    if found := _REPLY.search(text):
        text = _unescaped(found.group(1))
    elif text.startswith(('{', '[', '`', '<')):
        return ''
    return mask.glimpse(_HALF_A_PLACEHOLDER.sub('', clean(text).strip()))


def _unescaped(inside: str) -> str:
    """The text that a JSON string holds, of which the end is missing."""
    try:
        text = str(json.loads(f'"{_HALF_AN_ESCAPE.sub("", inside)}"', strict=False))
    except ValueError:
        return ''
    return text.encode('utf-16', 'surrogatepass').decode('utf-16', 'ignore')
