"""What Compose gives to Prometheus."""

from __future__ import annotations

import yaml

from tests.chart.rendering import CATALOGUE
from tests.ops.monitoring import ROOT, promtool

SETTINGS = ROOT / "deploy" / "compose" / "prometheus.yaml"


def test_prometheus_reads_its_settings() -> None:
    promtool("check", "config", "--syntax-only", str(SETTINGS))


def test_prometheus_asks_every_process() -> None:
    (recapito,) = (job for job in yaml.safe_load(SETTINGS.read_text())["scrape_configs"] if job["job_name"] == "recapito")
    (found,) = recapito["dns_sd_configs"]
    assert set(found["names"]) == {
        f"{service}-{process}" for service, entry in CATALOGUE["services"].items() for process in entry["processes"]
    }
    assert found["port"] == CATALOGUE["ports"]["admin"]
