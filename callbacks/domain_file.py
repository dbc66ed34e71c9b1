"""The file by which WeCom proves that a domain is ours: put into `DATA_DIR/verify/`, it is served.

See developer.work.weixin.qq.com/document/path/90315, read 2026-11-24.
"""

import re
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import Response

NAME = re.compile(r'WW_verify_[A-Za-z0-9]{1,64}\.txt')


def mount(server: FastAPI, folder: Path) -> None:
    """Serve `folder` at the root: its files of WeCom's own naming and nothing else, byte for byte, to everyone."""

    @server.api_route('/WW_verify_{rest}', methods=['GET', 'HEAD'], include_in_schema=False)
    def domain_file(rest: str) -> Response:
        name = f'WW_verify_{rest}'
        if NAME.fullmatch(name) is None or not (folder / name).is_file():
            return Response(status_code=404)
        return Response((folder / name).read_bytes(), media_type='text/plain')
