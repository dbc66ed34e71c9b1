"""Asking the writer, and sending one's own words."""

from tests.api.conftest import Parent, student
from tests.desk import Desk, eventually


def test_the_writer_answers_and_claims_no_confidence(agent: Desk, lead: Desk) -> None:
    lead.post('/knowledge', status=201, question='停车方便吗', answer='校区地下二层有免费停车场。')
    answer = agent.post('/ai-responses', message='停车方便吗')
    assert '停车' in answer['content']
    assert answer['confidence'] is None
    assert answer['writer'] == '本地知识库'
    assert any(source['kind'] == 'knowledge' for source in answer['sources'])


def test_an_empty_question_is_refused_and_an_unknown_person_has_no_record(agent: Desk) -> None:
    assert agent.post('/ai-responses', status=422, message='  ')['field'] == 'message'
    assert agent.post('/ai-responses', message='你好', external_userid='nobody_knows')['content']


def test_a_supervisors_words_are_sent_and_an_agents_wait_for_a_release(lead: Desk, agent: Desk, parent: Parent) -> None:
    parent.says('周六有课吗')
    lead.draft_for(parent.userid)
    proposed = agent.post('/send-message', content='有的，上午十点。', customerId=parent.userid, sendMethod='wechat')
    assert proposed['status'] == 'pending_review'
    draft = lead.get(f'/drafts/{proposed["messageId"].removeprefix("draft-")}')
    assert (draft['content'], draft['writer'], draft['status']) == ('有的，上午十点。', '人工', 'pending')
    assert parent.hears() == []
    sent = lead.post('/send-message', content='有的，上午十点，欢迎。', customerId=parent.userid)
    assert sent['status'] == 'queued'
    assert eventually(parent.hears) == ['有的，上午十点，欢迎。']
    assert lead.get(f'/drafts/{draft["id"]}')['status'] == 'superseded'


def test_whom_nobody_chats_with_cannot_be_written_to(lead: Desk) -> None:
    lead.post('/send-message', status=404, content='您好', customerId='nobody_knows')
    lead.post('/send-message', status=404, content='您好', customerId=student(lead)['id'])


def test_other_ways_to_send_and_empty_words_are_refused(lead: Desk, parent: Parent) -> None:
    parent.says('在吗')
    lead.draft_for(parent.userid)
    assert (
        lead.post('/send-message', status=422, content='您好', customerId=parent.userid, sendMethod='sms')['field']
        == 'sendMethod'
    )
    assert lead.post('/send-message', status=422, content=' ', customerId=parent.userid)['field'] == 'content'
    assert lead.post('/send-message', status=422, content='您好', customerId='a b')['field'] == 'customerId'
