"""The flat view of the old system, and what may be changed through it."""

import pytest

from tests.api.conftest import student
from tests.desk import Desk


def test_the_flat_view_holds_what_the_record_holds(head: Desk) -> None:
    record = student(head)
    basic = head.get(f'/users/{record["id"]}/basic')
    assert basic | {'stage': None} == {
        'userId': record['id'],
        'studentName': record['name'],
        'parentName': '王芳',
        'phone': '13812345678',
        'wechat': 'wangfang_88',
        'studentAge': 9,
        'studentGender': '女',
        'currentCourse': '数学思维',
        'teacher': '周老师',
        'classTime': '周六 10:00',
        'expiryDate': '2027-03-01',
        'remainingClasses': 36,
        'stage': None,
    }
    details = head.get(f'/users/{record["id"]}/student-details')
    assert details == {
        'name': record['name'],
        'age': 9,
        'gender': '女',
        'enrollmentDate': '2026-03-01',
        'totalClasses': 48,
        'completedClasses': 12,
        'attendanceRate': 92,
        'performance': None,
        'notes': None,
    }


def test_an_agent_sees_numbers_masked_and_a_supervisor_whole(agent: Desk, lead: Desk) -> None:
    user = student(lead)['id']
    for path in (f'/users/{user}/basic', f'/users/{user}/parent-details'):
        assert agent.get(path)['phone'] == '138****5678'
        assert '*' in agent.get(path)['wechat']
        assert lead.get(path)['phone'] == '13812345678'


def test_an_agent_knows_no_student_of_a_colleagues(agent: Desk, lead: Desk) -> None:
    owner = lead.get('/verify')['user_id']
    record = student(lead, owner_id=owner)
    for path in ('basic', 'student-details', 'parent-details'):
        agent.get(f'/users/{record["id"]}/{path}', status=404)
    agent.call('PUT', f'/users/{record["id"]}', status=404, json={'studentInfo': {'notes': 'x'}})
    agent.get(f'/students/{record["id"]}', status=404)
    agent.call('PATCH', f'/students/{record["id"]}', status=404, json={'notes': 'x'})
    assert record['id'] not in {row['id'] for row in agent.get('/students', {'search': record['name']})['items']}


def test_what_was_read_masked_and_sent_back_changes_nothing(agent: Desk, lead: Desk) -> None:
    user = student(lead)['id']
    before = lead.get(f'/students/{user}')
    basic = agent.get(f'/users/{user}/basic')
    child = agent.get(f'/users/{user}/student-details')
    parent = agent.get(f'/users/{user}/parent-details')
    agent.call('PUT', f'/users/{user}', json={'basicInfo': basic, 'studentInfo': child, 'parentInfo': parent})
    after = lead.get(f'/students/{user}')
    assert after == before
    assert lead.get(f'/users/{user}/basic')['phone'] == '13812345678'


def test_each_part_may_come_alone_and_in_part(agent: Desk, lead: Desk) -> None:
    user = student(lead)['id']
    answer = agent.call(
        'PUT', f'/users/{user}', json={'basicInfo': {'classTime': '周日 14:00', 'phone': '13900001111'}}
    )
    assert answer['userId'] == user
    agent.call('PUT', f'/users/{user}', json={'studentInfo': {'age': 7, 'completedClasses': 13}})
    agent.call('PUT', f'/users/{user}', json={'parentInfo': {'relationship': '姑姑'}, 'unknown': {'x': 1}})
    basic = lead.get(f'/users/{user}/basic')
    assert (basic['classTime'], basic['phone'], basic['studentAge']) == ('周日 14:00', '13900001111', 7)
    assert basic['remainingClasses'] == 35
    assert lead.get(f'/users/{user}/parent-details')['relationship'] == '姑姑'
    assert basic['teacher'] == '周老师'


@pytest.mark.parametrize(
    ('body', 'field'),
    [
        ({'studentInfo': {'age': 'nine'}}, 'studentInfo.age'),
        ({'studentInfo': {'totalClasses': -1}}, 'studentInfo.totalClasses'),
        ({'studentInfo': {'completedClasses': 99}}, 'studentInfo.completedClasses'),
        ({'basicInfo': {'phone': '123'}}, 'basicInfo.phone'),
        ({'parentInfo': {'phone': '123'}}, 'parentInfo.phone'),
        ({'basicInfo': {'studentGender': '？'}}, 'basicInfo.studentGender'),
        ({'basicInfo': {'expiryDate': '明天'}}, 'basicInfo.expiryDate'),
        ({'studentInfo': {'name': ' '}}, 'studentInfo.name'),
        ({'parentInfo': 'x'}, 'parentInfo'),
    ],
)
def test_a_wrong_value_is_named_as_the_old_system_calls_it(lead: Desk, body: dict[str, object], field: str) -> None:
    user = student(lead)['id']
    before = lead.get(f'/students/{user}')
    assert lead.call('PUT', f'/users/{user}', status=422, json=body)['field'] == field
    assert lead.get(f'/students/{user}') == before


def test_a_user_is_found_by_external_userid_too(player: Desk) -> None:
    token = player.post('/login', external_userid='test')['access_token']
    desk = Desk(player.url, token)
    basic = desk.get('/users/test/basic')
    assert desk.get(f'/users/{basic["userId"]}/basic') == basic
