"""Cards from the member's side: a finger on a button."""

from collections.abc import Mapping, Sequence
from typing import Unpack

from console.sandbox.envelopes import Field, event_xml
from console.sandbox.phones import PhoneEntry
from console.sandbox.pusher import Manner, PushReport
from console.sandbox.running import Running
from console.sandbox.world import World


class CardSide:
    """`sandbox.cards`. Call it from any thread."""

    def __init__(self, world: World, running: Running) -> None:
        self._world, self._running = world, running

    def of(self, userid: str) -> list[PhoneEntry]:
        """The cards on this member's phone, oldest first. Raises `UnknownMember`."""
        with self._world.turn():
            entries = self._world.phones.entries(self._world.phones.member(userid))
        return [entry for entry in entries if entry.kind == 'template_card']

    def press(
        self,
        userid: str,
        task_id: str,
        key: str,
        *,
        selected: Mapping[str, Sequence[str]] | None = None,
        **manner: Unpack[Manner],
    ) -> PushReport:
        """The member presses the button `key`; `selected` are question keys with the chosen option ids.

        Blocks until the callback is over. Raises `ValueError` if there is no such card or button on the phone, or
        the card was changed or recalled.
        """
        card = next((card for card in self.of(userid) if card.body.get('task_id') == task_id), None)
        if card is None or card.recalled:
            raise ValueError(f'{userid} has no card {task_id}')
        if 'replace_name' in card.body:
            raise ValueError(f'the buttons of {task_id} are off')
        buttons = {button.get('key') for button in [*card.body.get('button_list', []), self._submit(card)]}
        if key not in buttons:
            raise ValueError(f'{task_id} has no button {key}')
        with self._world.turn():
            code = self._world.cards.issue_code(card.msg_id, self._world.clock.now())
            member = self._world.phones.member(userid)
        fields: dict[str, Field] = {
            'EventKey': key,
            'TaskId': task_id,
            'CardType': str(card.body['card_type']),
            'ResponseCode': code,
        }
        if selected:
            items: list[Field] = [
                {'QuestionKey': question, 'OptionIds': {'OptionId': list(options)}}
                for question, options in selected.items()
            ]
            fields['SelectedItems'] = {'SelectedItem': items}
        corp_id, agent_id = self._world.credentials.corp_id, self._world.credentials.agent_id
        xml = event_xml(corp_id, agent_id, 'template_card_event', fields, userid=member.userid)
        return self._running.push(xml, manner, None)

    @staticmethod
    def _submit(card: PhoneEntry) -> Mapping[str, str]:
        submit = card.body.get('submit_button')
        return submit if isinstance(submit, dict) else {}
