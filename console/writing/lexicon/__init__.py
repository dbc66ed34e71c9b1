"""Word lists that a school may edit: one entry a line, `#` begins a remark."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def lines(name: str) -> list[str]:
    """The entries of a list, such as `filler.txt`, in order."""
    text = (_FOLDER / name).read_text('utf-8')
    return [line for line in map(str.strip, text.splitlines()) if line and not line.startswith('# ') and line != '#']
