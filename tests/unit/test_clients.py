"""A program with a service account sees exactly the rows that an operator with its roles and groups sees, in every service."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
import sqlalchemy as sa

from libs.access import Caller, Kind
from services.contacts.service import sight_of
from services.documents.repository.tables import seen_by
from services.notifications.repository.tables import visible

READ = frozenset({"contacts.read", "documents.read", "notifications.read"})
GROUP = uuid.uuid4()
CUSTOMER = sa.column("customer_id", sa.Uuid)
OPERATORS = [
    Caller(Kind.OPERATOR, uuid.uuid4(), capabilities=READ, sees_all=True),
    Caller(Kind.OPERATOR, uuid.uuid4(), capabilities=READ, groups=frozenset({GROUP})),
    Caller(Kind.OPERATOR, uuid.uuid4(), capabilities=READ),
    Caller(Kind.OPERATOR, uuid.uuid4(), groups=frozenset({GROUP})),
]


@pytest.mark.parametrize("operator", OPERATORS, ids=["sees all", "by group", "no group", "no capability"])
def test_a_client_sees_what_an_operator_like_it_sees(operator: Caller) -> None:
    client = replace(operator, kind=Kind.CLIENT)
    assert sight_of(client) == sight_of(operator)
    assert written(seen_by(client, CUSTOMER)) == written(seen_by(operator, CUSTOMER))
    assert written(visible(CUSTOMER, client)) == written(visible(CUSTOMER, operator))


def written(condition: sa.ColumnElement[bool]) -> tuple[str, object]:
    compiled = condition.compile(compile_kwargs={"render_postcompile": True})
    return str(compiled), compiled.params
