"""The audit: what identity's own calls leave in it, how entries are chained, searched, exported, and how tampering is found."""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from recapito.identity.v1 import accounts_pb2, audit_pb2, audit_pb2_grpc, links_pb2, sessions_pb2
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded

from libs.errors import InvalidArgument, PermissionDenied, ServiceError, Unauthenticated
from libs.messaging.consumer import Delivery
from services.identity import __main__ as identity
from services.identity import consumer, jobs
from services.identity.clients.heads import FileHeads
from services.identity.clients.signing import JoseSigner
from services.identity.repository.tables import audit_chains, audit_entries
from services.identity.service import audit, tokens
from tests.audit import entries_in_outbox
from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, World

ADA = "ada@studio.example"


def told(number: int = 0, service: str = "contacts", **more: Any) -> Delivery[AuditEntryRecorded]:
    """Return an entry as a service announces it."""
    values: dict[str, Any] = {
        "resource": f"contacts/{uuid.uuid4()}",
        "service": service,
        "actor": f"accounts/{uuid.uuid4()}",
        "method": "recapito.contacts.v1.Contacts.UpdateContact",
        "result": "OK",
        "changed_fields": ["email"],
    }
    entry = AuditEntryRecorded(**{**values, **more})
    entry.record_time.FromDatetime(datetime.now(UTC) + timedelta(seconds=number))
    return Delivery(entry, uuid.uuid4(), datetime.now(UTC))


def record(world: World, *deliveries: Delivery[AuditEntryRecorded]) -> None:
    handlers = consumer.handlers(world.new_uow, None, world.clock)  # type: ignore[arg-type] # the audit asks nothing of contacts
    handlers[AuditEntryRecorded](deliveries)


def record_outbox(world: World) -> list[AuditEntryRecorded]:
    """Bring the audit what identity itself announced."""
    entries = entries_in_outbox(world.engine)
    record(world, *(Delivery(entry, uuid.uuid4(), datetime.now(UTC)) for entry in entries))
    return entries


def stub(world: World) -> audit_pb2_grpc.AuditStub:
    return audit_pb2_grpc.AuditStub(world.anonymous)


def listed(world: World, token: str, filter_: str = "") -> list[audit_pb2.AuditEntry]:
    with world.as_person(token):
        return list(stub(world).ListAuditEntries(audit_pb2.ListAuditEntriesRequest(filter=filter_)).audit_entries)


def verified(world: World, token: str, service: str = "contacts") -> audit_pb2.VerifyAuditResponse:
    with world.as_person(token):
        return stub(world).VerifyAudit(audit_pb2.VerifyAuditRequest(service=service))


def sign(world: World, heads: FileHeads | None = None) -> None:
    keys = tokens.signing_keys(timedelta(days=30), new_reads=world.new_uow, new_uow=world.new_uow, clock=world.clock)
    audit.sign_heads(
        new_reads=world.new_uow,
        new_uow=world.new_uow,
        keys=keys,
        signer=JoseSigner(),
        heads=heads or FileHeads(None),
        clock=world.clock,
    )


def tamper(world: World, *statements: str) -> None:
    """Do what only the owner of the database can: switch the triggers off and change rows."""
    sqlite = world.engine.dialect.name == "sqlite"
    names = ("audit_entries_no_update", "audit_entries_no_delete") if sqlite else ("audit_entries_append_only ON audit_entries",)
    with world.engine.begin() as connection:
        for statement in (*(f"DROP TRIGGER {name}" for name in names), *statements):
            connection.exec_driver_sql(statement)


# --- what identity's calls leave -----------------------------------------------------------------------------------------------------
def test_a_sign_in_and_its_end_are_in_the_audit_with_their_address(worlds: World) -> None:
    token = worlds.administrator()
    record_outbox(worlds)
    with worlds.as_person(token):
        worlds.sessions.DeleteSession(sessions_pb2.DeleteSessionRequest(name="accounts/me/sessions/current"))
    (ended,) = [entry for entry in entries_in_outbox(worlds.engine) if entry.method.endswith("DeleteSession")]
    record(worlds, Delivery(ended, uuid.uuid4(), datetime.now(UTC)))
    found = listed(worlds, worlds.sign_in(ADA).session_token)
    account = found[0].actor
    assert [(entry.method.rpartition(".")[2], entry.result, entry.ip_address) for entry in found] == [
        ("DeleteSession", "OK", "192.0.2.7"),
        ("CreateSession", "OK", "192.0.2.7"),
    ]
    assert {entry.actor for entry in found} == {account}
    assert all(entry.resource.startswith(f"{account}/sessions/") for entry in found)


