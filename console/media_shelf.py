"""The files' bytes on disk: sealed, each under a name of its own that says nothing."""

import os
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from console.crypto import CannotOpen, cipher

_folder: Path | None = None


def open_folder(folder: Path) -> None:
    """Say where the files are kept. Servers that share a database must share this folder, too."""
    global _folder  # noqa: PLW0603  one folder a process, set by run.py
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _folder = folder


def folder() -> Path:
    if _folder is None:
        raise RuntimeError('media_shelf.open_folder was not called')
    return _folder


def put(content: bytes) -> str:
    """Write the bytes down, sealed; the path below the folder. After a return they are on the disk."""
    name = secrets.token_hex(16)
    path = f'{name[:2]}/{name}'
    put_back(path, cipher().seal_bytes(content, f'media:{path}'))
    return path


def put_back(path: str, sealed: bytes) -> None:
    """Write down what `taken_out` gave. Raises `CannotOpen` for a path that is none of ours."""
    place = _place(path)
    place.parent.mkdir(exist_ok=True, mode=0o700)
    unfinished = place.with_name(f'{place.name}.unfinished')
    with open(unfinished, 'wb') as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(place)


def taken_out(path: str) -> bytes:
    """The bytes as they lie here, sealed. Raises `FileNotFoundError`, `CannotOpen`."""
    return _place(path).read_bytes()


def get(path: str) -> bytes:
    """Raises `FileNotFoundError`, `CannotOpen`."""
    return cipher().open_bytes(taken_out(path), f'media:{path}')


def drop(path: str) -> None:
    _place(path).unlink(missing_ok=True)


def paths(*, before: datetime) -> Iterator[str]:
    """What lies here and was last written before this moment."""
    for place in sorted(folder().glob('??/*')):
        if place.stat().st_mtime < before.timestamp():
            yield place.relative_to(folder()).as_posix()


def _place(path: str) -> Path:
    head, _, name = path.partition('/')
    if not (head.isalnum() and name.isalnum() and name.startswith(head)):
        raise CannotOpen(path)
    return folder() / head / name
