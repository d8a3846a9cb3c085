"""Writes the table of values into the chart's README, from the comments "# -- …" of values.yaml; --check only compares."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parent / "recapito"
BEGIN, END = "<!-- values: written by `make chart-readme` -->", "<!-- end of values -->"
_KEY = re.compile(r"( *)([A-Za-z][A-Za-z0-9]*):")


def rows(text: str) -> Iterator[tuple[str, Any, str]]:
    """Give path, default and description of each value that has a comment."""
    values, said = yaml.safe_load(text), ""
    path: list[str] = []
    for line in text.splitlines():
        if line.strip().startswith("# -- "):
            said = line.strip().removeprefix("# -- ")
        elif found := _KEY.match(line):
            path = [*path[: len(found[1]) // 2], found[2]]
            if said:
                value = values
                for part in path:
                    value = value[part]
                yield ".".join(path), value, said
            said = ""


def table(text: str) -> str:
    lines = ["| value | default | |", "|---|---|---|"]
    for path, value, said in rows(text):
        shown = json.dumps(value, ensure_ascii=False)
        lines.append(f"| `{path}` | `{shown}` | {said} |")
    return "\n".join(lines)


def written(readme: str, values: str) -> str:
    before, _, rest = readme.partition(BEGIN)
    return f"{before}{BEGIN}\n{table(values)}\n{END}{rest.partition(END)[2]}"


def main() -> None:
    path = CHART / "README.md"
    now = path.read_text()
    wanted = written(now, (CHART / "values.yaml").read_text())
    if "--check" in sys.argv:
        sys.exit(0 if now == wanted else "the table of values in the chart's README is not that of values.yaml: run `make chart-readme`")
    path.write_text(wanted)


if __name__ == "__main__":
    main()