def test_refused_sign_ins_are_in_the_audit_and_leave_no_success_behind(worlds: World) -> None:
    """Security rule 64: failed attempts too; rule 4: their address stands in identity's own table, in no event."""
    worlds.administrator()
    for email in (ADA, "nobody@studio.example"):
        with pytest.raises(Unauthenticated):
            worlds.sign_in(email, "a wrong password here")
    token = worlds.sign_in(ADA).session_token
    known, unknown = sorted(listed(worlds, token, 'result != "OK"'), key=lambda entry: entry.sequence)
    assert {entry.result for entry in (known, unknown)} == {"UNAUTHENTICATED WRONG_CREDENTIALS"}
    assert {entry.actor for entry in (known, unknown)} == {""}
    assert known.resource.startswith("accounts/")
    assert (unknown.resource, unknown.ip_address) == ("services/identity", "192.0.2.7")
    assert [entry.method.rpartition(".")[2] for entry in entries_in_outbox(worlds.engine)] == ["CreateSession", "CreateSession"]


def test_a_dead_link_and_a_wrong_password_are_in_the_audit(world: World) -> None:
    token = world.administrator()
    with pytest.raises(ServiceError):
        world.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token="x" * 43, new_password=OTHER_PASSWORD))
    with world.as_person(token), pytest.raises(PermissionDenied):
        world.accounts.ChangePassword(
            accounts_pb2.ChangePasswordRequest(name="accounts/me", current_password="not this one", new_password=OTHER_PASSWORD)
        )
    assert {entry.result for entry in listed(world, token)} == {"FAILED_PRECONDITION LINK_UNKNOWN", "PERMISSION_DENIED WRONG_PASSWORD"}


def test_a_changed_password_is_one_entry_without_the_password(world: World) -> None:
    token = world.administrator()
    with world.as_person(token):
        world.accounts.ChangePassword(
            accounts_pb2.ChangePasswordRequest(name="accounts/me", current_password=PASSWORD, new_password=OTHER_PASSWORD)
        )
    changed = [entry for entry in record_outbox(world) if entry.method.endswith("ChangePassword")]
    assert [(entry.result, entry.actor == entry.resource) for entry in changed] == [("OK", True)]


def test_a_redeemed_link_is_its_holders_act(world: World) -> None:
    account_id = world.with_contact()
    world.with_password(account_id)
    (redeemed,) = entries_in_outbox(world.engine)
    assert redeemed.actor == f"accounts/{account_id}"
    assert redeemed.resource.startswith(f"accounts/{account_id}/links/")


def test_who_may_not_read_the_audit_is_in_it(world: World) -> None:
    token = world.administrator()
    account_id = world.with_contact(allowed=("invoices",))
    world.with_password(account_id)
    session = world.sign_in("mario@acme.example").session_token
    world.accept_policy(session)
    with pytest.raises(PermissionDenied):
        listed(world, session)
    (refused,) = listed(world, token, 'result = "PERMISSION_DENIED NOT_ALLOWED"')
    assert (refused.actor, refused.method) == (f"accounts/{account_id}", "recapito.identity.v1.Audit.ListAuditEntries")


def test_no_secret_and_nothing_personal_is_in_any_entry(world: World) -> None:
    """Security rules 4 and 64."""
    token = world.administrator()
    account_id = world.with_contact()
    world.with_password(account_id)
    session = world.sign_in("mario@acme.example").session_token
    with pytest.raises(Unauthenticated):
        world.sign_in("mario@acme.example", "a wrong password here")
    world.accept_policy(session)
    record_outbox(world)
    with world.engine.connect() as connection:
        rows = str([tuple(row) for row in connection.execute(sa.select(audit_entries))])
    announced = str(entries_in_outbox(world.engine))
    for secret in (PASSWORD, "wrong password", "mario", "acme", "Rossi", "ada@", "Firefox", token, session):
        assert secret not in rows
        assert secret not in announced
    assert "192.0.2.7" not in announced


