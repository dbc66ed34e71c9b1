from collections.abc import AsyncIterator, Iterator

import openai  # noqa: F401  # its import takes as long as the shortest deadline of a test
import pytest

from console.writing.deepseek import DeepSeekWriter
from tests.fakes.model import FakeModel


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with FakeModel() as model:
        yield model


@pytest.fixture
async def writer(model: FakeModel) -> AsyncIterator[DeepSeekWriter]:
    """Impatient, so that tests are fast; everything else as in life."""
    writer = DeepSeekWriter(model.url, 'sk-secret', 'deepseek-chat', deadline=3, idle=0.4, pauses=(0.01, 0.01, 0.01))
    yield writer
    await writer.close()
