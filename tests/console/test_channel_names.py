"""Every channel has a name, and one only."""

from console.channel_names import NAMES
from models import Channel


def test_every_channel_has_a_name_of_its_own() -> None:
    assert set(NAMES) == set(Channel)
    assert len(set(NAMES.values())) == len(Channel)
