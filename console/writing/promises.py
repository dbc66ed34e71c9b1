"""Promises a reply may not make, and money it may not give back on its own."""

import re
from collections.abc import Iterator
from functools import lru_cache

from console.writing.context import Check
from console.writing.evidence import rests_on_knowledge
from console.writing.grounds import Grounds
from console.writing.lexicon import lines

_NEGATED = re.compile(
    r'(?:不(?![用必怕但仅只过止])|没法|没有|未|无法|难以|不敢|不能|谁也|哪有|并非|从不|无需您?相信)[^,。!?;]{0,8}$'
)
_REACH = 13
"""The most signs that deny: 无需您相信, and eight more."""

_GAP = r'[^,。!?;不没无未]{0,6}?'
_GIVING = re.compile(
    r'(?:可以|能|会|同意|给您|帮您|为您|全额|马上|立即|立刻|直接|全部)(?P<between>[^,。!?;]{0,6}?)'
    r'(?:退款|退费|退钱|退给您|退还|退学费|全退|赔偿|赔付|赔给|补偿|免单|免除)'
    r'|(?:钱|款|学费|费用)(?P<when>[^,。!?;]{0,6}?)(?:退给您|退还|退回给您)'
)
_GOING_ON = re.compile('跟进|核实|申请|登记|反馈|确认|核对|联系|咨询|处理|了解|办理|查')
REFUND = re.compile('退费|退款|退钱|退课|退学费|退学|赔偿|赔钱|把钱退')
COMPLAINT = re.compile(
    '投诉|举报|维权|差评|骗|消协|12315|律师|起诉|法院|曝光|媒体|不满意|太差|很差|失望|生气|'
    '气愤|寒心|忽悠|糊弄|黑心|虚假宣传|坑(?:人|钱|家长)|被坑|(?:太|很)过分|不负责任|垃圾(?:机构|学校|老师)'
    '|(?:给|要|讨).{0,4}个说法|[讨要]说法|给.{0,4}(?:个|一个)(?:交代|交待)|态度.{0,4}(?:差|不好|恶劣)|受伤|打人|打架|欺负|霸凌|体罚'
)


def check_promises(grounds: Grounds) -> Iterator[Check]:
    """Promises of the list and the school's own, unless denied or quoted from a knowledge entry."""
    pattern = _pattern(grounds.context.roster.promises)
    quoted = {
        found
        for entry in grounds.context.knowledge
        for found in _promised(' '.join([entry.answer, *entry.facts.values()]), pattern)
    }
    for words in dict.fromkeys(_promised(grounds.text, pattern)):
        if words in quoted:
            yield Check(kind='promise', level='warn', text=f'“{words}”是承诺，知识库里有原话', detail=words)
        else:
            yield Check(
                kind='promise', level='block', text=f'“{words}”是对效果、名额或退款的承诺，不可发出', detail=words
            )


def check_refunds(grounds: Grounds) -> Iterator[Check]:
    """Money given back without a rule that says so; and that the parent speaks of refund or complaint at all."""
    for claim in grounds.claims:
        for found in _GIVING.finditer(claim.text):
            if _GOING_ON.search(found['between'] or found['when'] or '') or _denied(claim.text, found):
                continue
            if not rests_on_knowledge(claim.sentence, grounds.context):
                yield Check(
                    kind='refund',
                    level='block',
                    text=f'“{found.group()}”没有退费规则作依据，不可自行答应',
                    detail=found.group(),
                )
    said = '\n'.join(line.text for line in grounds.context.turn if line.who == 'parent')
    if REFUND.search(said):
        yield Check(kind='refund', level='warn', text='家长提到退费或赔偿，请由负责的老师把关', detail='')
    if COMPLAINT.search(said):
        yield Check(kind='complaint', level='warn', text='家长有投诉或不满，请由负责的老师把关', detail='')


def _promised(text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    return (found.group() for found in pattern.finditer(text) if not _denied(text, found))


def _denied(text: str, found: re.Match[str]) -> bool:
    return bool(_NEGATED.search(text, max(0, found.start() - _REACH), found.start()))


@lru_cache(maxsize=8)
def _pattern(own: frozenset[str]) -> re.Pattern[str]:
    phrases = [_GAP.join(f'(?:{part})' for part in line.split(' … ')) for line in lines('promises.txt')]
    return re.compile('|'.join([*phrases, *map(re.escape, sorted(own))]), re.IGNORECASE)
