import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.wecom.events import parse
from tests.wecom.vectors import B, E


def message(kind: str, inside: str = '', *, message_id: str = '77', agent_id: str = '1000002') -> str:
    return (
        '<xml><ToUserName><![CDATA[ww1]]></ToUserName><FromUserName><![CDATA[LiMing]]></FromUserName>'
        f'<CreateTime>1700000000</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{inside}'
        f'<MsgId>{message_id}</MsgId><AgentID>{agent_id}</AgentID></xml>'
    )


def event(name: str, inside: str = '', *, sender: str = 'sys', created: int = 1700000000) -> str:
    return (
        f'<xml><ToUserName><![CDATA[ww1]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>'
        f'<CreateTime>{created}</CreateTime><MsgType><![CDATA[event]]></MsgType>'
        f'<Event><![CDATA[{name}]]></Event>{inside}</xml>'
    )


DOORBELL = (
    '<xml><ToUserName><![CDATA[ww1]]></ToUserName><CreateTime>1348831860</CreateTime><MsgType><![CDATA[event]]></MsgType>'
    '<Event><![CDATA[kf_msg_or_event]]></Event><Token><![CDATA[{token}]]></Token><OpenKfId><![CDATA[wk1]]></OpenKfId></xml>'
)


def test_the_official_text_message_is_read():
    found = parse(E.account.crypto().open(E.encrypted))

    assert found.kind == found.name == 'text'
    assert found.text == '你好'
    assert found.sender == 'ChenJiaShun'
    assert found.agent_id == '1000002'
    assert found.created_at == datetime(2016, 10, 14, 5, 26, 19, tzinfo=UTC)
    assert found.dedup_key == 'msg:1000002:1456453720'
    assert found.media_id is None
    assert found.fields['ToUserName'] == 'ww1436e0e65a779aee'


def test_line_ends_between_the_elements_do_not_matter():
    found = parse(B.account.crypto().open(B.encrypted))

    assert (found.text, found.dedup_key) == ('hello', 'msg:218:4561255354251345929')


@pytest.mark.parametrize(
    ('kind', 'inside', 'text', 'media_id'),
    [
        ('text', '<Content><![CDATA[ 第一行\n第二行 <b>&amp; ]]></Content>', ' 第一行\n第二行 <b>&amp; ', None),
        ('text', '<Content>a &lt; b &amp; c</Content>', 'a < b & c', None),
        ('text', '<Content></Content>', '', None),
        ('image', '<PicUrl>http://p</PicUrl><MediaId>m1</MediaId>', '[图片]', 'm1'),
        ('voice', '<MediaId>m2</MediaId><Format>amr</Format>', '[语音]', 'm2'),
        ('video', '<MediaId>m3</MediaId><ThumbMediaId>t3</ThumbMediaId>', '[视频]', 'm3'),
        ('location', '<Location_X>23.1</Location_X><Label>海淀区中关村</Label>', '[位置] 海淀区中关村', None),
        ('location', '<Location_X>23.1</Location_X>', '[位置]', None),
        (
            'link',
            '<Title>招生</Title><Description>略</Description><Url>https://e.cn</Url>',
            '[链接] 招生 https://e.cn',
            None,
        ),
    ],
)
def test_every_kind_of_message_has_a_text_staff_can_read(kind: str, inside: str, text: str, media_id: str | None):
    found = parse(message(kind, inside))

    assert (found.kind, found.text, found.media_id, found.sender) == (kind, text, media_id, 'LiMing')


def test_a_control_character_does_not_cost_us_the_message():
    found = parse(message('text', '<Content><![CDATA[请假\x14一天\x00\ufffe]]></Content>'))

    assert (found.kind, found.text) == ('text', '请假一天')


def test_a_kind_we_do_not_know_is_kept_with_its_name_and_key():
    found = parse(message('hologram'))

    assert (found.kind, found.name, found.text) == ('unknown', 'hologram', '[暂不支持的消息]')
    assert found.dedup_key == 'msg:1000002:77'


