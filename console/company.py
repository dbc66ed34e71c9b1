"""The company whose console this is: the real WeCom where there is one, else the sandbox's."""

corp_id: str | None = None
"""Set once by run.py."""


def is_ours(other: str) -> bool:
    """Whether an event concerns our own members and customers. The sandbox beside a real WeCom only plays parents."""
    return corp_id is None or other == corp_id
