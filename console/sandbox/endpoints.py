"""What an API call brings and what may come back."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from console.sandbox.answers import Answer, Refused

if TYPE_CHECKING:
    from console.sandbox.world import World

Query = Mapping[str, str]


class Upload(NamedTuple):
    """The file in the multipart field `media`."""

    name: str
    content: bytes


class Blob(NamedTuple):
    """An answer that is a file, not JSON."""

    name: str
    content_type: str
    content: bytes


class Body:
    """A JSON object, read field by field. What has the wrong form raises `Refused` with 40058."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    def text(self, name: str, *, at_most: int | None = None, default: str | None = None) -> str:
        """`at_most` counts characters. Without `default` the text must be there and not empty."""
        value = self.fields.get(name, default)
        if not isinstance(value, str) or (default is None and not value):
            raise Refused(40058, f'invalid argument: {name}')
        if at_most is not None and len(value) > at_most:
            raise Refused(40058, f'{name} exceed max length {at_most}')
        return value

    def number(self, name: str, default: int, *, low: int = 0, high: int | None = None) -> int:
        value = self.fields.get(name, default)
        if not isinstance(value, int) or value < low or (high is not None and value > high):
            raise Refused(40058, f'invalid argument: {name}')
        return int(value)

    def texts(self, name: str, *, at_most: int, needed: bool = False) -> list[str]:
        """Each text once, in order."""
        value = self.fields.get(name) or []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise Refused(40058, f'invalid argument: {name}')
        if len(value) > at_most or (needed and not value):
            raise Refused(40058, f'{name} takes up to {at_most}')
        return list(dict.fromkeys(value))

    def object(self, name: str) -> 'Body':
        value = self.fields.get(name)
        if not isinstance(value, dict):
            raise Refused(40058, f'invalid argument: {name}')
        return Body(value)

    def only(self, names: Iterable[str]) -> dict[str, Any]:
        """The fields of these names that were given."""
        return {name: self.fields[name] for name in names if name in self.fields}


class Asked(NamedTuple):
    """One call. `upload` is there if the body was multipart and held a file."""

    query: Query
    raw: bytes = b''
    upload: Upload | None = None

    def body(self) -> Body:
        """The JSON object in the body. Raises `Refused` with 40058 if there is none."""
        try:
            fields = json.loads(self.raw)
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            raise Refused(40058, 'Warning: wrong json format.')
        return Body(fields)

    def required(self, name: str) -> str:
        """A value out of the query. Raises `Refused` with 40058 if it is missing."""
        value = self.query.get(name)
        if not value:
            raise Refused(40058, f'invalid argument: {name}')
        return value


class Endpoint(NamedTuple):
    """`right` is what the administrator must have granted the app, or 48002."""

    method: str
    answer: Callable[['World', Asked], Answer | Blob]
    needs_token: bool = True
    right: str | None = None
