"""客户联系 from the other side: members and outside contacts in their clients. Each change calls back."""

from collections.abc import Sequence
from typing import Unpack

from console.sandbox.contact_tags import CompanyTag
from console.sandbox.contacts import Follow, OutsideContact
from console.sandbox.envelopes import Field, event_xml
from console.sandbox.pusher import Manner, PushReport
from console.sandbox.running import Running
from console.sandbox.world import World


class ContactSide:
    """`sandbox.contacts`. Call it from any thread; what calls back blocks until the console has answered.

    Raises `UnknownMember`, `UnknownContact`, and `ValueError` for a tag or code that is not there.
    """

    def __init__(self, world: World, running: Running) -> None:
        self._world, self._running = world, running

    def ensure(self, external_userid: str, name: str, *, avatar: str = '', gender: int = 0, unionid: str = '') -> None:
        """Make this an outside contact, added by nobody yet, or give them these particulars."""
        with self._world.turn():
            self._world.contacts.ensure(OutsideContact(external_userid, name, avatar, gender, unionid))

    def all(self) -> list[OutsideContact]:
        with self._world.turn():
            return self._world.contacts.all()

    def of(self, userid: str) -> list[Follow]:
        """Whom this member has added, with remarks and tags."""
        with self._world.turn():
            return self._world.contacts.followed_by(userid)

    def welcomes(self, userid: str, external_userid: str) -> list[str]:
        """What this contact was welcomed with."""
        with self._world.turn():
            return self._world.contacts.welcomes(userid, external_userid)

    def add(
        self,
        userid: str,
        external_userid: str,
        *,
        state: str = '',
        config_id: str | None = None,
        add_way: int = 1,
        welcome: bool = True,
        half: bool = False,
        **manner: Unpack[Manner],
    ) -> PushReport:
        """The two add each other; by the code `config_id`, which brings its own state, or with this `state`.

        `welcome` False: something else welcomes already, so there is no code. `half`: only the contact has added.
        """
        with self._world.turn():
            member, now = self._world.phones.member(userid), self._world.clock.now()
            contact = self._world.contacts.contact(external_userid)
            if config_id is not None:
                way = self._world.contacts.way(config_id)
                if way is None:
                    raise ValueError(f'there is no code {config_id}')
                state = way.get('state', '')
            follow = Follow(member.userid, contact.external_userid, int(now), add_way=add_way, state=state)
            self._world.contacts.keep(follow)
            more: dict[str, Field] = {'State': state} if state else {}
            if welcome:
                more['WelcomeCode'] = self._world.contacts.issue_welcome_code(follow, now)
        change = 'add_half_external_contact' if half else 'add_external_contact'
        return self._tell(follow, change, more, manner)

    def edit(
        self,
        userid: str,
        external_userid: str,
        *,
        remark: str | None = None,
        description: str | None = None,
        mobiles: Sequence[str] | None = None,
        tag_ids: Sequence[str] | None = None,
        **manner: Unpack[Manner],
    ) -> PushReport:
        """The member changes what they noted about the contact; None leaves it."""
        with self._world.turn():
            follow = self._world.contacts.follow(userid, external_userid)
            follow.remark = follow.remark if remark is None else remark
            follow.description = follow.description if description is None else description
            follow.mobiles = follow.mobiles if mobiles is None else list(mobiles)
            follow.tag_ids = follow.tag_ids if tag_ids is None else list(tag_ids)
            self._world.contacts.keep(follow)
        return self._tell(follow, 'edit_external_contact', {}, manner)

    def member_deletes(self, userid: str, external_userid: str, **manner: Unpack[Manner]) -> PushReport:
        """The member removes the contact."""
        return self._tell(self._part(userid, external_userid), 'del_external_contact', {}, manner)

    def contact_deletes(self, userid: str, external_userid: str, **manner: Unpack[Manner]) -> PushReport:
        """The contact removes the member."""
        return self._tell(self._part(userid, external_userid), 'del_follow_user', {}, manner)

    def tags(self) -> list[CompanyTag]:
        with self._world.turn():
            return self._world.tags.tags()

    def add_tag(self, group: str, name: str, **manner: Unpack[Manner]) -> str:
        """The administrator makes a tag in the group of this name. Returns its id."""
        with self._world.turn():
            tag = self._world.tags.add(self._world.tags.ensure_group(group).group_id, name, ours=False)
        if tag is None:
            raise ValueError(f'{group} has a tag {name}')
        self._tell_of_tag(tag.tag_id, 'create', manner)
        return tag.tag_id

    def rename_tag(self, tag_id: str, name: str, **manner: Unpack[Manner]) -> PushReport:
        """The administrator renames a tag."""
        with self._world.turn():
            tag = self._tag(tag_id)
            self._world.tags.edit(tag_id, name=name, position=tag.position)
        return self._tell_of_tag(tag_id, 'update', manner)

    def delete_tag(self, tag_id: str, **manner: Unpack[Manner]) -> PushReport:
        """The administrator deletes a tag."""
        with self._world.turn():
            self._world.tags.delete(self._tag(tag_id).tag_id)
        return self._tell_of_tag(tag_id, 'delete', manner)

    def _part(self, userid: str, external_userid: str) -> Follow:
        with self._world.turn():
            follow = self._world.contacts.follow(userid, external_userid)
            self._world.contacts.part(follow)
        return follow

    def _tag(self, tag_id: str) -> CompanyTag:
        tag = self._world.tags.tag(tag_id)
        if tag is None:
            raise ValueError(f'there is no tag {tag_id}')
        return tag

    def _tell(self, follow: Follow, change: str, more: dict[str, Field], manner: Manner) -> PushReport:
        fields: dict[str, Field] = {
            'ChangeType': change,
            'UserID': follow.userid,
            'ExternalUserID': follow.external_userid,
            **more,
        }
        return self._push('change_external_contact', fields, manner)

    def _tell_of_tag(self, tag_id: str, change: str, manner: Manner) -> PushReport:
        return self._push('change_external_tag', {'Id': tag_id, 'TagType': 'tag', 'ChangeType': change}, manner)

    def _push(self, event: str, fields: dict[str, Field], manner: Manner) -> PushReport:
        credentials = self._world.credentials
        xml = event_xml(credentials.corp_id, credentials.agent_id, event, fields, userid=None)
        return self._running.push(xml, manner, None)
