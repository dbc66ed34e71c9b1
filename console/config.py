"""The settings: one class, read from the environment and `.env`, checked before anything starts."""

import json
import os
import re
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from console.errors import ConsoleError

KNOWN_WEAK = re.compile(
    r'change.?(me|this|in|it)|your[-_ ]|dev[-_ ](secret|key)|super.?secret|not.?secure|example|placeholder|password'
    r'|qwerty|letmein',
    re.IGNORECASE,
)
"""What stands in examples and in old installations; a random secret holds none of it."""
MINIMUM_SECRET_BYTES = 32
LOG_LEVELS = ('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL')


class Misconfigured(ConsoleError):
    """The settings cannot be started with. The text names the setting."""


class Settings(BaseSettings):
    """Everything that differs from one installation to the next. Only `run.py` makes one."""

    model_config = SettingsConfigDict(env_file='.env', env_file_encoding='utf-8', frozen=True, extra='ignore')

    app_env: Literal['development', 'production'] = Field(
        'development', validation_alias=AliasChoices('APP_ENV', 'FLASK_ENV'), description='development or production'
    )
    host: str = Field('127.0.0.1', description='Where it listens')
    port: int = Field(5000, ge=1, le=65535, description='Where it listens')
    public_base_url: str = Field('', description='The address people and WeCom use; default http://127.0.0.1:$PORT')
    trusted_proxies: str = Field(
        '127.0.0.1', description='Addresses whose X-Forwarded-For and -Proto are believed, comma-separated'
    )
    data_dir: Path = Field(Path('./data'), description='SQLite file, uploads, backups, generated keys')
    database_url: SecretStr = Field(SecretStr(''), description='SQLite in DATA_DIR, or postgresql://…')
    database_connections: int = Field(8, ge=2, le=64, description='Also the number of database threads (PostgreSQL)')

    secret_key: SecretStr = Field(
        SecretStr(''), description='Signs what binds a sign-in through WeCom to its browser; at least 32 bytes'
    )
    jwt_secret_key: SecretStr = Field(SecretStr(''), description='Signs API tokens; at least 32 bytes')
    field_encryption_keys: SecretStr = Field(
        SecretStr(''), description='Comma-separated, newest first: encrypt phone numbers and WeChat ids at rest'
    )
    admin_username: str = Field('', description='First administrator, made only while there is no staff')
    admin_password: SecretStr = Field(SecretStr(''), description='Password of the first administrator')

    wechat_corp_id: str = Field('', description='CorpID; empty: the built-in sandbox is the whole WeCom')
    wechat_agent_id: int | None = Field(None, description='AgentId of the self-built app')
    wechat_secret: SecretStr = Field(SecretStr(''), description='Secret of the self-built app')
    wechat_token: SecretStr = Field(SecretStr(''), description='Token of the callback')
    wechat_encoding_aes_key: SecretStr = Field(
        SecretStr(''), description='EncodingAESKey of the callback, 43 characters'
    )
    wechat_api_base_url: str = Field(
        'https://qyapi.weixin.qq.com/cgi-bin/', description='Every WeCom call goes below it'
    )
    wechat_oauth_base_url: str = Field(
        'https://open.weixin.qq.com/connect/oauth2/authorize', description='Sign-in page inside WeCom'
    )
    wechat_login_base_url: str = Field(
        'https://login.work.weixin.qq.com/wwlogin/sso/login', description='QR sign-in page for desktop browsers'
    )
    wechat_alert_webhook: SecretStr = Field(SecretStr(''), description='Group-robot address for alerts')
    simulation: bool | None = Field(None, description='The simulate panel; on in development, off in production')

    deepseek_api_url: str = Field('https://api.deepseek.com/v1', description='Any OpenAI-compatible endpoint')
    deepseek_api_key: SecretStr = Field(SecretStr(''), description='Empty: the built-in knowledge-base writer')
    deepseek_model: str = Field('deepseek-chat', description='Model name at that endpoint')

    quiet_period: timedelta = Field(timedelta(seconds=3), description='Silence that ends a turn of quick-fire messages')
    quiet_period_longest: timedelta = Field(
        timedelta(seconds=12), description='A turn is written to after this at the latest'
    )
    undo_period: timedelta = Field(timedelta(seconds=5), description='An approval can be taken back this long')
    school_name: str = Field('晨光教育', description='Name of the school, in prompts and on pages')
    metrics_token: SecretStr = Field(SecretStr(''), description='Opens /metrics from other addresses than loopback')
    log_level: str = Field('INFO', description='DEBUG, INFO, WARNING, ERROR or CRITICAL')
    log_format: Literal['', 'text', 'json'] = Field('', description='text or json; json in production')
    crash_point: str = Field('', description='Development only: kill the process at this named point (tests)')

    @field_validator('quiet_period', 'quiet_period_longest', 'undo_period', mode='before')
    @classmethod
    def _seconds(cls, value: Any) -> Any:
        return (
            timedelta(seconds=float(value)) if isinstance(value, str) and value.replace('.', '', 1).isdigit() else value
        )

    @field_validator('wechat_agent_id', 'simulation', mode='before')
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == '' else value

    @field_validator('log_level')
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in LOG_LEVELS:
            raise ValueError(f'must be one of {", ".join(LOG_LEVELS)}')
        return value.upper()

    @field_validator('public_base_url')
    @classmethod
    def _whole_address(cls, value: str) -> str:
        """Without a path: cookies, callbacks and pages live at the root."""
        if value and re.fullmatch(r'https?://[^/?#@\s]+/?', value) is None:
            raise ValueError('must be like https://console.example.com, without a path')
        return value

    @field_validator('database_url')
    @classmethod
    def _known_database(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            try:
                backend = make_url(value.get_secret_value()).get_backend_name()
            except ArgumentError:
                raise ValueError('is not a database URL') from None
            if backend not in ('sqlite', 'postgresql'):
                raise ValueError('must be a SQLite or PostgreSQL URL')
        return value

    @model_validator(mode='after')
    def _whole_wecom_or_none(self) -> Self:
        given = {name: bool(value) for name, value in self.wecom_credentials().items()}
        if any(given.values()) and not all(given.values()):
            missing = ', '.join(name for name, present in given.items() if not present)
            raise ValueError(f'WeCom is configured in part; also set {missing}, or clear all WECHAT_ credentials')
        key = self.wechat_encoding_aes_key.get_secret_value()
        if key and re.fullmatch('[A-Za-z0-9+/]{43}', key) is None:
            raise ValueError('WECHAT_ENCODING_AES_KEY must be 43 characters of base64')
        return self

    def wecom_credentials(self) -> dict[str, str]:
        return {
            'WECHAT_CORP_ID': self.wechat_corp_id,
            'WECHAT_AGENT_ID': '' if self.wechat_agent_id is None else str(self.wechat_agent_id),
            'WECHAT_SECRET': self.wechat_secret.get_secret_value(),
            'WECHAT_TOKEN': self.wechat_token.get_secret_value(),
            'WECHAT_ENCODING_AES_KEY': self.wechat_encoding_aes_key.get_secret_value(),
        }

    @property
    def production(self) -> bool:
        return self.app_env == 'production'

    @property
    def has_wecom(self) -> bool:
        return bool(self.wechat_corp_id)

    @property
    def simulates(self) -> bool:
        return (not self.production) if self.simulation is None else self.simulation

    @property
    def base_url(self) -> str:
        return (self.public_base_url or f'http://127.0.0.1:{self.port}').rstrip('/')

    @property
    def database(self) -> str:
        """SQLAlchemy URL; plain `postgresql://` means psycopg2."""
        return self.database_url.get_secret_value() or f'sqlite:///{self.data_dir.resolve() / "edudesk.sqlite3"}'


def load() -> Settings:
    """Read the settings and, in development, invent the secrets that are missing.

    Raises `Misconfigured` with every fault, one a line, each naming its setting.
    """
    settings, faults = look()
    if settings is None or faults:
        raise Misconfigured('\n'.join(faults))
    if settings.production:
        return settings
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _with_invented_secrets(settings)


def look() -> tuple[Settings | None, list[str]]:
    """The settings as they are, None if they cannot be read, and every fault. Raises nothing, writes nothing."""
    from pydantic import ValidationError

    try:
        settings = Settings()
    except ValidationError as faults:
        return None, [_sentence(fault) for fault in faults.errors()]
    except (OSError, ValueError) as fault:
        return None, [f'.env: cannot be read ({type(fault).__name__})']
    return settings, _weaknesses(settings) if settings.production else []


def _sentence(fault: Any) -> str:
    name = '.'.join(str(part) for part in fault['loc']).upper()
    text = fault['msg'].removeprefix('Value error, ')
    return f'{name}: {text}' if name else text


def _weaknesses(settings: Settings) -> list[str]:
    faults = [
        f'{name}: {fault}'
        for name, value in (
            ('SECRET_KEY', settings.secret_key),
            ('JWT_SECRET_KEY', settings.jwt_secret_key),
            ('FIELD_ENCRYPTION_KEYS', settings.field_encryption_keys),
        )
        for fault in [_weakness(value.get_secret_value())]
        if fault
    ]
    if not settings.has_wecom:
        faults += [f'{name}: is missing; production needs the WeCom app' for name in settings.wecom_credentials()]
    if settings.admin_password.get_secret_value() and len(settings.admin_password.get_secret_value()) < 12:
        faults.append('ADMIN_PASSWORD: must have at least 12 characters')
    if settings.crash_point:
        faults.append('CRASH_POINT: is for tests, not for production')
    return faults


def _weakness(secret: str) -> str | None:
    if not secret:
        return 'is missing; make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"'
    for part in secret.split(','):
        if len(part.strip().encode()) < MINIMUM_SECRET_BYTES:
            return f'is shorter than {MINIMUM_SECRET_BYTES} bytes'
        if KNOWN_WEAK.search(part) or len(set(part)) < 8:
            return 'is a known or guessable value'
    return None


def _with_invented_secrets(settings: Settings) -> Settings:
    path = settings.data_dir / 'secrets.json'
    names = ('secret_key', 'jwt_secret_key', 'field_encryption_keys')
    missing = [name for name in names if not getattr(settings, name).get_secret_value()]
    if not missing:
        return settings
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    fresh = {name: secrets.token_urlsafe(48) for name in missing if name not in kept}
    if fresh:
        kept |= fresh
        partial = path.with_suffix('.partial')
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    return settings.model_copy(update={name: SecretStr(kept[name]) for name in missing})
