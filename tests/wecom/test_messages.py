import json

import pytest

from console.errors import Invalid
from console.wecom.messages import (
    Button,
    button_card_message,
    markdown_message,
    media_message,
    text_message,
    textcard_message,
    update_card,
)

AGAIN = {'enable_duplicate_check': 1, 'duplicate_check_interval': 14400}
TO = {'touser': 'LiMing', 'agentid': 1000002}


@pytest.mark.parametrize(
    ('build', 'msgtype'), [(text_message, 'text'), (markdown_message, 'markdown')], ids=['text', 'markdown']
)
def test_words_are_frozen_as_raw_utf8_with_the_duplicate_check_on(build, msgtype: str):
    body = build('LiMing', 1000002, '您好\n😀', duplicate_check_interval=14400)

    assert '您好'.encode() in body
    assert json.loads(body) == {**TO, 'msgtype': msgtype, msgtype: {'content': '您好\n😀'}, **AGAIN}
    assert body == build('LiMing', 1000002, '您好\n😀', duplicate_check_interval=14400)


@pytest.mark.parametrize('build', [text_message, markdown_message])
@pytest.mark.parametrize('text', ['', ' \n', '课' * 683, 'x' * 2049, 'a\ud800'])
def test_words_wecom_would_cut_or_refuse_are_not_frozen(build, text: str):
    with pytest.raises(Invalid) as found:
        build('LiMing', 1, text, duplicate_check_interval=14400)

    assert found.value.field == 'text'


def test_a_picture_is_sent_by_the_name_wecom_gave_it():
    body = json.loads(media_message('LiMing', 1000002, 'image', 'media-1', duplicate_check_interval=14400))

    assert body == {**TO, 'msgtype': 'image', 'image': {'media_id': 'media-1'}, **AGAIN}


def test_a_text_card_leads_to_a_page():
    card = {'title': '待审核', 'description': '家长在问学费', 'url': 'https://school.example/review'}

    body = json.loads(textcard_message('LiMing', 1000002, **card, duplicate_check_interval=14400))

    assert body['textcard'] == {**card, 'btntxt': '详情'}


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('title', '题' * 129),
        ('description', '述' * 513),
        ('button', '五个汉字啊'),
        ('url', 'https://school.example/' + 'x' * 2048),
        ('url', 'javascript:alert(1)'),
        ('title', ''),
    ],
)
def test_a_text_card_wecom_would_cut_is_not_frozen(field: str, value: str):
    card = {'title': '待审核', 'description': '家长在问学费', 'url': 'https://school.example/review', field: value}

    with pytest.raises(Invalid) as found:
        textcard_message('LiMing', 1, **card, duplicate_check_interval=14400)

    assert found.value.field == field


BUTTONS = [Button(text='通过', key='approve:7:1'), Button(text='驳回', key='reject:7:1', style=3)]


def test_a_card_with_buttons_is_cut_to_what_the_phone_shows():
    body = json.loads(
        button_card_message(
            'LiMing',
            1000002,
            task_id='draft_7@1',
            title='王梦瑶 · 妈妈',
            lead='问',
            text='答' * 200,
            facts=[('检查', '提到价格')],
            buttons=BUTTONS,
            url='https://school.example/review/7',
            duplicate_check_interval=14400,
        )
    )

    assert body['msgtype'] == 'template_card'
    assert body['template_card'] == {
        'card_type': 'button_interaction',
        'task_id': 'draft_7@1',
        'main_title': {'title': '王梦瑶 · 妈妈', 'desc': '问'},
        'sub_title_text': '答' * 159 + '…',
        'horizontal_content_list': [{'keyname': '检查', 'value': '提到价格'}],
        'button_list': [
            {'text': '通过', 'style': 1, 'key': 'approve:7:1'},
            {'text': '驳回', 'style': 3, 'key': 'reject:7:1'},
        ],
        'card_action': {'type': 1, 'url': 'https://school.example/review/7'},
    }


@pytest.mark.parametrize(
    'wrong',
    [
        {'task_id': 'draft 7'},
        {'task_id': 'x' * 129},
        {'buttons': []},
        {'buttons': BUTTONS * 4},
        {'buttons': [Button(text='通过', key='键' * 342)]},
        {'title': ''},
        {'url': 'ftp://school.example'},
    ],
    ids=str,
)
def test_a_card_wecom_would_refuse_is_not_frozen(wrong: dict):
    card = {'task_id': 'draft_7', 'title': '待审核', 'buttons': BUTTONS, **wrong}

    with pytest.raises(Invalid):
        button_card_message('LiMing', 1, **card, duplicate_check_interval=14400)


def test_the_buttons_of_a_card_make_room_for_what_was_decided():
    assert json.loads(update_card('LiMing', 1000002, response_code='code-1', replace_name='已由李老师通过')) == {
        'userids': ['LiMing'],
        'agentid': 1000002,
        'response_code': 'code-1',
        'button': {'replace_name': '已由李老师通过'},
    }
