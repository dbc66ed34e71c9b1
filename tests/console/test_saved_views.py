from functools import partial

import pytest

from console import saved_views
from console.database import Database
from console.errors import Conflict, Invalid, NotAllowed, NotFound
from models import Role
from tests import story
from tests.at_once import refused_at_once


def test_a_view_is_ones_own_until_it_is_shared(db: Database) -> None:
    lin, chen = (db.transact(story.member, Role.SUPERVISOR, name).id for name in ('林主管', '陈主管'))
    money = {'risk': 'money'}
    db.transact(saved_views.save, 'review', '涉及费用', money, by=lin)
    db.transact(saved_views.save, 'conversations', '我的', {'mine': '1'}, shared=True, by=lin)
    assert db.read(saved_views.of, 'review', by=chen) == []

    db.transact(saved_views.save, 'review', ' 涉及费用 ', money | {'channel': 'kf'}, shared=True, by=lin)

    [hers] = db.read(saved_views.of, 'review', by=lin)
    [seen] = db.read(saved_views.of, 'review', by=chen)
    assert (hers.owner, hers.changeable, hers.filters) == (None, True, {'risk': 'money', 'channel': 'kf'})
    assert (seen.owner, seen.changeable, seen.name) == ('林主管', False, '涉及费用')


def test_a_shared_view_is_changed_by_its_owner_and_the_administrator(db: Database) -> None:
    lin = db.transact(story.member).id
    chen = db.transact(story.member, Role.SUPERVISOR, '陈主管').id
    head = db.transact(story.member, Role.ADMIN, '校长').id
    shared = db.transact(saved_views.save, 'review', '退费', {'risk': 'refund'}, shared=True, by=lin).id
    own = db.transact(saved_views.save, 'review', '投诉', {'risk': 'complaint'}, by=lin).id

    with pytest.raises(NotAllowed):
        db.transact(saved_views.remove, shared, by=chen)
    with pytest.raises(NotFound):
        db.transact(saved_views.remove, own, by=head)
    with pytest.raises(Invalid, match='已有名为'):
        db.transact(saved_views.rename, own, '退费', by=lin)
    db.transact(saved_views.rename, shared, '退费急件', by=lin)
    db.transact(saved_views.remove, shared, by=head)

    assert [view.name for view in db.read(saved_views.of, 'review', by=lin)] == ['投诉']
    with pytest.raises(Invalid, match='名字'):
        db.transact(saved_views.save, 'review', '  ', {}, by=lin)


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
@pytest.mark.parametrize('renamed', [True, False])
def test_of_two_windows_that_give_a_name_at_once_the_second_is_told(db: Database, renamed: bool) -> None:
    lin = db.transact(story.member).id
    save = partial(saved_views.save, page='review', filters={'risk': 'complaint'}, by=lin)
    naming = [partial(save, name='投诉')] * 2
    if renamed:
        old = [db.transact(save, name=name).id for name in ('退费', '退款')]
        naming = [partial(saved_views.rename, view_id=view_id, name='投诉', by=lin) for view_id in old]

    refusal = refused_at_once(db, *naming)

    assert isinstance(refusal, Conflict)
    assert refusal.field == 'name'
    assert '投诉' in str(refusal)
    assert [view.name for view in db.read(saved_views.of, 'review', by=lin)].count('投诉') == 1
