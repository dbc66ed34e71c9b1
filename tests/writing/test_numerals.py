from decimal import Decimal

import pytest

from console.writing.amounts import figures
from console.writing.clock import times
from console.writing.days import weekdays
from console.writing.numerals import value


@pytest.mark.parametrize(
    ('words', 'amount'),
    [
        ('2,160', 2160),
        ('0.216万', 2160),
        ('3k', 3000),
        ('一千二百八', 1280),
        ('一千二百零八', 1208),
        ('两千四', 2400),
        ('三万五', 35000),
        ('十二', 12),
        ('一百二十', 120),
        ('八五', 85),
        ('二点五', Decimal('2.5')),
    ],
)
def test_a_number_is_worth_the_same_however_it_is_written(words, amount):
    assert value(words) == amount


@pytest.mark.parametrize('words', ['百千', '万百', '一' * 5000, '八万' * 2000])
def test_what_is_no_number_has_no_worth(words):
    assert value(words) is None


@pytest.mark.parametrize(
    'text',
    ['十分感谢', '一起上课', '这两天', '一次性', '12月5日', '14:30', '⟦手机号1⟧', '13800000101', '一块儿来', '三年级'],
)
def test_what_counts_nothing_is_no_figure(text):
    assert figures(text) == ()


@pytest.mark.parametrize(
    ('text', 'minutes'),
    [
        ('14:00', {840}),
        ('下午两点', {840}),
        ('下午2点半', {870}),
        ('晚上七点', {1140}),
        ('两点半', {150, 870}),
        ('中午十二点', {720}),
        ('上午10点一刻', {615}),
    ],
)
def test_a_time_is_the_same_however_it_is_written(text, minutes):
    assert [set(time.minutes) for time in times(text)] == [minutes]


@pytest.mark.parametrize('text', ['有一点难', '说两点建议', '这两点', '几点'])
def test_a_point_is_no_time(text):
    assert times(text) == ()


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('周六', {5}),
        ('礼拜天', {6}),
        ('星期1', {0}),
        ('周二至周五', {1, 2, 3, 4}),
        ('周三、五', {2, 4}),
        ('每周一次', set()),
        ('周六10:50', {5}),
    ],
)
def test_weekdays_are_read_in_every_form(text, found):
    assert weekdays(text) == found
