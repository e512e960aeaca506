"""A Flask route that does nothing, served as the portal is: what every answer costs at least.

python benchmarks/null_route.py --port 7010
"""

from __future__ import annotations

import argparse
from typing import Any

from flask import Flask, Response
from gunicorn.app.base import BaseApplication


class Null(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn with one process and as many threads as the portal's."""

    def __init__(self, port: int) -> None:
        self._port = port
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": f"127.0.0.1:{self._port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": 64,
            "keepalive": 30,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        app = Flask("null")
        body = b"{}"

        @app.get("/")
        def null() -> Response:
            return Response(body, content_type="application/json; charset=utf-8")

        return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=7010)
    Null(parser.parse_args().port).run()
