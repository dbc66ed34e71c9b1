"""The way of a parent's words as a time line: each station, what happened there, and how long it took."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from nicegui import ui

from console.calendar import SCHOOL_TIME
from console.journeys import Decision, Journey, Line
from console.sandbox import Attempt
from console.sandbox.faults import Call
from console.simulation import Simulation
from models import Delivery, DeliveryStatus, Draft, DraftStatus, TurnStatus, utc_now
from pages.widgets import chip, text, waiting_clock

CALLBACK = 'POST /api/v1/wechat/message'

State = Literal['done', 'now', 'wait', 'bad']
STATES = {'done': '已完成', 'now': '进行中', 'wait': '未开始', 'bad': '未成功'}


@dataclass(kw_only=True)
class Step:
    """One station. `block` stands below it word for word; `since` lets a clock run."""

    title: str
    state: State
    words: str
    code: str = ''
    block: str = ''
    quote: str = ''
    took: timedelta | None = None
    since: datetime | None = None
    link: tuple[str, str] | None = None
    needs_human: bool = False


def draw(journey: Journey, simulation: Simulation, userid: str) -> None:
    """The five stations of one turn."""
    with ui.element('ol').classes('steps'):
        for step in (
            _arrived(journey, simulation),
            _kept(journey),
            _written(journey),
            _reviewed(journey),
            _delivered(journey, simulation, userid),
        ):
            _draw_step(step)


def summary(journey: Journey) -> tuple[str, Literal['good', 'warn', 'info']]:
    """The whole in a few words, for a chip."""
    if journey.total is not None:
        human = f'，人工 {seconds(journey.human)}' if journey.human is not None else ''
        return f'全程 {seconds(journey.total)}{human}', 'good'
    words = {'write': '正在起草', 'review': '等待审核', 'deliver': '正在送达', 'end': '没有送达'}
    return words[journey.station], 'warn' if journey.station == 'end' else 'info'


def seconds(span: timedelta | None) -> str:
    """3 ms, 3.1 秒, 2 分 5 秒."""
    if span is None:
        return ''
    whole = max(span.total_seconds(), 0)
    if whole < 1:
        return f'{whole * 1000:.0f} ms'
    return f'{whole:.1f} 秒' if whole < 120 else f'{whole // 60:.0f} 分 {whole % 60:.0f} 秒'


def _draw_step(step: Step) -> None:
    with ui.element('li').classes(f'step {step.state}'):
        text(STATES[step.state], 'dot').props('role=img').props(f'aria-label={STATES[step.state]}')
        with ui.element('div').classes('about'):
            with ui.element('div').classes('row wrap'):
                text(step.title, tag='b')
                if step.code:
                    text(step.code, tag='code')
                if step.needs_human:
                    chip('AI 答不了，请人工', 'warn')
            text(step.words, 'words', tag='small')
            if step.link:
                with ui.element('a').props(f'href={step.link[1]}'):
                    text(step.link[0])
            if step.quote:
                text(step.quote, 'quote words', tag='div')
            if step.block:
                text(step.block, tag='pre')
        with ui.element('div').classes('clock'):
            if step.since is not None:
                waiting_clock(step.since)
            elif step.took is not None:
                text(seconds(step.took))


def _arrived(journey: Journey, simulation: Simulation) -> Step:
    pushes = [(line, push) for line in journey.lines if (push := simulation.push_of(line.msg_id))]
    if pushes:
        attempts = [attempt for _, push in pushes for attempt in push.attempts]
        best = max(attempts, key=lambda attempt: attempt.ms)
        total = sum(len(attempt.request_bytes) for attempt in attempts)
        words = f'{total} 字节，签名有效，答 {best.status or "超时"} {best.answer[:40]}'
        if len(attempts) > 1:
            words = f'共 {len(attempts)} 次推送，{words}'
        rows = [_attempt(line, attempt) for line, push in pushes for attempt in push.attempts]
        block = '\n'.join(rows) if len(rows) > len(pushes) else ''
        return Step(
            title='加密回调',
            code=CALLBACK,
            state='done',
            words=words,
            block=block,
            took=timedelta(milliseconds=best.ms),
        )
    if sizes := [line.sealed_bytes for line in journey.lines if line.sealed_bytes is not None]:
        size = f'密文 {sum(sizes)} 字节' if sum(sizes) else '密文已清空'
        words = f'{size}，签名有效，已答 200。（推送细节只保留到重启）'
        return Step(title='加密回调', code=CALLBACK, state='done', words=words)
    return Step(title='加密回调', state='done', words='这段话是预置的演示数据，没有经过回调。')


def _attempt(line: Line, attempt: Attempt) -> str:
    answer = attempt.status or attempt.answer
    return f'{_short(line.text, 14)}　{len(attempt.request_bytes)} 字节 → {answer}，{attempt.ms} ms'


def _kept(journey: Journey) -> Step:
    numbers = '、'.join(f'#{line.event_id}' for line in journey.lines if line.event_id is not None)
    together = f'{len(journey.lines)} 条合为一轮' if len(journey.lines) > 1 else '1 条为一轮'
    last = journey.lines[-1] if journey.lines else None
    return Step(
        title='存下并去重',
        state='done',
        words=f'received_event {numbers}，{together}' if numbers else together,
        took=_understood_after(last) if last else None,
    )


def _understood_after(line: Line) -> timedelta | None:
    return line.heard_at - line.received_at if line.received_at else None


def _written(journey: Journey) -> Step:
    turn, draft = journey.turn, journey.draft
    step = Step(title='起草', state='now', words='', block=_found(journey))
    if draft is not None:
        facts = [draft.writer, draft.prompt_version and f'提示词 {draft.prompt_version}']
        if draft.tokens_in or draft.tokens_out:
            facts.append(f'{draft.tokens_in or 0} + {draft.tokens_out or 0} tokens')
        cited = sum(entry.cited for entry in journey.found)
        facts.append(f'命中 {len(journey.found)} 条，用到 {cited} 条' if journey.found else None)
        step.state, step.words, step.quote = 'done', ' · '.join(filter(None, facts)), journey.text or ''
        step.needs_human = draft.needs_human
        step.took = timedelta(milliseconds=draft.duration_ms) if draft.duration_ms is not None else None
        return step
    match turn.status:
        case TurnStatus.WAITING:
            left = max(0, (turn.due_at - utc_now()).total_seconds())
            step.words = f'等家长说完，还有 {left:.0f} 秒' if left >= 0.5 else '静默期已过，马上起草'
        case TurnStatus.WRITING:
            step.words, step.since = '正在起草…', turn.due_at
        case TurnStatus.FAILED:
            step.state, step.words = 'bad', turn.last_error or '没有写成，请人工回复。'
        case _:
            step.state, step.words = 'bad', '这一轮作废：家长又说了话，或已有人回复。'
    return step


def _found(journey: Journey) -> str:
    if not journey.found:
        return '知识库没有找到相关条目'
    return '\n'.join(
        f'{entry.score:5.2f}  {_short(entry.question, 30)}{"  ← 用到" if entry.cited else ""}'
        for entry in journey.found
    )


def _reviewed(journey: Journey) -> Step:
    draft, decision = journey.draft, journey.decision
    if draft is None:
        words = '没有草稿可审，请到会话中人工回复。' if journey.station == 'end' else '等草稿写好'
        link = ('去会话', f'/conversations/{journey.turn.conversation_id}') if journey.station == 'end' else None
        return Step(title='审核', state='wait', words=words, link=link)
    if draft.status is DraftStatus.PENDING:
        checks = f'，有 {len(draft.checks)} 个检查项' if draft.checks else ''
        return Step(
            title='审核',
            state='now',
            words=f'等待审核（草稿 #{draft.id}{checks}）',
            since=draft.created_at,
            link=('去审核', '/review'),
        )
    return _decided(journey, draft, decision) if decision else Step(title='审核', state='done', words='已处理')


def _decided(journey: Journey, draft: Draft, decision: Decision) -> Step:
    who, note = decision.who or '系统', decision.note
    state: State = 'bad'
    match decision.action:
        case 'approved':
            state, words = 'done', f'{who} 修改后通过' if journey.edited else f'{who} 未改动，直接通过'
            words += f'，理由：{note}' if note else ''
        case 'auto-approved':
            state, words = 'done', '按审核规则自动回复'
        case 'rejected':
            words = f'{who} 退回：{note or "没有写理由"}'
        case 'expired':
            words = '48 小时没有人处理，草稿已失效。'
        case _:
            words = f'草稿已过期：{note or "有了更新的内容"}'
    return Step(title='审核', state=state, words=words, took=decision.at - draft.created_at)


def _delivered(journey: Journey, simulation: Simulation, userid: str) -> Step:
    if not journey.parts:
        return Step(title='送达', state='wait', words='等审核通过' if journey.station != 'end' else '没有发送')
    begun, ends = journey.parts[0], [part.finished_at for part in journey.parts]
    # A rest that WeCom asks for counts as if nothing had been tried, and yet there was a call.
    first = begun.first_attempt_at or (begun.created_at if begun.errcode is not None else None)
    finished = max((end for end in ends if end), default=None)
    calls = simulation.calls_for(userid, first, finished or utc_now()) if first else []
    state: State = 'done' if journey.delivered else ('now' if journey.station == 'deliver' else 'bad')
    return Step(
        title='送达',
        code='message/send',
        state=state,
        words='\n'.join(_part(part) for part in journey.parts),
        block='\n'.join(_call(call) for call in calls)
        if any(call.errcode for call in calls) or state != 'done'
        else '',
        took=finished - first if finished and first and state != 'now' else None,
    )


def _part(part: Delivery) -> str:
    number = f'第 {part.part}/{part.parts} 条　' if part.parts > 1 else ''
    return f'{number}{PARTS[part.status](part)}'


def _waits(part: Delivery) -> str:
    left = (part.due_at - utc_now()).total_seconds()
    if part.last_error is None:
        return f'排队中，{left:.0f} 秒后发出（可撤回）' if left >= 1 else '排队中'
    code = f'errcode {part.errcode}，' if part.errcode is not None else ''
    again = f'{part.due_at + SCHOOL_TIME:%H:%M:%S} 再试（还有 {max(left, 0):.0f} 秒）'
    return f'已暂停：{code}{part.last_error}{again}，已试 {part.attempts} 次'


def _accepted(part: Delivery) -> str:
    msgid = part.wecom_msgid or ''
    shown = f'{msgid[:6]}…{msgid[-4:]}' if len(msgid) > 12 else msgid
    return f'msgid {shown}，errcode {part.errcode or 0}，试了 {max(part.attempts, 1)} 次'


def _failed(part: Delivery) -> str:
    return f'发送失败：{part.last_error or "原因不明"}'


PARTS: dict[DeliveryStatus, Callable[[Delivery], str]] = {
    DeliveryStatus.READY: _waits,
    DeliveryStatus.SENDING: lambda _: '正在发送…',
    DeliveryStatus.ACCEPTED: _accepted,
    DeliveryStatus.BOUNCED: lambda _: '提交后被退回，家长没有收到',
    DeliveryStatus.UNCERTAIN: lambda part: f'不能确定是否送达：{part.last_error or "没有得到答复"}',
    DeliveryStatus.DEAD: _failed,
    DeliveryStatus.CANCELLED: lambda _: '前面的一条没有发出，这条也不再发送',
}


def _call(call: Call) -> str:
    answer = '无应答' if call.errcode is None else f'errcode {call.errcode}'
    return f'{call.when + SCHOOL_TIME:%H:%M:%S}  {call.path} → {answer}'


def _short(words: str, longest: int) -> str:
    words = ' '.join(words.split())
    return words if len(words) <= longest else f'{words[: longest - 1]}…'
