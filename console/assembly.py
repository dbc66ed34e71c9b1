"""Puts the parts of this process together, as the settings say. Only `run.py` asks for it."""

import logging
import secrets
from dataclasses import asdict
from functools import partial

from console import (
    approval_presses,
    auto_answers,
    company,
    crash_points,
    database,
    demo,
    dossiers,
    knowledge,
    players,
    sign_in,
    staff,
)
from console.approval_post import ApprovalPost
from console.channels import Channels, WeComApp
from console.config import Misconfigured, Settings
from console.customers import Customers
from console.doctor import Case, Doctor
from console.doctor.storage import scarce
from console.errors import Invalid
from console.parts import Parts
from console.sandbox import Sandbox, invent_credentials
from console.simulation import Simulation
from console.turns import Pace
from console.watch import Trouble
from console.wecom.client import WeComClient
from console.wecom.contacts import CustomerContacts
from console.wecom.crypto import CallbackCrypto
from console.wecom.kf import KfClient
from console.wecom_secrets import DatabaseVault
from console.wecom_sign_in import Visitors, WeComEntrance
from console.workers import Workers
from console.writing.context import Writer
from console.writing.troubles import TroubledWriter
from models import Channel, Role

log = logging.getLogger(__name__)


def assemble(settings: Settings, *, version: str) -> Parts:
    """All parts, on an open and migrated database. Where there is to be a sandbox, it runs.

    Raises `Misconfigured`.
    """
    crash_points.arm(settings.crash_point)
    dossiers.school = settings.school_name
    knowledge.open_shelf(settings.data_dir / 'dictionary')
    sandbox = _sandbox(settings) if settings.simulates or not settings.has_wecom else None
    is_demo = not settings.production and not settings.has_wecom
    staff.open_simulation = not settings.production
    channels = _channels(settings, sandbox)
    answering = writer(settings)
    troubled = TroubledWriter(answering) if is_demo and sandbox is not None else None
    customers = _customers(channels)
    workers = _workers(settings, channels, troubled or answering, customers)
    assembled = Parts(
        version=version,
        school=settings.school_name,
        base_url=settings.base_url,
        production=settings.production,
        demo=is_demo,
        undo=settings.undo_period,
        channels=channels,
        customers=customers,
        tokens=sign_in.Tokens(settings.jwt_secret_key.get_secret_value()),
        entrance=_entrance(settings, channels, sandbox),
        writer=troubled or answering,
        workers=workers,
        doctor=Doctor(Case.of(settings, sandbox=sandbox, robot_trouble=lambda: workers.announcer.trouble)),
        sandbox=sandbox,
        simulation=Simulation(sandbox, troubled) if sandbox is not None and settings.simulates else None,
        setup_code=_first_staff(settings, is_demo=is_demo),
    )
    database.current().read(knowledge.search, '课程')  # builds the index
    if sandbox is not None:
        _people(sandbox, is_demo=is_demo)
    return assembled


def writer(settings: Settings) -> Writer:
    """The model where there is a key, else the one that needs none."""
    key = settings.deepseek_api_key.get_secret_value()
    if not key:
        from console.writing.local import LocalWriter

        return LocalWriter(settings.data_dir / 'dictionary')
    import openai  # noqa: F401  half a second that must not fall between callbacks

    from console.writing.deepseek import DeepSeekWriter

    return DeepSeekWriter(settings.deepseek_api_url, key, settings.deepseek_model)


def _sandbox(settings: Settings) -> Sandbox:
    credentials = invent_credentials(settings.data_dir / 'sandbox.json')
    host = '127.0.0.1' if settings.host in ('0.0.0.0', '::', '') else settings.host  # noqa: S104  compared, not bound
    sandbox = Sandbox(
        settings.data_dir / 'sandbox.sqlite3',
        **asdict(credentials),
        callback_url=f'http://{host}:{settings.port}/api/v1/wechat/message',
    )
    sandbox.start()
    return sandbox


def _people(sandbox: Sandbox, *, is_demo: bool) -> None:
    """Who is to be in the sandbox's WeCom: the parents that testers play, and the demo school's colleagues."""
    db = database.current()
    for userid, name in db.read(demo.colleagues).items() if is_demo else ():
        sandbox.ensure_member(userid, f'{name} · 员工')
    for player in db.read(players.everyone):
        sandbox.ensure_member(player.userid, player.title)


