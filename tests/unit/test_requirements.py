"""The list of requirements, and the rule that a test may only name what stands on it."""

from __future__ import annotations

import pytest

from tests.conftest import requirement_ids


def test_every_requirement_has_one_line() -> None:
    assert len(requirement_ids()) == len(set(requirement_ids())) == 318


pytest_plugins = ["pytester"]


def test_a_test_with_an_unknown_requirement_stops_the_run(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("from tests.conftest import pytest_collection_modifyitems")
    pytester.makepyfile('import pytest\n\n@pytest.mark.req("R-XXX-99")\ndef test_nothing():\n    pass\n')
    result = pytester.runpytest("-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*R-XXX-99*"])
