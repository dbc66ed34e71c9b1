"""What the server says of itself, held against what it does."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import httpx

TYPES: dict[str, tuple[type, ...]] = {
    'object': (dict,),
    'array': (list,),
    'string': (str,),
    'integer': (int,),
    'number': (int, float),
    'boolean': (bool,),
    'null': (type(None),),
}
FORMATS = {'date': date.fromisoformat, 'date-time': datetime.fromisoformat}


class Description:
    """An OpenAPI document. `check` fails where an answer is not what it says."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._patterns = [
            (re.compile(re.sub(r'\{\w+\}', '[^/]+', path)), path)
            for path in sorted(document['paths'], key=_literal_first)
        ]

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, methods in self.document['paths'].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def check(self, answer: httpx.Response) -> None:
        """The status is one that was announced, and the body has the announced shape, with nothing beside it."""
        asked = answer.request
        path = next((name for pattern, name in self._patterns if pattern.fullmatch(asked.url.path)), None)
        operation = self.document['paths'].get(path, {}).get(asked.method.lower())
        if operation is None:
            assert answer.status_code in (401, 404, 405), f'{asked.method} {asked.url} {answer.status_code}'
            return
        where = f'{asked.method} {path} {answer.status_code}'
        announced = operation['responses'].get(str(answer.status_code))
        assert announced, f'{where} is not announced: {answer.text[:300]}'
        fault = self.fault(answer.json(), announced['content']['application/json']['schema'], where)
        assert fault is None, fault

    def fault(self, value: Any, schema: dict[str, Any], at: str) -> str | None:
        """What is wrong with `value`, by the part of JSON Schema that the document uses."""
        if '$ref' in schema:
            return self.fault(value, self.resolved(schema['$ref']), at)
        if 'anyOf' in schema:
            faults = [self.fault(value, option, at) for option in schema['anyOf']]
            return None if None in faults else '; '.join(str(fault) for fault in faults)
        if fault := _plain_fault(value, schema, at):
            return fault
        if isinstance(value, dict):
            return self._object_fault(value, schema, at)
        if isinstance(value, list) and 'items' in schema:
            faults = [self.fault(item, schema['items'], f'{at}[{index}]') for index, item in enumerate(value)]
            return next((fault for fault in faults if fault), None)
        return None

    def resolved(self, reference: str) -> dict[str, Any]:
        found: Any = self.document
        for step in reference.removeprefix('#/').split('/'):
            found = found[step]
        return found

    def _object_fault(self, value: dict[str, Any], schema: dict[str, Any], at: str) -> str | None:
        missing = set(schema.get('required', ())) - set(value)
        if missing:
            return f'{at}: {missing} missing'
        for name, inner in value.items():
            known = schema.get('properties', {}).get(name, schema.get('additionalProperties'))
            if known is None:
                return f'{at}: nobody announced {name}'
            if isinstance(known, dict) and (fault := self.fault(inner, known, f'{at}.{name}')):
                return fault
        return None


def _plain_fault(value: Any, schema: dict[str, Any], at: str) -> str | None:
    if 'const' in schema and value != schema['const']:
        return f'{at}: {value!r} instead of {schema["const"]!r}'
    if 'enum' in schema and value not in schema['enum']:
        return f'{at}: {value!r} is none of {schema["enum"]}'
    if 'type' in schema and not _is_a(value, schema['type']):
        return f'{at}: {value!r} is no {schema["type"]}'
    if isinstance(value, str) and schema.get('format') in FORMATS:
        FORMATS[schema['format']](value)
    return None


def _is_a(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and not (isinstance(value, bool) and kind in ('integer', 'number'))


def _literal_first(path: str) -> tuple[int, str]:
    return path.count('{'), path
