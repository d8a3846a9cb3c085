"""Prints which requirements the last test run proved, and which no test proves: `make requirements`."""

from __future__ import annotations

import json
from collections import defaultdict

from tests.conftest import LAST_RUN, requirement_ids


def main() -> None:
    if not LAST_RUN.exists():
        raise SystemExit("no test run yet: make test")
    results: dict[str, dict[str, object]] = json.loads(LAST_RUN.read_text())
    outcomes: dict[str, set[str]] = defaultdict(set)
    for result in results.values():
        for identifier in result["proves"] if isinstance(result["proves"], list) else []:
            outcomes[identifier].add(str(result["outcome"]))
    groups: dict[str, list[str]] = defaultdict(list)
    for identifier in requirement_ids():
        groups[identifier.rsplit("-", 1)[0]].append(identifier)
    proven = {identifier for identifier, found in outcomes.items() if found == {"passed"}}
    for group, identifiers in groups.items():
        missing = [identifier.rsplit("-", 1)[1] for identifier in identifiers if identifier not in proven]
        print(
            f"{group} {len(identifiers) - len(missing)}/{len(identifiers)}"
            + (f"  without a passing test: {' '.join(missing)}" if missing else "")
        )
    print(f"total {len(proven)}/{sum(map(len, groups.values()))}")


if __name__ == "__main__":
    main()
