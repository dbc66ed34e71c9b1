"""What a parent wants, in a word of ours: by words she uses, the gravest first. No model is asked."""

import re

from console.writing.promises import COMPLAINT, REFUND

NAMES = {
    'complaint': '投诉',
    'refund': '退费',
    'leave': '请假',
    'reschedule': '调课',
    'trial': '试听',
    'price': '费用',
    'hours': '课时',
    'homework': '作业',
    'progress': '学习情况',
    'schedule': '上课时间',
    'place': '地址',
    'teacher': '老师',
    'course': '选课',
    'other': '其他',
}
"""Every intent, as staff read it."""

_WORDS = {
    'complaint': COMPLAINT,
    'refund': REFUND,
    'leave': re.compile(
        '请假|请个假|请天假|(?:今天|明天|后天|这周|下周|周[一二三四五六日天末]).{0,6}(?:来不了|去不了|上不了|不来|不去)|缺课'
    ),
    'reschedule': re.compile('调课|补课|换(?:课|班|时间|个时间|到)|改(?:课|时间|到|约|期)|顺延|停课'),
    'trial': re.compile('试听|试课|体验课|试上'),
    'price': re.compile(
        '多少钱|价格|费用|学费|收费|价钱|怎么收|几多钱|优惠|打折|折扣|便宜|团购|(?:要|是|收)多少|分期|发票'
    ),
    'hours': re.compile('课时|(?:还剩|剩下|剩余|还有)(?:多少|几)节|续费|续课|续报|过期|到期|有效期'),
    'homework': re.compile('作业|练习册|打卡|背单词|默写'),
    'progress': re.compile('学得|表现|进步|退步|跟得上|跟不上|成绩|考试|测评|考级|反馈|听得懂'),
    'schedule': re.compile(
        '几点|什么时候|时间|课表|排课|周[一二三四五六日天末].{0,6}(?:有|上)课|有课吗|放假|开课|上课吗|营业|下班|寒假|暑假'
    ),
    'place': re.compile('地址|在哪|哪里|怎么走|停车|地铁|校区|导航|定位|多远'),
    'teacher': re.compile('老师|外教|师资|班主任'),
    'course': re.compile('课程|报名|报班|几岁|年级|零基础|教材|小班|一对一|名额|班'),
}


def of(words: str) -> str:
    """One of `NAMES`; `other` where nothing tells."""
    return next((intent for intent, pattern in _WORDS.items() if pattern.search(words)), 'other')
