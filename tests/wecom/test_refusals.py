import re

import pytest

from console.wecom.refusals import REFUSALS, RecipientRefused, RefusalKind, WeComRefused, WeComUnreachable, refusal_of

DOCUMENTED = """
-1 6000 40001 40003 40007 40013 40014 40029 40033 40056 40058 40093 40096 41001 41050 41051 41096 42001 42012 42022
42052 44004 45002 45009 45033 45035 48002 48006 48007 48011 50001 50002 50003 60011 60020 60021 60030 60111 60140 60252
60253 80001 81013 82001 84061 85005 86216 93000 95000 95004 95001 95002 95003 95007 95012 95011 95013 95014 95016 95017
95018 95019 95023 95031 95033 301002
"""


def test_every_documented_code_is_known():
    assert {int(code) for code in DOCUMENTED.split()} <= REFUSALS.keys()


@pytest.mark.parametrize('code', [*REFUSALS, None, 0, 999999])
def test_every_code_tells_staff_in_chinese_what_is_wrong_and_what_to_do(code: int | None):
    refusal = refusal_of(code)

    assert re.search('[\u4e00-\u9fff]{2}', refusal.cause_zh)
    assert re.search('[\u4e00-\u9fff]{2}', refusal.mend_zh)
    assert not refusal.cause_zh.endswith('。')
    assert re.fullmatch('[ -~]+', refusal.english)


@pytest.mark.parametrize(
    ('kind', 'codes'),
    [
        (RefusalKind.RETRY, [-1, 6000, 45035]),
        (RefusalKind.TOKEN, [40014, 42001, 41001]),
        (RefusalKind.CREDENTIAL, [40001]),
        (RefusalKind.RATE, [45009, 45033]),
        (RefusalKind.CONFIGURATION, [60020, 48002, 301002, 50001, 95011, 95012, 95017, 95023]),
        (RefusalKind.PERMANENT, [40003, 60111, 81013, 84061, 40096, 44004, 45002, 40058, 95000, 95004, 86216]),
        (RefusalKind.WINDOW_CLOSED, [95001, 95002, 95018, 95013, 95031]),
        (RefusalKind.UNKNOWN, [0, 1, 999999, None]),
    ],
)
def test_every_class_asks_for_its_own_way_out(kind: RefusalKind, codes: list[int | None]):
    assert {refusal_of(code).kind for code in codes} == {kind}


def test_a_refusal_says_cause_mend_and_what_support_will_ask_for():
    refused = WeComRefused(
        60020,
        'not allow to access from your ip, hint: [1576065934_28_abc], from ip: 9.30.0.138, more info at https://x',
    )

    assert str(refused) == (
        '服务器 IP 不在企业可信 IP 中。请管理员加入企业可信 IP，保存约 1 分钟后生效。'
        '（错误码 60020，hint 1576065934_28_abc，来源 IP 9.30.0.138）'
    )
    assert (refused.kind, refused.hint, refused.from_ip) == ('configuration', '1576065934_28_abc', '9.30.0.138')


def test_a_code_we_do_not_know_needs_a_person():
    assert str(WeComRefused(123456)).endswith('（错误码 123456）')
    assert WeComRefused(123456).kind is RefusalKind.UNKNOWN


def test_an_answer_without_a_code_needs_a_person():
    assert str(WeComRefused(None)).endswith('（无错误码）')
    assert WeComRefused(None).kind is RefusalKind.UNKNOWN


@pytest.mark.parametrize(('listed_as', 'word'), [('invaliduser', '离职'), ('unlicenseduser', '许可')])
def test_a_recipient_who_was_not_reached_is_final(listed_as: str, word: str):
    refused = RecipientRefused(listed_as)

    assert refused.kind is RefusalKind.PERMANENT
    assert word in str(refused)


def test_an_unreachable_wecom_says_whether_the_request_may_have_arrived():
    assert '没有送达' in str(WeComUnreachable('ConnectTimeout', sent_maybe=False))
    assert '不能确定' in str(WeComUnreachable('ReadTimeout', sent_maybe=True))
