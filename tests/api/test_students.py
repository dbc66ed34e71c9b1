"""The full record: made, found, changed by one at a time, erased."""

from tests.api.conftest import student
from tests.desk import Desk


def test_a_record_is_found_by_name_by_parent_and_by_whole_phone_number(lead: Desk) -> None:
    record = student(lead, guardians=[{'name': '欧阳测试', 'phone': '13700002222'}])
    for search in (record['name'][:4], '欧阳测试', '13700002222'):
        assert record['id'] in {row['id'] for row in lead.get('/students', {'search': search, 'limit': 100})['items']}
    assert lead.get('/students', {'search': '1370000'})['items'] == []


def test_pages_of_students_miss_nobody(lead: Desk) -> None:
    made = {student(lead, name='同名同姓')['id'] for _ in range(3)}
    seen: list[int] = []
    cursor = None
    while True:
        page = lead.get('/students', {'search': '同名同姓', 'limit': 1} | ({'cursor': cursor} if cursor else {}))
        seen += [row['id'] for row in page['items']]
        cursor = page['next_cursor']
        if cursor is None:
            break
    assert made <= set(seen)
    assert len(seen) == len(set(seen))


def test_whole_numbers_are_for_those_who_may_see_them(agent: Desk, lead: Desk) -> None:
    user = student(lead)['id']
    assert lead.get(f'/students/{user}')['guardians'][0]['phone'] == '138****5678'
    assert lead.get(f'/students/{user}', {'numbers': 'whole'})['guardians'][0]['phone'] == '13812345678'
    agent.get(f'/students/{user}', {'numbers': 'whole'}, status=403)


def test_a_change_of_an_outdated_version_is_409(lead: Desk) -> None:
    record = student(lead)
    path, version = f'/students/{record["id"]}', record['version']
    changed = lead.call('PATCH', path, json={'version': version, 'grade': '三年级'})
    assert (changed['grade'], changed['name']) == ('三年级', record['name'])
    assert lead.call('PATCH', path, status=409, json={'version': version, 'grade': '四年级'})['reason'] == 'version'
    assert lead.get(path)['grade'] == '三年级'


def test_guardians_and_courses_are_changed_by_id_and_added_without(lead: Desk) -> None:
    record = student(lead)
    mother, course = record['guardians'][0]['id'], record['enrolments'][0]['id']
    changed = lead.call(
        'PATCH',
        f'/students/{record["id"]}',
        json={
            'guardians': [{'id': mother, 'kinship': '母亲', 'phone': '138****5678'}, {'name': '爷爷'}],
            'enrolments': [{'id': course, 'lessons_used': 13}, {'course': '美术', 'lessons_total': 10}],
        },
    )
    assert [(one['name'], one['kinship'], one['phone']) for one in changed['guardians']] == [
        ('王芳', '母亲', '138****5678'),
        ('爷爷', None, None),
    ]
    assert [(one['course'], one['lessons_left']) for one in changed['enrolments']] == [('数学思维', 35), ('美术', 10)]
    lead.call('PATCH', f'/students/{record["id"]}', status=404, json={'guardians': [{'id': 2_000_000, 'name': 'x'}]})


def test_half_a_change_is_no_change(lead: Desk) -> None:
    record = student(lead)
    body = {'grade': '五年级', 'guardians': [{'name': '爷爷', 'phone': '12'}]}
    assert lead.call('PATCH', f'/students/{record["id"]}', status=422, json=body)['field'] == 'phone'
    assert lead.get(f'/students/{record["id"]}') == record


def test_an_erased_student_is_gone(agent: Desk, lead: Desk) -> None:
    path = f'/students/{student(lead)["id"]}'
    agent.call('DELETE', path, status=403)
    lead.call('DELETE', path)
    lead.get(path, status=404)
    lead.call('DELETE', path, status=404)


def test_a_record_without_a_name_is_refused(lead: Desk) -> None:
    assert lead.post('/students', status=422, grade='三年级')['field'] == 'name'
    assert lead.post('/students', status=422, name='小明', birth_month='2017-13')['field'] == 'birth_month'
    lead.post('/students', status=422, name='小明', enrolments=[{'lessons_total': 5}])
