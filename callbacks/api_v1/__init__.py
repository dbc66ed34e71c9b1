"""The JSON API, version 1."""

from fastapi import FastAPI


def mount(server: FastAPI) -> None:
    """Add the routes, the error envelope, and a JSON 404 for what is not there."""