def test_a_message_is_known_by_app_and_id():
    assert parse(message('text')).dedup_key == parse(message('text', '<New>1</New>')).dedup_key
    assert parse(message('text')).dedup_key != parse(message('text', message_id='78')).dedup_key
    assert parse(message('text')).dedup_key != parse(message('text', agent_id='3')).dedup_key


def test_two_customers_added_in_one_second_are_two_events():
    added = '<ChangeType>add_external_contact</ChangeType><UserID>zhang</UserID><ExternalUserID>{}</ExternalUserID>'

    first, second = (parse(event('change_external_contact', added.format(who))) for who in ('wm1', 'wm2'))

    assert (first.kind, first.name, first.change) == ('event', 'change_external_contact', 'add_external_contact')
    assert first.dedup_key != second.dedup_key
    assert first.dedup_key == parse(event('change_external_contact', added.format('wm1'))).dedup_key


def test_values_that_move_between_fields_make_another_event():
    first = parse(event('click', '<EventKey>ab</EventKey><State>c</State>'))
    second = parse(event('click', '<EventKey>a</EventKey><State>bc</State>'))

    assert first.dedup_key != second.dedup_key


def test_the_doorbell_of_customer_service_is_an_event_without_a_sender():
    found = parse(DOORBELL.format(token='t1'))

    assert (found.kind, found.name, found.sender, found.agent_id, found.text) == (
        'event',
        'kf_msg_or_event',
        None,
        None,
        '',
    )
    assert (found.fields['Token'], found.fields['OpenKfId']) == ('t1', 'wk1')
    assert found.dedup_key != parse(DOORBELL.format(token='t2')).dedup_key


def test_nested_and_repeated_elements_keep_their_place():
    inside = (
        '<AuthAddOpenKfId>wk1</AuthAddOpenKfId><AuthAddOpenKfId>wk2</AuthAddOpenKfId><AuthAddOpenKfId>wk3</AuthAddOpenKfId>'
        '<SendLocationInfo>\n<Location_X>1</Location_X>\n<Label>家</Label>\n</SendLocationInfo>'
        '<SelectedItems><SelectedItem><QuestionKey>q</QuestionKey><OptionIds><OptionId>o1</OptionId>'
        '<OptionId>o2</OptionId></OptionIds></SelectedItem></SelectedItems>'
    )

    fields = parse(event('mixed', inside)).fields

    assert fields['AuthAddOpenKfId'] == ['wk1', 'wk2', 'wk3']
    assert (fields['SendLocationInfo.Location_X'], fields['SendLocationInfo.Label']) == ('1', '家')
    assert fields['SelectedItems.SelectedItem.OptionIds.OptionId'] == ['o1', 'o2']
    assert not {'SendLocationInfo', 'SelectedItems'} & fields.keys()


NOT_UNDERSTOOD = {
    'nothing': '',
    'a number': '1616140317555161061',
    'JSON': '{"msgtype": "text"}',
    'another root': '<html></html>',
    'an empty root': '<xml></xml>',
    'cut off': E.plain[:150],
    'more after the end': E.plain + E.plain,
    'no kind': '<xml><Content>hello</Content></xml>',
    'two kinds': '<xml><MsgType>text</MsgType><MsgType>event</MsgType></xml>',
    'an event without a name': '<xml><MsgType>event</MsgType></xml>',
    'a document type': f'<!DOCTYPE xml>{E.plain}',
    'a document type after the declaration': f'<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "b">]>{E.plain}',
    'an entity of its own': '<xml><MsgType>text</MsgType><Content>&secret;</Content></xml>',
    'a foreign encoding': '<?xml version="1.0" encoding="no-such"?>' + E.plain.replace('</xml>', '</xm>'),
    'nine levels': '<xml>' + '<a>' * 9 + '</a>' * 9 + '</xml>',
    'a lone surrogate': '\ud800',
}


