"""From an event to the mail server, on a real database and over real SMTP."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from services.notifications.domain.kinds import Type
from services.notifications.service.delivering import Deliverer
from tests.mailbox import Mailbox
from tests.unit.notifications.builders import ACME, GIUSEPPE, INVOICE, LAURA, candidate, invoice_issued


@pytest.mark.req("R-NOT-11")
@pytest.mark.req("R-IDN-21")
def test_an_issued_invoice_reaches_those_who_want_it(
    world: SimpleNamespace, over_smtp: Callable[[], Deliverer], smtp_sink: Mailbox
) -> None:
    world.contacts.candidates[ACME] = (
        candidate(),
        candidate(LAURA, email="laura@acme.example", first_name="Laura"),
        candidate(GIUSEPPE, email="giuseppe@acme.example", preferences={Type.INVOICE: False}),
    )
    world.listener.on_invoice_issued([invoice_issued()])
    deliverer = over_smtp()
    while deliverer.deliver_batch():
        pass
    assert sorted(recipient for mail in smtp_sink.messages for recipient in mail.recipients) == ["laura@acme.example", "mario@acme.example"]
    (mail,) = smtp_sink.to("mario@acme.example")
    assert mail.message["Subject"] == "Nuova fattura INV-2026-000001 da Studio Verdi"
    assert "/area/enter/secret-" in mail.part("plain")
    assert "/area/enter/secret-" in mail.part("html")


def states(world: SimpleNamespace) -> dict[str, str]:
    from libs.access import Caller, Kind
    from libs.listing import Listing, Order

    with world.new_uow() as uow:
        found, _ = uow.messages.page(Caller(kind=Kind.SERVICE, service="notifications"), Listing(order=Order("create_time")))
    return {message.to_address: message.state.value for message in found}


def unused(_: Any) -> str:
    return INVOICE
