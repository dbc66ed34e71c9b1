"""自检: the whole chain looked at while one watches, line by line, with what to mend."""

from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta

from nicegui import ui

from console import staff
from console.database import read
from console.doctor import LINKS, Finding, State, report
from console.doctor.finding import SIGNS
from console.parts import parts
from console.staff import Action
from models import utc_now
from pages.layout import me
from pages.widgets import Button, ago, button, chip, copy_button, panel, refusals_shown, row, text

FRESH = timedelta(minutes=10)
"""What was found less than this ago is shown as it is; WeCom counts how often it is asked."""

WORDS = {State.GOOD: '正常', State.WARN: '要留意', State.BAD: '要解决', State.NOT_USED: '没有检查'}


class Line:
    """One check: being made, or with what it found."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._place = ui.element('div').classes('checkup-line').props('role=listitem')
        self.wait()

    def wait(self) -> None:
        """A new examination has begun; what was found before fades until its answer comes."""
        self._place.classes('waiting')
        if not self._place.default_slot.children:
            with self._place:
                text('…', 'checkup-sign').props('aria-hidden=true')
                text(self._title, tag='b')
                text('正在检查', 'muted')

    def show(self, finding: Finding) -> None:
        self._place.classes(remove='waiting')
        self._place.clear()
        with self._place:
            sign = text(SIGNS[finding.state], f'checkup-sign {finding.state.replace("_", "-")}')
            sign.props['role'], sign.props['aria-label'] = 'img', WORDS[finding.state]
            text(finding.title, tag='b')
            with ui.element('div').classes('checkup-words'):
                text(finding.cause, 'words')
                if finding.state in (State.WARN, State.BAD):
                    mend(finding)


def mend(finding: Finding) -> None:
    """Where it is mended, how, and what to paste there."""
    with ui.element('dl').classes('checkup-mend'):
        for term, words in (('在哪里改', finding.where), ('怎么办', finding.step)):
            if words:
                text(term, tag='dt')
                text(words, 'words', tag='dd')
        for label, value in finding.values:
            text(label, tag='dt')
            with ui.element('dd'), row('wrap'):
                text(value, tag='code')
                copy_button(value)


class Rounds:
    """Examinations on one page: what is drawn when one begins, with each finding, and when it ends."""

    def __init__(
        self,
        *,
        begun: Callable[[], object],
        found: Callable[[Finding], object],
        ended: Callable[[], object],
    ) -> None:
        self._by = me()
        self._client = ui.context.client
        self._begun, self._found, self._ended = begun, found, ended
        self._under_way = False

    def start(self) -> None:
        """Show what was found lately; examine anew if that is old."""
        doctor = parts().doctor
        if doctor.finished_at and utc_now() - doctor.finished_at < FRESH:
            for finding in doctor.report():
                self._found(finding)
            self._ended()
        else:
            ui.timer(0.05, self.examine, once=True)

    async def examine(self, *, tell_robot: bool = False) -> None:
        if self._under_way:
            return
        self._under_way = True
        try:
            with refusals_shown():
                await read(staff.require, self._by, Action.SEE_SETTINGS)
                self._begun()
                async with aclosing(parts().doctor.examine(tell_robot=tell_robot)) as findings:
                    async for finding in findings:
                        if self._client.is_deleted:  # the tab was closed meanwhile
                            return
                        self._found(finding)
                self._ended()
        finally:
            self._under_way = False


async def doctor_panel() -> None:
    """The panel; it begins by itself unless the last examination is fresh."""
    again: list[Button] = []

    def begun() -> None:
        for line in lines.values():
            line.wait()
        for made in again:
            made.enable(False)
        outcome.refresh(True)

    def ended() -> None:
        for made in again:
            made.enable(True)
        outcome.refresh(False)

    @ui.refreshable
    def outcome(under_way: bool) -> None:
        doctor = parts().doctor
        if under_way or doctor.finished_at is None:
            text('正在检查…', 'muted').props('role=status')
            return
        findings = doctor.report()
        worst = 'good' if report.is_well(findings) else 'danger'
        chip(report.summary(findings), worst).props('role=status')
        with text('', 'muted'):
            text('检查于 ')
            ago(doctor.finished_at)
        copy_button(report.as_text(findings, doctor.finished_at, parts().version), '复制报告')

    rounds = Rounds(begun=begun, found=lambda finding: lines[finding.name].show(finding), ended=ended)
    with panel():
        with ui.element('header').classes('wrap'):
            text('自检', tag='h2')
            with row('wrap grow'):
                outcome(True)
            with ui.element('a').classes('btn small').props('href=/settings/guide'):
                text('接入企业微信')
            if parts().doctor.case.ready.wechat_alert_webhook.get_secret_value():
                again.append(button('检查并发测试告警', lambda: rounds.examine(tell_robot=True), small=True))
            again.append(button('重新检查', rounds.examine, small=True))
        with ui.element('div').classes('checkup').props('role=list'):
            lines = {link.name: Line(link.title) for link in LINKS}
    rounds.start()
