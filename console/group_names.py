"""What staff call a group of scripts or materials."""

from console.errors import Invalid

LONGEST = 20


def checked(group: str) -> str | None:
    """As it is kept; None where it belongs to no group. Raises `Invalid` naming `group`."""
    group = ' '.join(group.split())
    if len(group) > LONGEST:
        raise Invalid('group', f'分组最多 {LONGEST} 字。')
    return group or None
