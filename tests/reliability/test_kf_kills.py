"""Kill -9 while a 微信客服 account is read and while its customer is answered."""

import time

from sqlalchemy import NullPool, create_engine, select
from sqlalchemy.orm import Session

from models import Delivery, DeliveryStatus, KfAccount, Message
from tests.conftest import ADMIN
from tests.desk import Desk
from tests.reliability.ledger import Place
from tests.server import ServerFailedError
from tests.warm import WarmConsole

ACCOUNT, PARENT = 'wkKilled', 'wmKilled'
LONG = ''.join(f'第{number}句，老师会和您联系。' for number in range(120))
"""Three parts."""


def dies_at(console: WarmConsole, point: str) -> None:
    """Start with this point armed and wait for the end, which may come before it was ready."""
    try:
        console.start({'CRASH_POINT': point})
    except ServerFailedError as death:
        if 'exit code -9' not in str(death):
            raise
        return
    assert console.wait_for_death() == -9


def test_a_console_killed_at_every_step_reads_all_once_in_order_and_answers_once(place: Place) -> None:
    place.wecom.kf.doorbells(False)
    place.wecom.kf.limit_without_token(1000)
    place.wecom.kf.add_account('招生咨询', open_kfid=ACCOUNT)
    place.wecom.kf.customer(PARENT, '小明妈妈')
    with place.console() as console:
        engine = create_engine(
            (place.url or f'sqlite:///{console.data / "edudesk.sqlite3"}').replace(
                'postgresql:', 'postgresql+psycopg2:'
            ),
            poolclass=NullPool,
        )
        with Session(engine) as session:
            deadline = time.monotonic() + 20
            while session.scalar(select(KfAccount.history_skipped)) is not True:
                assert time.monotonic() < deadline, 'the account was never read'
                session.rollback()
                time.sleep(0.05)
        console.kill()
        for number in range(9):
            place.wecom.kf.customer_says(ACCOUNT, PARENT, f'第{number}句')

        dies_at(console, 'page_read')
        dies_at(console, 'page_kept')
        console.start({'CRASH_POINT': 'sent'})
        desk = Desk.signed_in(console.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
        draft = desk.draft_for(PARENT)
        desk.post(f'/drafts/{draft["id"]}/approve', version=draft['version'], content=LONG, confirm_reason='已核对')
        desk.close()
        assert console.wait_for_death() == -9
        dies_at(console, 'between_parts')
        console.start({'CRASH_POINT': ''})

        def phone() -> list[str]:
            return [line.text for line in place.wecom.kf.phone(ACCOUNT, PARENT) if line.direction == 'in']

        deadline = time.monotonic() + 20
        while len(phone()) < 3:
            assert time.monotonic() < deadline, phone()
            time.sleep(0.05)
        console.terminate()
        with Session(engine) as session:
            heard = session.scalars(select(Message.text).order_by(Message.seq).limit(9)).all()
            sent = session.scalars(select(Delivery).order_by(Delivery.part)).all()

    assert heard == [f'第{number}句' for number in range(9)]
    assert ''.join(phone()) == LONG
    assert [part.status for part in sent] == [DeliveryStatus.ACCEPTED] * 3
