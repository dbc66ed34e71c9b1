"""The people-facing side. Importing this package registers every page."""

from fastapi import FastAPI


def mount(server: FastAPI) -> None:
    """Add the plain HTML pages, which need no socket: sign-in and set-up."""
