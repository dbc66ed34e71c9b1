"""How risks and checks are called where drafts are reviewed."""

from pages.widgets import Tone

RISKS = {
    'complaint': '投诉',
    'refund': '退费',
    'promise': '承诺',
    'minor': '未成年人信息',
    'money': '金额待核',
    'thin': '依据不足',
    'none': '没有风险',
}

RISK_TONES: dict[str, Tone] = {
    'complaint': 'danger',
    'refund': 'danger',
    'promise': 'danger',
    'minor': 'danger',
    'money': 'danger',
    'thin': 'warn',
}

CHECKS = {
    'amount': '金额',
    'figure': '数字',
    'date': '日期',
    'time': '时间',
    'name': '名称',
    'pupil': '其他学员',
    'promise': '承诺',
    'refund': '退费',
    'complaint': '投诉',
    'injection': '可疑指令',
    'leak': '内部信息',
    'link': '链接',
    'phone': '号码',
    'placeholder': '代号',
    'characters': '异常字符',
}

SAME = {'complaint': 'complaint', 'refund': 'refund', 'promise': 'promise', 'minor': 'pupil', 'money': 'amount'}
"""The check that a risk says already."""
