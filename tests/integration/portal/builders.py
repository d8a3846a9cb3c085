"""The story that the pages' tests tell: ABC S.r.l. with Mario, Laura and Giuseppe, six invoices, an operator, a policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from recapito.contacts.v1.contacts_pb2 import Activity, Contact
from recapito.contacts.v1.customers_pb2 import Customer
from recapito.contacts.v1.groups_pb2 import Group
from recapito.contacts.v1.permissions_pb2 import Permissions, PortalAccess, Preferences
from recapito.documents.v1.document_pb2 import Line
from recapito.documents.v1.invoices_pb2 import Invoice
from recapito.documents.v1.payments_pb2 import Payment
from recapito.identity.v1.accounts_pb2 import Account
from recapito.identity.v1.links_pb2 import Link
from recapito.identity.v1.policies_pb2 import Acceptance, Policy
from recapito.notifications.v1.dispatches_pb2 import Decision, Dispatch
from recapito.notifications.v1.messages_pb2 import Message
from recapito.notifications.v1.templates_pb2 import RenderedMessage
from recapito.type.v1.type_pb2 import LocalizedText, Money, PostalAddress, TaxIdentity

from libs.ids import new_id
from services.portal.service import Page
from tests.integration.portal.fakes import PASSWORD, SECTIONS, Backend, StoredLink, empty_backend, now, stamp

POLICY_IT = """# Chi tratta i dati

Studio Partenope, via dei Mille 12, Napoli. Responsabile: [privacy](mailto:privacy@studiopartenope.example).

# Quali dati e perché

Nome, recapiti e documenti di lavoro, per eseguire l’incarico e per gli obblighi fiscali.

- Dieci anni per i documenti contabili.
- Due anni per i messaggi di assistenza.
"""
POLICY_EN = """# Who processes the data

