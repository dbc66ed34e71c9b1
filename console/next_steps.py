"""What a record itself suggests to do now."""

from console.calendar import today
from console.enrolments import FEW_LESSONS
from console.students import Record
from models import Stage

SOON_DAYS = 30

_NEXT_STEPS = {
    Stage.LEAD: '还没有联系过，先了解孩子的年级和想学的科目',
    Stage.CONTACTED: '可以邀请试听',
    Stage.TRIAL_BOOKED: '试听前一天提醒家长时间和地点',
    Stage.TRIED: '回访试听感受，介绍报名办法',
}


def of_record(record: Record | None) -> str | None:
    """The most pressing thing alone; None where nothing presses."""
    if record is None:
        return None
    courses = record.enrolments
    left = sum(one.lessons_left for one in courses)
    ends = min((one.valid_until for one in courses if one.valid_until and one.lessons_left), default=None)
    if courses and left <= FEW_LESSONS:
        return f'课时只剩 {left} 节，可约续费沟通'
    if ends is not None and (ends - today()).days <= SOON_DAYS:
        return f'课程 {ends:%m-%d} 到期，还剩 {left} 节，提醒家长安排上课'
    return _NEXT_STEPS.get(record.student.stage)