# --- searched and exported -----------------------------------------------------------------------------------------------------------
def test_entries_are_found_by_who_what_which_and_when(worlds: World) -> None:
    token = worlds.administrator()
    contact, customer, actor = uuid.uuid4(), uuid.uuid4(), f"accounts/{uuid.uuid4()}"
    record(
        worlds,
        told(1, resource=f"contacts/{contact}", actor=actor),
        told(2, resource=f"customers/{customer}/affiliations/{contact}"),
        told(3, resource=f"accounts/{contact}/sessions/{uuid.uuid4()}", service="identity", result="UNAUTHENTICATED WRONG_CREDENTIALS"),
        told(4, service="documents", method="recapito.documents.v1.Invoices.IssueInvoice"),
    )

    def services(filter_: str) -> list[str]:
        return [entry.service for entry in listed(worlds, token, filter_)]

    assert services("") == ["documents", "identity", "contacts", "contacts"]
    assert services(f'resource = "contacts/{contact}"') == services(f'actor = "{actor}"') == ["contacts"]
    assert services(f'resource:"contacts/{contact}"') == ["identity", "contacts", "contacts"]
    assert services('resource:"affiliations"') == ["contacts"]
    assert services('method:"IssueInvoice" AND result = "OK"') == ["documents"]
    assert services(f'create_time > "{(datetime.now(UTC) + timedelta(hours=1)).isoformat()}"') == []
    with pytest.raises(InvalidArgument):
        services("ip_address = 1")


def test_pages_follow_one_another(world: World) -> None:
    token = world.administrator()
    record(world, *(told(number) for number in range(7)))
    sequences, page = [], ""
    while True:
        with world.as_person(token):
            answer = stub(world).ListAuditEntries(audit_pb2.ListAuditEntriesRequest(page_size=3, page_token=page))
        sequences += [entry.sequence for entry in answer.audit_entries]
        page = answer.next_page_token
        if not page:
            break
    assert sequences == [7, 6, 5, 4, 3, 2, 1]


def test_an_export_can_be_checked_by_whoever_has_it(worlds: World) -> None:
    """The README says how: SHA-256 over the line without its hash, with the hash before."""
    token = worlds.administrator()
    record(worlds, *(told(number) for number in range(5)))
    with worlds.as_person(token):
        parts = list(stub(worlds).ExportAuditEntries(audit_pb2.ExportAuditEntriesRequest(filter='service = "contacts"')))
    assert parts[0].content_type == "application/jsonl"
    previous, lines = "0" * 64, b"".join(part.data for part in parts).decode().splitlines()
    for line in lines:
        entry = json.loads(line)
        claimed = entry.pop("chain_sha256")
        written = json.dumps({**entry, "previous": previous}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(written.encode()).hexdigest()
        assert previous == claimed
    assert len(lines) == 5


# --- the chain -----------------------------------------------------------------------------------------------------------------------
def test_an_entry_that_comes_twice_is_kept_once(worlds: World) -> None:
    token = worlds.administrator()
    first, second = told(1), told(2)
    record(worlds, first)
    record(worlds, first, second)
    record(worlds, first, second)
    assert [entry.sequence for entry in listed(worlds, token)] == [2, 1]


def test_appenders_at_the_same_moment_keep_one_chain_without_gaps(worlds: World) -> None:
    token = worlds.administrator()
    groups = [[told(service=service) for service in ("contacts", "documents", "contacts")] for _ in range(20)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda group: record(worlds, *group), groups))
    assert [(verified(worlds, token, name).intact, verified(worlds, token, name).entry_count) for name in ("contacts", "documents")] == [
        (True, 40),
        (True, 20),
    ]