def _channels(settings: Settings, sandbox: Sandbox | None) -> Channels:
    apps = []
    if settings.has_wecom:
        real = settings.wecom_credentials()
        apps.append(
            WeComApp(
                channel=Channel.APP,
                crypto=CallbackCrypto(real['WECHAT_TOKEN'], real['WECHAT_ENCODING_AES_KEY'], real['WECHAT_CORP_ID']),
                client=WeComClient(
                    real['WECHAT_CORP_ID'],
                    int(real['WECHAT_AGENT_ID']),
                    real['WECHAT_SECRET'],
                    settings.wechat_api_base_url,
                    vault=DatabaseVault(),
                ),
            )
        )
    if sandbox is not None:
        given = sandbox.credentials
        apps.append(
            WeComApp(
                channel=Channel.SIMULATE,
                crypto=CallbackCrypto(given.token, given.encoding_aes_key, given.corp_id),
                client=WeComClient(
                    given.corp_id, given.agent_id, given.secret, sandbox.api_base_url, vault=DatabaseVault()
                ),
            )
        )
    own = apps[0].client  # the real one, where there is one
    return Channels(apps, kf=KfClient(own), customers=CustomerContacts(own))


def _customers(channels: Channels) -> Customers:
    """Those of the real company, where there is one: its events alone change anything but chats."""
    own = channels.apps[0]
    company.corp_id = own.corp_id
    return Customers(CustomerContacts(own.client))


def _workers(settings: Settings, channels: Channels, writer: Writer, customers: Customers) -> Workers:
    approval_presses.undo = auto_answers.undo = settings.undo_period
    return Workers(
        channels=channels,
        writer=writer,
        pace=Pace(quiet=settings.quiet_period, longest=settings.quiet_period_longest),
        alert_webhook=settings.wechat_alert_webhook.get_secret_value(),
        scarce=partial(scarce, settings.data_dir),
        troubles=_troubles(writer),
        customers=customers,
        approvals=ApprovalPost(channels.apps[0].client, settings.base_url),
    )


def _entrance(settings: Settings, channels: Channels, sandbox: Sandbox | None) -> WeComEntrance:
    """Through the real WeCom where there is one, else through the sandbox's pages."""
    authorize_page, scan_page = settings.wechat_oauth_base_url, settings.wechat_login_base_url
    if sandbox is not None and not settings.has_wecom:
        authorize_page, scan_page = sandbox.oauth_base_url, sandbox.login_base_url
    return WeComEntrance(
        client=channels.apps[0].client,
        visitors=Visitors(settings.secret_key.get_secret_value()),
        authorize_page=authorize_page,
        scan_page=scan_page,
        redirect_uri=f'{settings.base_url}/api/v1/wechat/oauth',
    )


def _troubles(writer: Writer) -> dict[str, Trouble]:
    """What to watch for besides the workers and the disk, by kind of alert."""
    troubles: dict[str, Trouble] = {}
    if breaker := getattr(getattr(writer, 'inner', writer), 'breaker', None):
        words = '大模型连续出错，已暂停调用，草稿会晚到。请在“设置 → 自检”查看原因，期间请人工回复。'
        troubles['model'] = lambda: words if breaker.is_open else None
    return troubles


def _first_staff(settings: Settings, *, is_demo: bool) -> str | None:
    """Make the first administrator or the demo school; a set-up code if neither is wanted and nobody is there."""
    db = database.current()
    if settings.production and db.read(demo.present):
        raise Misconfigured('APP_ENV: this database holds demo accounts; production needs a database of its own.')
    if settings.admin_username and db.read(staff.count) == 0:
        given = settings.admin_password.get_secret_value()
        try:
            username = staff.checked_username(settings.admin_username)
            password = staff.checked_password(given, username=username)
        except Invalid as fault:
            if settings.production or fault.field != 'password' or not given:
                raise Misconfigured(f'ADMIN_{(fault.field or "").upper()}: {fault}') from None
            log.warning('ADMIN_PASSWORD: %s Production would refuse it.', fault)
            password = given
        db.transact(
            staff.create,
            username=username,
            name=settings.admin_username,
            role=Role.ADMIN,
            password_hash=sign_in.hash_password_now(password),
            by=None,
        )
    if is_demo:
        db.transact(demo.load)
    return None if db.read(staff.count) else secrets.token_hex(4)
