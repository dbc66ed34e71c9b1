"""The people-facing side. `mount` registers every page."""

import pkgutil
from importlib import import_module

from fastapi import FastAPI


def mount(server: FastAPI) -> None:
    """Add the plain HTML routes to the server, and register the live pages with NiceGUI."""
    from pages import layout, sign_in

    server.include_router(sign_in.router)
    layout.link_assets()
    for module in pkgutil.iter_modules(__path__):
        import_module(f'pages.{module.name}')
