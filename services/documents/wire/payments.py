"""Payments, statements and their events on the wire."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from recapito.documents.events.v1 import events_pb2 as events
from recapito.documents.v1 import payments_pb2 as pb

from libs.errors import InvalidArgument
from libs.ids import new_id
from services.documents.domain.payments import Allocation, Method, Payment, Statement
from services.documents.wire.values import amount_text, day, etag, id_of, money, timestamp


def payment(one: Payment) -> pb.Payment:
    return pb.Payment(
        name=f"payments/{one.id}",
        customer=f"customers/{one.customer_id}",
        state=pb.Payment.RECEIVED,
        amount=money(one.amount, one.currency_code),
        allocations=[
            pb.Payment.Allocation(invoice=f"invoices/{each.invoice_id}", amount=amount_text(each.amount)) for each in one.allocations
        ],
        method=pb.Payment.Method.Value(one.method.value),
        receive_date=one.receive_date.isoformat(),
        reference=one.reference,
        create_time=timestamp(one.create_time),
        etag=etag(one.version),
    )


def payment_of(message: pb.Payment, now: datetime) -> Payment:
    received = day(message.receive_date, "payment.receive_date")
    if received is None:
        raise InvalidArgument.of("payment.receive_date", "is required", "REQUIRED")
    unsaid = message.method == pb.Payment.METHOD_UNSPECIFIED
    return Payment(
        id=new_id(),
        customer_id=id_of(message.customer),
        currency_code=message.amount.currency_code,
        amount=Decimal(message.amount.amount),
        allocations=tuple(Allocation(id_of(each.invoice), Decimal(each.amount)) for each in message.allocations),
        receive_date=received,
        create_time=now,
        method=Method.OTHER if unsaid else Method(pb.Payment.Method.Name(message.method)),
        reference=message.reference,
    )


def statement(one: Statement) -> pb.Statement:
    entries = [
        pb.Statement.Entry(
            resource=entry.resource,
            number=entry.number,
            entry_date=entry.entry_date.isoformat(),
            amount=money(entry.amount, entry.currency_code),
            balance_amount=amount_text(entry.balance_amount),
        )
        for entry in one.entries
    ]
    sums = [
        pb.Statement.Total(
            currency_code=total.currency_code,
            billed_amount=amount_text(total.billed_amount),
            paid_amount=amount_text(total.paid_amount),
            balance_amount=amount_text(total.balance_amount),
            overdue_amount=amount_text(total.overdue_amount),
        )
        for total in one.totals
    ]
    name = f"customers/{one.customer_id}/statement"
    return pb.Statement(name=name, totals=sums, entries=entries, read_time=timestamp(one.read_time))


def payment_recorded(one: Payment) -> events.PaymentRecorded:
    return events.PaymentRecorded(
        payment=f"payments/{one.id}",
        version=one.version,
        customer=f"customers/{one.customer_id}",
        amount=money(one.amount, one.currency_code),
        invoices=[f"invoices/{each.invoice_id}" for each in one.allocations],
    )
