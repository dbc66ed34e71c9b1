"""NiceGUI looks up the signature of the same few methods three times for every element: here it remembers them.

`inspect.signature` was a fifth of what building a page costs (docs/performance.md).
"""

from collections.abc import Callable
from functools import cache
from types import FunctionType, MethodType
from typing import Any

from nicegui import helpers


def remember() -> None:
    """From now on `expects_arguments` is worked out once for each method of a class."""
    asked = helpers.expects_arguments

    @cache
    def of_method(function: Callable[..., Any]) -> bool:
        return asked(MethodType(function, object()))

    def expects_arguments(func: Callable[..., Any]) -> bool:
        if isinstance(func, MethodType) and isinstance(func.__func__, FunctionType):
            return of_method(func.__func__)
        return asked(func)

    helpers.expects_arguments = expects_arguments