@pytest.mark.parametrize('xml', NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_what_cannot_be_understood_is_unknown_and_known_by_its_bytes(xml: str):
    found = parse(xml)

    assert found.kind == 'unknown'
    assert found.dedup_key.startswith('raw:')
    assert found.dedup_key == parse(xml).dedup_key
    assert found.dedup_key != parse(xml + ' ').dedup_key


@pytest.mark.parametrize('seconds', ['', '-1', '1e9', '１２３', '9' * 5000, 'now'])
def test_a_time_that_is_none_is_none(seconds: str):
    assert parse(f'<xml><MsgType>text</MsgType><CreateTime>{seconds}</CreateTime></xml>').created_at is None


@pytest.mark.parametrize(
    ('message_id', 'agent_id'), [('', '1'), ('7 7', '1'), ('7' * 65, '1'), ('77', 'x' * 25), ('七', '1')]
)
def test_an_id_that_cannot_be_one_is_not_a_key(message_id: str, agent_id: str):
    assert parse(message('text', message_id=message_id, agent_id=agent_id)).dedup_key.startswith('raw:')


@given(st.text(st.characters()))
def test_arbitrary_text_is_unknown_and_never_breaks_anything(xml: str):
    assert parse(xml).kind == 'unknown'


@given(
    st.recursive(
        st.text(st.characters()),
        lambda inner: st.builds(
            '<{0}>{1}</{0}>'.format,
            st.sampled_from(['MsgType', 'Event', 'MsgId', 'AgentID', 'CreateTime', 'Content', 'FromUserName', 'xml']),
            inner,
        ),
        max_leaves=8,
    )
)
def test_arbitrary_elements_never_break_anything(inside: str):
    found = parse(f'<xml>{inside}</xml>')

    assert found.dedup_key.isascii()
    assert len(found.dedup_key) <= 100


@pytest.mark.parametrize(
    'xml',
    [
        '<xml>' + '<a>' * 200_000,
        '<xml>' + '<a>' * 43_000,
        '<!DOCTYPE lolz [' + '<!ENTITY a "&b;&b;">' * 50_000 + ']><xml>&a;</xml>',
        '<xml><!DOCTYPE lolz [' + '<!ENTITY a "&b;&b;">' * 6_000 + ']>&a;</xml>',
        '<?xml' + ' ' * 120_000,
        ' ' * 131_000,
    ],
    ids=['deep', 'just short enough', 'entities', 'entities inside', 'declaration', 'blanks'],
)
def test_a_hostile_text_costs_next_to_nothing(xml: str):
    started = time.thread_time()
    assert parse(xml).kind == 'unknown'

    assert time.thread_time() - started < 0.02


NAMES = st.sampled_from(['MsgType', 'Content', 'MsgId', 'FromUserName', 'Label', 'a.b', '内容'])
TEXTS = st.lists(
    st.sampled_from(
        [*'a<>&\r\n \x00内é', ']]>', '<![CDATA[', '</Content>', '<Content>', '&amp;', ']]></Content><Content>']
    ),
    max_size=5,
).map(''.join)
PIECES = st.one_of(
    st.tuples(NAMES, TEXTS).map(lambda leaf: f'<{leaf[0]}><![CDATA[{leaf[1]}]]></{leaf[0]}>'),
    st.tuples(NAMES, TEXTS).map(lambda leaf: f'<{leaf[0]}>{leaf[1]}</{leaf[0]}>'),
    st.tuples(NAMES, NAMES, TEXTS).map(lambda leaf: f'<{leaf[0]}><{leaf[1]}>{leaf[2]}</{leaf[1]}></{leaf[0]}>'),
    TEXTS,
)


@given(st.lists(PIECES, max_size=6).map(''.join))
def test_what_is_read_by_a_pattern_is_what_a_parser_reads(inside: str) -> None:
    plain = parse(f'<xml>{inside}</xml>')
    by_the_parser = parse(f'<xml>{inside}<!-- the pattern knows no comments --></xml>')
    assert plain.fields == by_the_parser.fields
