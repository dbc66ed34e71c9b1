"""`python -m models.migrations "add expiry to drafts"`: the next step, written from where the models differ."""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine


def write_next_step(what_it_does: str) -> None:
    """A new file in versions/, numbered on from the last. To be read and mended before it is committed."""
    config = Config()
    config.set_main_option('script_location', str(Path(__file__).parent))
    config.set_main_option('path_separator', 'os')
    head = ScriptDirectory.from_config(config).get_current_head()
    with create_engine('sqlite://').connect() as connection:
        config.attributes['connection'] = connection
        command.upgrade(config, 'head')
        command.revision(config, what_it_does, autogenerate=True, rev_id=f'{int(head or 0) + 1:04}')


if __name__ == '__main__':
    write_next_step(sys.argv[1])
