"""What a writer is given, what it hands back, and how it says that it could not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from console.errors import ConsoleError
from console.writing import vocabulary
from console.writing.vocabulary import Vocabulary


@dataclass(frozen=True, kw_only=True)
class Said:
    """One line of the conversation. `text` may carry intake tokens such as `⟦手机号1⟧`."""

    who: Literal['parent', 'staff', 'ai']
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class CourseFacts:
    """One course the student is enrolled in; None where the record is silent."""

    course: str
    teacher: str | None = None
    class_time: str | None = None
    lessons_left: int | None = None
    lessons_total: int | None = None
    valid_until: date | None = None


@dataclass(frozen=True, kw_only=True)
class StudentFacts:
    student_name: str
    guardian_name: str | None = None
    relationship: str | None = None
    grade: str | None = None
    courses: tuple[CourseFacts, ...] = ()
    stage: str | None = None
    notes: str | None = None


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """An approved entry. `score` is the retrieval's, 0 to 1."""

    id: int
    question: str
    variants: tuple[str, ...] = ()
    answer: str
    facts: dict[str, str]
    version: int = 1
    valid_until: date | None = None
    score: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Roster:
    """Names the school uses anywhere: one of them in a reply needs a source. `pupils` are all of the school's.

    `promises` are phrases the school forbids beside the usual ones, `hosts` where its replies may point to.
    """

    teachers: frozenset[str] = frozenset()
    courses: frozenset[str] = frozenset()
    campuses: frozenset[str] = frozenset()
    pupils: frozenset[str] = frozenset()
    colleagues: frozenset[str] = frozenset()
    promises: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """The rules a model is given, by the name that stands on every draft written with them."""

    version: str
    rules: str


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything a reply may rest on. `turn` is what the parent just said, `history` what came before, oldest first.

    `knowledge` is already retrieved, best first. `instruction` is a colleague's wish for this one reply.
    `rulebook` None: the rules that ship. `tone` and `language` are how the school wants to speak.
    """

    school: str
    turn: tuple[Said, ...]
    history: tuple[Said, ...] = ()
    student: StudentFacts | None = None
    knowledge: tuple[Knowledge, ...] = ()
    instruction: str | None = None
    roster: Roster = Roster()
    vocabulary: Vocabulary = vocabulary.NONE
    rulebook: Rulebook | None = None
    tone: str | None = None
    language: str | None = None
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Source:
    """What one sentence of a reply rests on; `none` is a claim without a source, `courtesy` claims nothing.

    `ref` is the id of the knowledge entry, with its `version` and the last day it is valid (`YYYY-MM-DD`),
    or of the file that is sent in place of a text.
    """

    sentence: str
    kind: Literal['knowledge', 'record', 'customer', 'file', 'courtesy', 'none']
    ref: str | None = None
    title: str | None = None
    version: int | None = None
    valid_until: str | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something a person must see before the reply leaves. `text` is for the screen, `detail` the words at fault."""

    kind: str
    level: Literal['block', 'warn']
    text: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Proposal:
    text: str
    writer: str
    model: str | None
    prompt_version: str | None
    sources: tuple[Source, ...]
    checks: tuple[Check, ...]
    tokens_in: int
    tokens_out: int
    duration_ms: int
    needs_human: bool


OnWords = Callable[[str], None]
"""Gets the reply as far as it is written, unchecked, on the loop: to be looked at while one waits."""


class Writer(Protocol):
    """Whoever can write a reply."""

    async def write(self, context: Context, *, on_words: OnWords | None = None) -> Proposal:
        """Raises `WritingFailed`; never returns a doubtful answer as a good one."""

    async def close(self) -> None: ...


FAILURES = {
    'timeout': ('AI 没有在规定时间内答复，请人工回复或稍后重试。', True),
    'busy': ('同时起草的回复太多，请人工回复或稍后重试。', True),
    'cut': ('AI 的答复中途断开，请人工回复或稍后重试。', True),
    'unreachable': ('连接不上 AI 服务，请人工回复；请管理员检查网络和接口地址。', True),
    'unavailable': ('AI 服务暂时出错，请人工回复或稍后重试。', True),
    'rate_limited': ('AI 服务请求过于频繁，请人工回复或稍后重试。', True),
    'breaker_open': ('AI 不可用，请人工回复。系统会自动重试连接。', True),
    'unauthorized': ('AI 服务的密钥无效，请人工回复；请管理员检查 DEEPSEEK_API_KEY。', False),
    'no_credit': ('AI 服务的账户余额不足，请人工回复；请管理员充值。', False),
    'rejected': ('AI 服务拒绝了这次请求，请人工回复；请管理员检查模型名称和接口地址。', False),
    'not_an_answer': ('AI 服务返回的内容无法识别，请人工回复。', True),
    'broken_json': ('AI 的答复格式有误，请人工回复或重新生成。', True),
    'markup': ('AI 的答复带有网页或排版标记，请人工回复或重新生成。', True),
    'empty': ('AI 的答复是空的，请人工回复或重新生成。', True),
    'length': ('AI 的答复没有写完，请人工回复或重新生成。', True),
    'content_filter': ('AI 服务以内容审核为由没有作答，请人工回复。', False),
    'too_long': ('AI 的答复过长，请人工回复或重新生成。', True),
    'unreadable': ('AI 的答复含有无法保存的字符，请人工回复或重新生成。', True),
    'refusal': ('AI 拒绝作答或自称 AI，请人工回复。', True),
    'placeholder': ('AI 的答复里有无法还原的代号，请人工回复或重新生成。', True),
    'prompt_echo': ('AI 的答复泄露了内部规则，请人工回复。', True),
}
"""Why a reply could not be written -> words for the person at the screen, and whether asking again may help."""


class WritingFailed(ConsoleError):
    """No reply could be written; a person should. `retry_after` in seconds, where the service named a time."""

    http_status = 503

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        text, self.retryable = FAILURES[reason]
        super().__init__(text)
        self.reason: str = reason
        self.retry_after = retry_after
