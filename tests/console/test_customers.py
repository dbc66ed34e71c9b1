"""客户联系: who has which customer, as WeCom tells it and as it is kept here."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from console import contact_ways, contacts, kf_customers, rounds, staff, students, tags, wecom_secrets
from console.customers import Customers, heard
from console.database import Database
from console.errors import Conflict, Invalid, NotAllowed, NotFound
from console.guardians import GuardianFields
from console.students import StudentFields
from console.wecom.client import WeComClient
from console.wecom.contacts import MOST_PAGES, CustomerContacts
from console.wecom.events import WeComEvent, parse
from console.wecom.refusals import WeComRefused
from console.wecom.single_flight import Fetched
from models import Channel, Contact, Conversation, Role, Staff, Student, Tag, WeComSecret, utc_now
from tests import story
from tests.wecom.fake_api import FakeApi, serving

SINCE = 1_764_000_000
OK = {'errcode': 0, 'errmsg': 'ok'}
TAGS = OK | {
    'tag_group': [
        {
            'group_id': 'g1',
            'group_name': '意向',
            'order': 1,
            'tag': [{'id': 'et1', 'name': '高', 'order': 2}, {'id': 'et2', 'name': '低', 'order': 1}],
        }
    ]
}


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving() as api:
        api.answers('externalcontact/get_corp_tag_list', TAGS)
        api.answers('externalcontact/get_follow_user_list', OK | {'follow_user': ['Lin', 'zhao']})
        api.answers('externalcontact/batch/get_by_user', page())
        yield api


@pytest.fixture
def customers(api: FakeApi, db: Database) -> Customers:
    return Customers(CustomerContacts(WeComClient('ww1', 1, 'secret', api.base_url)))


def row(who: str, *, member: str = 'Lin', tags: tuple[str, ...] = (), **follow: Any) -> dict[str, Any]:
    return {
        'external_contact': {'external_userid': who, 'name': f'{who}的微信', 'avatar': 'https://wx/a.png', 'type': 1},
        'follow_info': {'userid': member, 'createtime': SINCE, 'tag_id': list(tags), 'add_way': 1} | follow,
    }


def page(*rows: dict[str, Any], cursor: str = '') -> dict[str, Any]:
    return OK | {'external_contact_list': list(rows), 'next_cursor': cursor}


def alone(found: dict[str, Any]) -> dict[str, Any]:
    """What `externalcontact/get` says of what a page holds."""
    return OK | {'external_contact': found['external_contact'], 'follow_user': [found['follow_info']]}


def full_disk(*_: object, **__: object) -> None:
    raise OSError('the disk is full')


async def read_all(customers: Customers, db: Database) -> None:
    db.loop = asyncio.get_running_loop()
    for _ in range(20):
        if not await customers.step():
            return
    raise AssertionError('it does not come to an end')


def told(db: Database, change: str, who: str, at: int = SINCE, **more: str) -> None:
    fields = {'UserID': 'Lin', 'ExternalUserID': who, 'CreateTime': str(at), 'ChangeType': change} | more
    db.transact(heard, 'ww1', event(Event='change_external_contact', **fields))


def event(**fields: str) -> WeComEvent:
    leaves = ''.join(f'<{name}>{value}</{name}>' for name, value in fields.items())
    return parse(f'<xml><FromUserName>sys</FromUserName><MsgType>event</MsgType>{leaves}</xml>')


def contact(db: Database, who: str, member: str = 'Lin') -> Contact:
    query = select(Contact).where(Contact.external_userid == who, Contact.account == member)
    return db.read(lambda session: session.scalars(query).one())


def family(session: Session, name: str = '王梦瑶', phone: str = '13800001111', owner_id: int | None = None) -> Student:
    by = session.scalar(select(func.min(Staff.id))) or story.member(session).id
    guardian = GuardianFields(name='王芳', phone=phone, kinship='妈妈')
    return students.create(session, StudentFields(name=name, owner_id=owner_id), by=by, guardians=[guardian])


@pytest.mark.parametrize(('pages', 'found'), [(MOST_PAGES, True), (MOST_PAGES + 1, False)])
def test_a_customers_members_are_read_for_so_many_pages_and_no_more(api: FakeApi, pages: int, found: bool) -> None:
    others = alone(row('wm1', member='zhao')) | {'next_cursor': 'on'}
    api.answers('externalcontact/get', *[others] * (pages - 1), alone(row('wm1', member='Lin')))
    wecom = CustomerContacts(WeComClient('ww1', 1, 'secret', api.base_url))

    with nullcontext() if found else pytest.raises(WeComRefused):
        assert wecom.one('Lin', 'wm1') is not None

    assert len(api.asked_for('externalcontact/get')) == MOST_PAGES


async def test_a_customer_whose_members_do_not_end_has_not_left_and_is_let_be(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    told(db, 'add_external_contact', 'wm1')
    api.answers('externalcontact/get', alone(row('wm1', member='zhao')) | {'next_cursor': 'on'})

    await read_all(customers, db)

    assert contact(db, 'wm1').left_at is None
    assert len(api.asked_for('externalcontact/get')) == MOST_PAGES


def test_numbers_that_come_as_texts_mean_the_same(api: FakeApi) -> None:
    wecom = CustomerContacts(WeComClient('ww1', 1, 'secret', api.base_url))
    told = row('wm1')
    told['follow_info'] |= {
        'createtime': str(SINCE), 'add_way': '3',
        'tags': [{'tag_id': 'et1', 'type': '1'}, {'tag_id': 'et9', 'type': '2'}],
    }  # fmt: skip
    api.answers('externalcontact/batch/get_by_user', page(told))
    api.answers('externalcontact/get_corp_tag_list', OK | {'tag_group': [{'tag': [
        {'id': 'et1', 'name': '低', 'order': '2', 'deleted': '0'}, {'id': 'et2', 'name': '高', 'order': '10'},
        {'id': 'et3', 'name': '没了', 'order': '3', 'deleted': '1'},
    ]}]})  # fmt: skip

    [one] = wecom.page(['Lin'], '')[0]

    assert (one.followed_at, one.add_way, one.tag_ids) == (datetime.fromtimestamp(SINCE, UTC), 3, ('et1',))
    assert [tag.wecom_id for tag in wecom.tags()] == ['et2', 'et1']


async def test_all_customers_are_read_page_by_page_and_none_gets_an_empty_chat(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    api.answers('externalcontact/batch/get_by_user', page(row('wm1', tags=('et1',)), cursor='c2'), page(row('wm2')))

    await read_all(customers, db)

    asked = [json.loads(one.body) for one in api.asked_for('externalcontact/batch/get_by_user')]
    assert [one.get('cursor') for one in asked] == [None, 'c2']
    assert asked[0]['userid_list'] == ['Lin', 'zhao']
    first = contact(db, 'wm1')
    assert (first.channel, first.account, first.name, first.lead_source) == (
        Channel.CONTACT, 'Lin', 'wm1的微信', '扫描二维码',
    )  # fmt: skip
    assert first.followed_at == datetime.fromtimestamp(SINCE, UTC)
    assert db.read(lambda session: session.scalar(select(func.count()).select_from(Conversation))) == 0
    state = db.read(customers.state)
    assert not state.running
    assert (state.note['members'], state.note['of'], state.note['customers']) == (2, 2, 2)


async def test_what_was_read_once_is_read_again_only_when_asked_for(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    await read_all(customers, db)
    await read_all(customers, db)
    assert len(api.asked_for('externalcontact/get_follow_user_list')) == 1

    await customers.ask(by=db.transact(story.member, Role.ADMIN).id)
    await read_all(customers, db)

    assert len(api.asked_for('externalcontact/get_follow_user_list')) == 2
    with pytest.raises(NotAllowed):
        await customers.ask(by=db.transact(story.member, Role.AGENT).id)


async def test_two_processes_do_not_read_all_at_once(db: Database, api: FakeApi, customers: Customers) -> None:
    other = Customers(CustomerContacts(WeComClient('ww1', 1, 'secret', api.base_url)))
    db.loop = asyncio.get_running_loop()

    assert await customers.step()
    await read_all(other, db)

    assert len(api.asked_for('externalcontact/get_follow_user_list')) == 1


async def test_who_is_missing_in_a_whole_reading_has_left(db: Database, api: FakeApi, customers: Customers) -> None:
    api.answers('externalcontact/batch/get_by_user', page(row('wm1'), row('wm2')), page(row('wm2')))
    await read_all(customers, db)
    db.transact(rounds.ask, 'contacts:sync:ww1')
    await read_all(customers, db)

    assert contact(db, 'wm1').left_at is not None
    assert contact(db, 'wm2').left_at is None


async def test_a_page_that_could_not_be_kept_makes_nobody_one_who_has_left(
    db: Database, api: FakeApi, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = page(row('wm1'), cursor='c2'), page(row('wm2'))
    api.answers('externalcontact/batch/get_by_user', *both)
    await read_all(customers, db)
    db.transact(rounds.ask, 'contacts:sync:ww1')
    await customers.step()
    api.answers('externalcontact/batch/get_by_user', *both)
    with monkeypatch.context() as broken:
        broken.setattr(contacts, 'keep', full_disk)
        with pytest.raises(OSError, match='disk'):
            await customers.step()
    await read_all(customers, db)

    assert (contact(db, 'wm1').left_at, contact(db, 'wm2').left_at) == (None, None)


async def test_how_yesterdays_reading_went_is_known_although_tokens_come_and_go(
    db: Database, customers: Customers
) -> None:
    await read_all(customers, db)
    a_day_ago = utc_now() - timedelta(days=1, minutes=1)
    db.transact(lambda session: session.execute(update(WeComSecret).values(fetched_at=a_day_ago)))
    db.transact(wecom_secrets.store, 'a token', Fetched('value', 7200))

    assert 'at' in db.read(customers.state).note


async def test_a_refusal_is_told_and_what_only_an_administrator_can_mend_is_not_tried_again_and_again(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    api.answers('externalcontact/get_follow_user_list', {'errcode': 48002, 'errmsg': 'api forbidden'})

    await read_all(customers, db)
    await read_all(customers, db)

    assert '48002' in db.read(customers.state).note['error']
    assert len(api.asked_for('externalcontact/get_follow_user_list')) == 1


async def test_a_customer_who_was_added_is_read_and_comes_from_where_the_code_says(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    await read_all(customers, db)
    admin = db.transact(story.member, Role.ADMIN)
    db.transact(staff.change, admin.id, wecom_userid='Lin', by=admin.id)
    api.answers('externalcontact/add_contact_way', OK | {'config_id': 'k1', 'qr_code': 'https://wework.qpic.cn/1'})
    await customers.add_way('秋季地推', 'Lin', by=admin.id)
    asked = json.loads(api.asked_for('externalcontact/add_contact_way')[0].body)
    api.answers('externalcontact/get', alone(row('wm9', state=asked['state'])))

    told(db, 'add_external_contact', 'wm9', State=asked['state'], WelcomeCode='x')
    assert contact(db, 'wm9').lead_source == '秋季地推'
    await read_all(customers, db)

    assert contact(db, 'wm9').name == 'wm9的微信'
    assert contact(db, 'wm9').synced_at is not None
    assert (asked['type'], asked['scene'], asked['user'], asked['remark']) == (1, 2, ['Lin'], '秋季地推')


async def test_a_customer_who_left_is_marked_and_an_older_page_does_not_bring_her_back(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    api.answers('externalcontact/batch/get_by_user', page(row('wm1')))
    await read_all(customers, db)
    asked_at = datetime.now(UTC)

    told(db, 'del_follow_user', 'wm1', SINCE + 60)
    found, _ = CustomerContacts(WeComClient('ww1', 1, 'secret', api.base_url)).page(['Lin'], '')
    db.transact(contacts.keep, found, read_at=asked_at)
    assert contact(db, 'wm1').left_at == datetime.fromtimestamp(SINCE + 60, UTC)

    told(db, 'add_external_contact', 'wm1', SINCE + 120)
    assert contact(db, 'wm1').left_at is None


async def test_a_number_the_member_noted_links_the_family_and_rests_nowhere(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    student = db.transact(family)
    api.answers(
        'externalcontact/batch/get_by_user',
        page(
            row('wm1', remark='王妈 13800001111', remark_mobiles=['138 0000 1111']),
            row('wm2', description='电话+86 13911112222'),
        ),
    )

    await read_all(customers, db)

    assert contact(db, 'wm1').student_id == student.id
    assert contact(db, 'wm1').guardian_id is not None
    assert contact(db, 'wm1').remark == '王妈 138****1111'
    assert contact(db, 'wm2').student_id is None


async def test_a_number_of_several_families_is_only_suggested_until_a_person_says(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    by = db.transact(story.member)
    first, second = db.transact(family, '王一'), db.transact(family, '王二')
    api.answers('externalcontact/batch/get_by_user', page(row('wm1', remark_mobiles=['13800001111'])))
    await read_all(customers, db)

    offered = db.read(contacts.of_student, first.id, by=by.id)
    assert [one.contact.external_userid for one in offered.suggested] == ['wm1']
    assert offered.followed == []
    wm1 = contact(db, 'wm1')
    db.transact(contacts.unlink, wm1.id, second.id, by=by.id)
    assert db.read(contacts.of_student, second.id, by=by.id).suggested == []
    db.transact(contacts.link, wm1.id, first.id, by=by.id)

    assert [one.contact.id for one in db.read(contacts.of_student, first.id, by=by.id).followed] == [wm1.id]


async def test_what_a_person_took_apart_is_not_put_together_again(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    by, student = db.transact(story.member), db.transact(family)
    api.answers('externalcontact/batch/get_by_user', page(row('wm1', remark_mobiles=['13800001111'])))
    await read_all(customers, db)

    db.transact(contacts.unlink, contact(db, 'wm1').id, student.id, by=by.id)
    db.transact(rounds.ask, 'contacts:sync:ww1')
    await read_all(customers, db)

    assert contact(db, 'wm1').student_id is None


async def test_the_same_person_with_another_member_or_account_is_the_same_family(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    by, student = db.transact(story.member), db.transact(family)
    talk = db.transact(story.said, '在吗', who='wm1', channel=Channel.KF)
    db.transact(students.link, talk.id, student.id, by=by.id)
    api.answers(
        'externalcontact/batch/get_by_user',
        page(
            row('wm1'), row('wm1', member='zhao'), row('wm2'), row('wm2', member='zhao', remark_mobiles=['13800001111'])
        ),
    )

    await read_all(customers, db)

    for who in ('wm1', 'wm2'):
        assert [contact(db, who, member).student_id for member in ('Lin', 'zhao')] == [student.id, student.id]


async def test_who_knocks_at_a_service_account_is_known_by_the_colleague_who_has_her(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    student = db.transact(family)
    api.answers('externalcontact/batch/get_by_user', page(row('wm1', remark_mobiles=['13800001111'])))
    await read_all(customers, db)

    talk = db.transact(story.said, '在吗', who='wm1', channel=Channel.KF)
    db.transact(kf_customers.named, ['wm1'], [])

    assert db.read(lambda session: session.get_one(Contact, talk.contact_id)).student_id == student.id


async def test_a_remark_is_changed_in_wecom_first_and_a_masked_number_in_it_stays_whole_there(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    by = db.transact(story.member)
    api.answers('externalcontact/batch/get_by_user', page(row('wm1', remark='13800001111王妈')))
    api.answers('externalcontact/get', alone(row('wm1', remark='13800001111王妈')))
    await read_all(customers, db)
    wm1 = contact(db, 'wm1')

    await customers.set_remark(wm1.id, '138****1111 王芳', by=by.id)

    assert json.loads(api.asked_for('externalcontact/remark')[0].body)['remark'] == '13800001111 王芳'
    assert contact(db, 'wm1').remark == '138****1111 王芳'


async def test_what_wecom_refuses_changes_nothing_here(db: Database, api: FakeApi, customers: Customers) -> None:
    by = db.transact(story.member)
    api.answers('externalcontact/batch/get_by_user', page(row('wm1', remark='王妈', tags=('et2',))))
    await read_all(customers, db)
    wm1 = contact(db, 'wm1')
    high = db.read(lambda session: session.scalars(select(Tag).where(Tag.wecom_id == 'et1')).one())
    api.answers('externalcontact/remark', {'errcode': 84061, 'errmsg': 'not external contact'})
    api.answers('externalcontact/mark_tag', {'errcode': 84061, 'errmsg': 'not external contact'})

    with pytest.raises(WeComRefused, match='84061'):
        await customers.set_remark(wm1.id, '新备注', by=by.id)
    with pytest.raises(WeComRefused, match='84061'):
        await customers.set_tags(wm1.id, [high.id], by=by.id)

    assert contact(db, 'wm1').remark == '王妈'
    assert names_of_tags(db, wm1.id) == ['低']
    assert db.read(contacts.to_read, limit=5) == [('Lin', 'wm1')]


async def test_tags_are_given_and_taken_in_one_call_that_waits_out_another(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    by, student = db.transact(story.member), db.transact(family)
    api.answers('externalcontact/batch/get_by_user', page(row('wm1', tags=('et2',), remark_mobiles=['13800001111'])))
    await read_all(customers, db)
    wm1 = contact(db, 'wm1')
    high = db.read(lambda session: session.scalars(select(Tag).where(Tag.wecom_id == 'et1')).one())
    api.answers('externalcontact/mark_tag', {'errcode': 45035, 'errmsg': 'in parallel'}, OK)

    await customers.set_tags(wm1.id, [high.id], by=by.id)

    asked = [json.loads(one.body) for one in api.asked_for('externalcontact/mark_tag')]
    assert len(asked) == 2
    assert (asked[1]['add_tag'], asked[1]['remove_tag']) == (['et1'], ['et2'])
    assert names_of_tags(db, wm1.id) == ['高']
    entries = db.read(students.history, student.id, by=by.id)
    assert [entry.detail['tags'] for entry in entries if entry.action == 'contact_tags'] == [['+高', '-低']]


async def test_a_change_of_which_nobody_learned_the_end_is_read_from_wecom(
    db: Database, api: FakeApi, customers: Customers
) -> None:
    by = db.transact(story.member)
    api.answers('externalcontact/batch/get_by_user', page(row('wm1', remark='旧')))
    await read_all(customers, db)
    db.transact(contacts.begin_change, contact(db, 'wm1').id, by=by.id)  # and then the process is killed
    api.answers('externalcontact/get', alone(row('wm1', remark='新')))

    await read_all(customers, db)

    assert contact(db, 'wm1').remark == '新'


async def test_a_tag_deleted_in_wecom_is_offered_no_longer(db: Database, api: FakeApi, customers: Customers) -> None:
    by, student = db.transact(story.member), db.transact(family)
    api.answers('externalcontact/batch/get_by_user', page(row('wm1', tags=('et1',), remark_mobiles=['13800001111'])))
    await read_all(customers, db)
    api.answers('externalcontact/get_corp_tag_list', OK | {'tag_group': []})
    wm1 = contact(db, 'wm1')

    deleted = event(Event='change_external_tag', Id='et1', TagType='tag', ChangeType='delete')
    db.transact(heard, 'ww1', deleted)
    assert names_of_tags(db, wm1.id) == []
    await read_all(customers, db)

    assert db.read(contacts.of_student, student.id, by=by.id).tags == []
    with pytest.raises(Invalid):
        await customers.set_tags(wm1.id, [1], by=by.id)


async def test_an_agent_sees_and_changes_only_own_customers(db: Database, api: FakeApi, customers: Customers) -> None:
    admin = db.transact(story.member, Role.ADMIN)
    mine, other = (db.transact(story.member, Role.AGENT, name) for name in ('小林', '小赵'))
    db.transact(staff.change, mine.id, wecom_userid='lin', by=admin.id)
    student = db.transact(family)
    api.answers(
        'externalcontact/batch/get_by_user',
        page(row('wm1', remark_mobiles=['13800001111']), row('wm1', member='zhao')),
    )
    await read_all(customers, db)

    seen = db.read(contacts.of_student, student.id, by=mine.id)
    assert [(one.contact.account, one.member_name) for one in seen.followed] == [('Lin', '小林')]
    assert db.read(contacts.of_student, student.id, by=other.id).followed == []
    with pytest.raises(NotFound):
        await customers.set_remark(contact(db, 'wm1').id, '王妈', by=other.id)
    with pytest.raises(NotAllowed):
        await customers.set_remark(contact(db, 'wm1').id, '王妈', by=db.transact(story.member, Role.TESTER).id)


async def test_a_code_that_wecom_refuses_is_not_kept_and_one_that_is_deleted_goes_in_both_places(
    db: Database, api: FakeApi, customers: Customers
) -> None:

    admin = db.transact(story.member, Role.ADMIN)
    db.transact(staff.change, admin.id, wecom_userid='Lin', by=admin.id)
    api.answers(
        'externalcontact/add_contact_way',
        {'errcode': 84074, 'errmsg': 'no permission'},
        OK | {'config_id': 'k1', 'qr_code': 'https://q/1'},
    )
    with pytest.raises(WeComRefused):
        await customers.add_way('地推', 'Lin', by=admin.id)
    assert db.read(contact_ways.everyone, by=admin.id) == []

    await customers.add_way('地推', 'Lin', by=admin.id)
    [way] = db.read(contact_ways.everyone, by=admin.id)
    assert (way.name, way.qr_code_url) == ('地推', 'https://q/1')
    await customers.remove_way(way.id, by=admin.id)

    assert json.loads(api.asked_for('externalcontact/del_contact_way')[0].body) == {'config_id': 'k1'}
    assert db.read(contact_ways.everyone, by=admin.id) == []


async def test_a_customer_who_left_cannot_be_changed(db: Database, api: FakeApi, customers: Customers) -> None:
    by = db.transact(story.member)
    api.answers('externalcontact/batch/get_by_user', page(row('wm1')))
    await read_all(customers, db)
    told(db, 'del_external_contact', 'wm1', SINCE + 60)

    with pytest.raises(Conflict, match='不是好友'):
        await customers.set_remark(contact(db, 'wm1').id, '王妈', by=by.id)


def names_of_tags(db: Database, contact_id: int) -> list[str]:

    return [tag.name for tag in db.read(tags.of_contacts, [contact_id]).get(contact_id, [])]