def test_the_database_refuses_to_change_or_remove_an_entry(worlds: World) -> None:
    record(worlds, told())
    for statement in (sa.update(audit_entries).values(result="OK"), sa.delete(audit_entries)):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), worlds.engine.begin() as connection:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit_entries SET result = 'PERMISSION_DENIED' WHERE sequence = 3", 3),
        ("UPDATE audit_entries SET ip_address = '198.51.100.1' WHERE sequence = 1", 1),
        ("DELETE FROM audit_entries WHERE sequence = 2", 2),
        ("DELETE FROM audit_entries WHERE sequence = 5", 5),
    ],
)
def test_a_changed_or_removed_entry_is_found(worlds: World, statement: str, broken: int) -> None:
    token = worlds.administrator()
    record(worlds, *(told(number) for number in range(5)))
    assert verified(worlds, token).intact
    tamper(worlds, statement)
    found = verified(worlds, token)
    assert (found.intact, found.broken_sequence) == (False, broken)


def test_a_chain_rewritten_whole_does_not_fit_its_signed_head(worlds: World) -> None:
    token = worlds.administrator()
    record(worlds, *(told(number) for number in range(4)))
    sign(worlds)
    tamper(worlds, "DELETE FROM audit_entries", "UPDATE audit_chains SET sequence = 0, chain_sha256 = '%s'" % ("0" * 64))
    record(worlds, *(told(number) for number in range(4)))
    found = verified(worlds, token)
    assert (found.intact, found.broken_sequence) == (False, 4)
    sign(worlds)
    assert not verified(worlds, token).intact, "a broken chain must not be signed again"


def test_a_signature_of_somebody_else_is_found(world: World) -> None:
    token = world.administrator()
    record(world, told())
    sign(world)
    with world.engine.begin() as connection:
        signature = connection.execute(sa.select(audit_chains.c.signature).where(audit_chains.c.service == "contacts")).scalar_one()
        connection.execute(sa.update(audit_chains).values(signature=signature[:-8] + "AAAAAAAA"))
    assert not verified(world, token).intact


def test_a_chain_cut_off_with_its_head_does_not_fit_the_exported_one(world: World, tmp_path: Path) -> None:
    world.administrator()
    heads = FileHeads(tmp_path / "heads.jsonl")
    record(world, *(told(number) for number in range(3)))
    sign(world)
    with world.engine.connect() as connection:
        before = connection.execute(sa.select(audit_chains).where(audit_chains.c.service == "contacts")).one()
    record(world, *(told(number) for number in range(3)))
    sign(world, heads)
    restored = sa.update(audit_chains).where(audit_chains.c.service == "contacts").values(before._asdict())
    tamper(world, "DELETE FROM audit_entries WHERE sequence > 3")
    with world.engine.begin() as connection:
        connection.execute(restored)
    assert identity.broken_chains(world.settings) == []
    settings = world.settings.model_copy(update={"audit_head_file": tmp_path / "heads.jsonl"})
    assert identity.broken_chains(settings) == ["the audit of contacts is broken at entry 4: it or one before was changed or removed"]


def test_the_worker_signs_and_exports(world: World, tmp_path: Path, eventually: Callable[..., object]) -> None:
    world.administrator()
    record(world, told())
    keys = partial(tokens.signing_keys, timedelta(days=30), new_reads=world.new_uow, new_uow=world.new_uow, clock=world.clock)
    heads, stop = FileHeads(tmp_path / "heads.jsonl"), threading.Event()
    job = jobs.sign_audit(world.new_uow, world.new_uow, keys, JoseSigner(), heads, world.clock)
    thread = threading.Thread(target=job, args=[stop])
    thread.start()
    try:
        eventually(lambda: heads.last("contacts"))
    finally:
        stop.set()
        thread.join()
    with world.engine.connect() as connection:
        signed = connection.execute(sa.select(audit_chains.c.signed_sequence).where(audit_chains.c.service == "contacts")).scalar_one()
    assert signed == 1


def test_heads_are_signed_as_the_chain_grows(world: World, tmp_path: Path) -> None:
    token = world.administrator()
    heads = FileHeads(tmp_path / "heads.jsonl")
    for count in (2, 5):
        while len(listed(world, token)) < count:
            record(world, told())
        sign(world, heads)
        sign(world, heads)  # nothing new
    lines = [json.loads(line) for line in (tmp_path / "heads.jsonl").read_text().splitlines()]
    assert [(line["service"], line["sequence"]) for line in lines] == [("contacts", 2), ("contacts", 5)]
    assert UUID(listed(world, token)[0].name.removeprefix("auditEntries/"))
    assert verified(world, token).intact
