"""The chart as it is shipped: a package in a registry."""

from __future__ import annotations

import subprocess
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.chart import tools
from tests.chart.rendering import CHART, HELM, objects, values
from tests.servers import free_ports

ABOUT = yaml.safe_load((CHART / "Chart.yaml").read_text())
VERSION = ABOUT["version"]


@pytest.fixture
def registry(tmp_path: Path, eventually: Callable[..., object]) -> Iterator[str]:
    """An OCI registry on this machine; gives its host and port."""
    (port,) = free_ports(1)
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "registry")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    (tmp_path / "registry.yaml").write_text(yaml.safe_dump(settings))
    program = str(tools.ROOT / ".venv" / "bin" / "docker-registry")
    with (tmp_path / "registry.log").open("wb") as log:
        serving = subprocess.Popen([program, "serve", str(tmp_path / "registry.yaml")], stdout=log, stderr=log)
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/v2/"), 20)
        yield f"127.0.0.1:{port}"
    finally:
        serving.terminate()
        serving.wait(10)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_what_is_pulled_from_a_registry_is_the_chart(registry: str, tmp_path: Path) -> None:
    helm = tools.helm(HELM)
    tools.run(helm, "package", str(CHART), "-d", str(tmp_path))
    tools.run(helm, "push", str(tmp_path / f"recapito-{VERSION}.tgz"), f"oci://{registry}/charts", "--plain-http")
    source = [f"oci://{registry}/charts/recapito", "--version", VERSION, "--plain-http"]
    pulled = tools.run(helm, "template", "r", *source, "-n", "recapito", "-f", values("scaling"))
    assert [one for one in yaml.load_all(pulled, Loader=yaml.CSafeLoader) if one] == objects("scaling")


def test_the_chart_installs_the_version_that_it_comes_with() -> None:
    project = tomllib.loads((tools.ROOT / "pyproject.toml").read_text())["project"]
    assert ABOUT["appVersion"] == project["version"]
