"""What documents knows of a person: which invoices it looked at, and nothing of what others did."""

from __future__ import annotations

import pytest

from libs.errors import NotFound
from libs.ids import new_id
from services.documents.servicer import Privacy
from tests.integration.documents.calls import get, issued
from tests.integration.documents.conftest import Documents
from tests.personal import exported
from tests.unit.documents.builders import ACME, contact, operator


def test_a_person_gets_what_it_looked_at_and_operators_as_far_as_they_see(documents: Documents) -> None:
    laura, other, servicer = contact(), contact(), Privacy(documents.new_reader)
    assert laura.account_id is not None
    with documents.as_(operator()):
        invoice = issued(documents)
    for person in (laura, other):
        with documents.as_(person):
            get(documents, invoice.name)
    (view,) = exported(servicer, laura.account_id, laura)
    assert view["kind"] == "invoice_view"
    assert (view["data"]["invoice"], view["data"]["number"], view["data"]["customer"]) == (
        invoice.name,
        invoice.number,
        f"customers/{ACME}",
    )
    assert exported(servicer, laura.account_id, operator()) == [view]
    assert exported(servicer, laura.account_id, operator(new_id())) == [], "of a group that the customer is not in"
    assert exported(servicer, new_id(), operator()) == []
    with pytest.raises(NotFound):
        exported(servicer, laura.account_id, other)
