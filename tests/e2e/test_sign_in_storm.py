"""Two hundred wrong passwords a second do not shut identity: short of the half minute that tests.bench.storm measures."""

from __future__ import annotations

from tests.bench import storm
from tests.bench.load import percentile

SECONDS = 8.0


def test_a_storm_of_sign_ins_is_shed_and_the_rest_of_identity_goes_on(postgres_url: str) -> None:
    """Rule 6 of the security rules: what finds no place to hash gets UNAVAILABLE with a time to come back, at once."""
    with storm.identity(postgres_url) as (address, process_id):
        seen = storm.rage(address, process_id, SECONDS)
    report = seen.report()
    print(report)
    assert set(seen.outcomes["right"]) <= {"OK", "BUSY"}, report
    assert set(seen.outcomes["wrong"]) <= {"WRONG_CREDENTIALS", "TOO_MANY_ATTEMPTS", "BUSY"}, report
    assert seen.without_delay == 0, report
    assert seen.outcomes["right"]["OK"] > 0, report
    assert set(seen.outcomes["keys"]) == set(seen.outcomes["passport"]) == {"OK"}, report
    assert seen.memory_mib < 300, report
    assert percentile(seen.seconds["keys"], 0.99) < 3, report
    assert percentile(seen.seconds["passport"], 0.99) < 3, report