Studio Partenope, via dei Mille 12, Naples.
"""


class Named(Protocol):
    name: str


@dataclass
class Story:
    """Everything that the pages show, and the ids that tests name."""

    backend: Backend
    operator: UUID
    abc: UUID
    gallo: UUID
    mario: UUID
    laura: UUID
    giuseppe: UUID
    overdue: UUID
    partial: UUID
    due: UUID
    paid: UUID
    draft: UUID
    dispatch: UUID

    def link(self, account_id: UUID, purpose: Link.Purpose.ValueType = Link.MAGIC, landing: str = "", token: str = "a-token") -> str:
        """Mint a link and return its token."""
        name = f"accounts/{account_id}/links/{new_id()}"
        self.backend.identity.links[token] = StoredLink(account_id, purpose, landing=landing, name=name)
        return token

    def accept_policy(self, *account_ids: UUID) -> None:
        """As if they had accepted the current version before."""
        for account_id in account_ids:
            policy = self.backend.identity.get_current_policy()
            self.backend.identity.acceptances.append((account_id, acceptance_of(policy, account_id)))


def acceptance_of(policy: Policy, account_id: UUID) -> Acceptance:
    return Acceptance(name=f"accounts/{account_id}/acceptances/{new_id()}", policy=policy.name, version=policy.version, accept_time=now())


def story() -> Story:
    backend = empty_backend()
    contacts, documents, identity = backend.contacts, backend.documents, backend.identity
    group = contacts.create_group(Group(display_name="Sede Napoli"), "")
    abc = contacts.create_customer(
        Customer(
            kind=Customer.COMPANY,
            categories=[Customer.CLIENT],
            display_name="ABC S.r.l.",
            email="info@abc.example",
            phone="+390811234567",
            tax_identity=TaxIdentity(
                legal_name="ABC S.r.l.",
                vat_number="IT01234567897",
                address=PostalAddress(street="via Toledo 156", city="Napoli", province="NA", postal_code="80132", region_code="IT"),
            ),
            language_code="it",
            groups=[group.name],
        ),
        "",
    )
    gallo = contacts.create_customer(
        Customer(kind=Customer.COMPANY, categories=[Customer.CLIENT], display_name="Gallo Fratelli S.n.c."), ""
    )
    mario = person(backend, abc, "Mario", "Rossi", "Amministratore delegato", allowed=SECTIONS, told=("invoice", "estimate", "contract"))
    laura = person(
        backend, abc, "Laura", "Bianchi", "Responsabile amministrativa", allowed=("INVOICES", "CONTRACTS"), told=("invoice", "contract")
    )
    giuseppe = person(backend, abc, "Giuseppe", "Verdi", "Responsabile IT", allowed=("SUPPORT", "PROJECTS"), told=("ticket", "project"))
    abc.primary_contact = mario.name
    operator_id = new_id()
    operator = Account(
        name=f"accounts/{operator_id}",
        kind=Account.OPERATOR,
        display_name="Francesca Riva",
        email="francesca@studio.example",
        state=Account.ACTIVE,
        roles=["roles/administrator"],
        password_set=True,
        etag='"1"',
    )
    identity.accounts[operator_id] = operator
    identity.passwords[operator_id] = PASSWORD
    identity.policies.append(
        Policy(
            name=f"policies/{new_id()}",
            version="2026-11",
            state=Policy.CURRENT,
            text=LocalizedText(it=POLICY_IT, en=POLICY_EN),
            publish_time=stamp(datetime(2026, 9, 1, 8, tzinfo=UTC)),
            etag='"1"',
        )
    )
    today = datetime.now(UTC).date()
    overdue = invoice(backend, abc, "INV-2026-000129", "980.00", issued=today - timedelta(72), due=today - timedelta(42), overdue=True)
    partial = invoice(backend, abc, "INV-2026-000137", "1850.00", issued=today - timedelta(38), due=today - timedelta(8), overdue=True)
    due = invoice(backend, abc, "INV-2026-000142", "2400.00", issued=today - timedelta(10), due=today + timedelta(20))
    paid = invoice(backend, abc, "INV-2026-000118", "3200.00", issued=today - timedelta(135), due=today - timedelta(105))
    draft = documents.create_invoice(
        Invoice(
            customer=abc.name, lines=[Line(description="Consulenza di novembre", quantity="1", unit_price="1100.00", vat_rate_percent="22")]
        ),
        "",
    )
    pay(backend, partial, "1000.00", today - timedelta(25))
    pay(backend, paid, paid.total.gross_amount, today - timedelta(100))
    dispatch = told(backend, due)
    contacts.activities.append(
        Activity(
            name=f"{mario.name}/activities/{new_id()}",
            kind="recapito.documents.invoice.viewed.v1",
            customer=abc.name,
            resource=due.name,
            title=due.number,
            create_time=now(),
        )
    )
    named: list[Named] = [abc, gallo, mario, laura, giuseppe, overdue, partial, due, paid, draft, dispatch]
    return Story(backend, operator_id, *(UUID(resource.name.split("/")[1]) for resource in named))


def person(
    backend: Backend, customer: Customer, first_name: str, last_name: str, position: str, *, allowed: tuple[str, ...], told: tuple[str, ...]
) -> Contact:
    permissions = Permissions()
    for section in SECTIONS:
        setattr(permissions, section.lower(), Permissions.ALLOW if section in allowed else Permissions.DENY)
    preferences = Preferences()
    for kind in ("invoice", "credit_note", "estimate", "proposal", "contract", "ticket", "project", "task"):
        setattr(preferences, kind, Preferences.ON if kind in told else Preferences.OFF)
    email = f"{first_name}.{last_name}@abc.example".lower()
    wanted = Contact(
        first_name=first_name,
        last_name=last_name,
        email=email,
        language_code="it",
        direction=Contact.LTR,
        customer=customer.name,
        access=PortalAccess(enabled=True),
        newsletter=True,
    )
    wanted.affiliations.add(contact="contacts/-", position=position, permissions=permissions, preferences=preferences)
    contact = backend.contacts.create_contact(wanted, skip_welcome=True, send_set_password=False, request_id="")
    id_ = UUID(contact.name.split("/")[1])
    backend.identity.accounts[id_] = Account(
        name=f"accounts/{id_}",
        kind=Account.CONTACT,
        display_name=f"{first_name} {last_name}",
        email=email,
        state=Account.ACTIVE,
        language_code="it",
    )
    backend.identity.passwords[id_] = PASSWORD
    return contact


def invoice(backend: Backend, customer: Customer, number: str, net: str, *, issued: date, due: date, overdue: bool = False) -> Invoice:
    made = backend.documents.create_invoice(
        Invoice(
            customer=customer.name,
            lines=[Line(description="Tenuta della contabilità, luglio–settembre", quantity="1", unit_price=net, vat_rate_percent="22")],
            state=Invoice.SENT,
            number=number,
            issue_date=issued.isoformat(),
            due_date=due.isoformat(),
            overdue=overdue,
            bill_to=customer.tax_identity,
            notes="Grazie per la fiducia.",
        ),
        "",
    )
    made.issue_time.CopyFrom(stamp(datetime.combine(issued, datetime.min.time(), UTC)))
    return made


def pay(backend: Backend, invoice: Invoice, amount: str, received: date) -> Payment:
    return backend.documents.create_payment(
        Payment(
            customer=invoice.customer,
            amount=Money(currency_code="EUR", amount=amount),
            allocations=[Payment.Allocation(invoice=invoice.name, amount=amount)],
            method=Payment.BANK_TRANSFER,
            receive_date=received.isoformat(),
        ),
        "",
    )


def told(backend: Backend, invoice: Invoice) -> Dispatch:
    """The dispatch of an invoice: one message, or one skipped, for each contact of the customer."""
    id_ = new_id()
    dispatch = Dispatch(
        name=f"dispatches/{id_}",
        kind="invoice_issued",
        subject=invoice.name,
        customer=invoice.customer,
        counts={"SENT": 2, "SUPPRESSED": 1},
        create_time=now(),
    )
    backend.notifications.dispatches[id_] = dispatch
    for affiliation in backend.contacts.list_affiliations(UUID(invoice.customer.split("/")[1]), Page()).affiliations:
        message_id = new_id()
        sent = affiliation.preferences.invoice == affiliation.preferences.ON
        backend.notifications.messages[message_id] = Message(
            name=f"messages/{message_id}",
            state=Message.SENT if sent else Message.SUPPRESSED,
            kind="invoice_issued",
            dispatch=dispatch.name,
            contact=affiliation.contact,
            customer=invoice.customer,
            decision=Decision(
                person=affiliation.contact,
                outcome=Decision.SEND if sent else Decision.SKIP,
                reason=Decision.SEND_PREFERENCE_ON if sent else Decision.SKIP_PREFERENCE_OFF,
                decide_time=now(),
            ),
            subject_resource=invoice.name,
            from_address="studio@studio.example",
            to_address=affiliation.email if sent else "",
            message_id="<1@studio.example>",
            content=RenderedMessage(
                subject=f"Fattura {invoice.number}",
                html="<!doctype html><html lang='it'><body><p>È pronta la fattura.</p></body></html>",
                text="È pronta la fattura.",
                language_code="it",
            ),
            attempts=[Message.Attempt(attempt_time=now(), result=Message.SENT, reply="250 OK")] if sent else [],
            create_time=now(),
        )
        if sent:
            backend.notifications.messages[message_id].send_time.CopyFrom(now())
    return dispatch
