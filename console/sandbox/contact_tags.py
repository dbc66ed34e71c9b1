"""企业标签: the company's tags for outside contacts, in groups. Kept in SQLite."""

import secrets
import sqlite3
from dataclasses import dataclass

TABLES = """
CREATE TABLE IF NOT EXISTS tag_group (
    group_id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, position INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS tag (
    tag_id TEXT PRIMARY KEY, group_id TEXT NOT NULL REFERENCES tag_group (group_id), name TEXT NOT NULL,
    position INTEGER NOT NULL, ours INTEGER NOT NULL, UNIQUE (group_id, name)
) STRICT;
"""


@dataclass(frozen=True)
class TagGroup:
    """`position`: the greater, the earlier it is shown."""

    group_id: str
    name: str
    position: int


@dataclass(frozen=True)
class CompanyTag:
    """`ours`: the app made it, and so may change it."""

    tag_id: str
    group_id: str
    name: str
    position: int
    ours: bool


class ContactTags:
    """Rows of tags and groups; a group without tags is none. Not locked: `World.turn()` does that."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(TABLES)

    def groups(self) -> list[TagGroup]:
        rows = self._database.execute('SELECT * FROM tag_group ORDER BY position DESC, rowid')
        return [TagGroup(*row) for row in rows]

    def group(self, group_id: str) -> TagGroup | None:
        return next((group for group in self.groups() if group.group_id == group_id), None)

    def ensure_group(self, name: str, position: int = 0) -> TagGroup:
        """The group of this name, made if there is none."""
        self._database.execute(
            'INSERT OR IGNORE INTO tag_group VALUES (?, ?, ?)', ('et' + secrets.token_hex(15), name, position)
        )
        return next(group for group in self.groups() if group.name == name)

    def tags(self, group_id: str | None = None) -> list[CompanyTag]:
        """Those of a group, or all."""
        rows = self._database.execute(
            'SELECT * FROM tag WHERE ? IS NULL OR group_id = ? ORDER BY position DESC, rowid', (group_id, group_id)
        )
        return [CompanyTag(tag_id, group, name, position, bool(ours)) for tag_id, group, name, position, ours in rows]

    def tag(self, tag_id: str) -> CompanyTag | None:
        return next((tag for tag in self.tags() if tag.tag_id == tag_id), None)

    def add(self, group_id: str, name: str, *, position: int = 0, ours: bool) -> CompanyTag | None:
        """None if the group has a tag of that name."""
        tag_id = 'et' + secrets.token_hex(15)
        added = self._database.execute(
            'INSERT OR IGNORE INTO tag VALUES (?, ?, ?, ?, ?)', (tag_id, group_id, name, position, ours)
        )
        return CompanyTag(tag_id, group_id, name, position, ours) if added.rowcount else None

    def edit(self, tag_or_group_id: str, *, name: str, position: int) -> None:
        """A new name and place for a tag or a group."""
        for statement in (
            'UPDATE tag SET name = ?, position = ? WHERE tag_id = ?',
            'UPDATE tag_group SET name = ?, position = ? WHERE group_id = ?',
        ):
            self._database.execute(statement, (name, position, tag_or_group_id))

    def delete(self, tag_or_group_id: str) -> None:
        """A tag, and its group if it was the last; or a group with all its tags."""
        self._database.execute('DELETE FROM tag WHERE tag_id = ? OR group_id = ?', (tag_or_group_id, tag_or_group_id))
        self._database.execute('DELETE FROM tag_group WHERE group_id NOT IN (SELECT group_id FROM tag)')
