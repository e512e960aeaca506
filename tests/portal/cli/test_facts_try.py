"""`portal facts try`: a recipe is tried on a descriptor before it is relied on."""

from __future__ import annotations

from pathlib import Path

from tests.plugins.webserver import answer, serve_web
from tests.portal.cli.commands import invoke, run
from tests.portal.cli.test_commands import DESCRIPTOR

CONFIG = """\
backend: {auth: {dangerouslyDisableDefaultAuthPolicy: true}}
plumbline:
  facts:
    http:
      - name: sonar
        url: URL/measures/{entity.metadata.name}
        every: 1h
        facts:
          - {name: sonar.coverage, type: double, description: x, value: answer.pct}
          - {name: sonar.gate, type: string, description: x, value: answer.gate}
"""


def test_what_would_become_known_is_shown_and_nothing_is_stored(tmp_path: Path) -> None:
    file, config, data = (tmp_path / n for n in ("catalog-info.yaml", "config.yaml", "data"))
    file.write_text(DESCRIPTOR)
    with serve_web() as server:
        config.write_text(CONFIG.replace("URL", server.url))
        place = ("sonar", file, "--config", config, "--data-dir", data)
        server.replies["/measures/basket"] = answer(b'{"pct": 81.5}')
        tried = invoke("facts", "try", *place)
        assert tried.stdout == (
            "component:default/basket\n  sonar.coverage: 81.5\n  sonar.gate: missing: answer.gate\n"
        )
        assert tried.stderr == f"GET {server.url}/measures/basket\n"
        server.replies["/measures/basket"] = answer(status=403)
        assert "not known (not_permitted)" in run("facts", "try", *place, status=1)
        said = invoke("facts", "try", "argo", *place[1:], status=1)
        assert "there are: sonar" in said.output
    assert not (data / "portal.db").exists()
