"""What identity knows of a person: account, sign-ins, links, acceptances, audit; no secret, and nothing of who else acted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from recapito.identity.v1 import accounts_pb2, links_pb2
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded

from libs.access import Caller, Kind
from libs.errors import NotFound
from services.identity.servicer import Privacy
from tests.integration.identity.world import PASSWORD, World
from tests.personal import exported, kinds, of_kind

HERE = UUID("01890000-0000-7000-8000-00000000aaaa")


def operator(*groups: UUID, sees_all: bool = True) -> Caller:
    capabilities = frozenset({"contacts.anonymize"})
    return Caller(Kind.OPERATOR, uuid4(), capabilities=capabilities, groups=frozenset(groups), sees_all=sees_all)


def entered(world: World) -> UUID:
    """Put a contact that set a password, signed in, accepted the policy, was sent a link, and whom an operator changed."""
    mario = world.with_contact()
    world.tell(mario)
    world.with_password(mario)
    token = world.sign_in("mario@acme.example").session_token
    world.accept_policy(token)
    with world.as_person(token):
        world.accounts.ChangePassword(
            accounts_pb2.ChangePasswordRequest(name="accounts/me", current_password=PASSWORD, new_password=PASSWORD + " nuova")
        )
    world.mint(mario, links_pb2.Link.MAGIC, with_code=True)
    for actor, resource in ((uuid4(), f"contacts/{mario}"), (mario, "invoices/" + str(uuid4()))):
        entry = AuditEntryRecorded(
            service="contacts", actor=f"accounts/{actor}", method="recapito.x.v1.X.Y", resource=resource, result="OK"
        )
        entry.record_time.FromDatetime(datetime.now(UTC))
        world.handle(entry)
    return mario


def test_a_person_gets_all_about_its_account_and_no_secret(worlds: World) -> None:
    mario = entered(worlds)
    worlds.with_password(other := worlds.with_contact(email="laura@acme.example"))
    worlds.sign_in("laura@acme.example")
    records = exported(Privacy(worlds.new_uow), mario, Caller(Kind.CONTACT, mario))
    assert kinds(records) == ["acceptance", "account", "audit_entry", "known_device", "link", "session"]
    assert of_kind(records, "account")[0]["email"] == "mario@acme.example"
    assert [(one["ip_address"], "Firefox" in one["user_agent"]) for one in of_kind(records, "session")] == [("192.0.2.7", True)]
    assert len(of_kind(records, "link")) == 2
    by = {(one["by"], one["resource"]) for one in of_kind(records, "audit_entry")}
    assert {("somebody else", f"contacts/{mario}"), ("the person", "invoices")} <= by
    written = json.dumps(records)
    assert not [word for word in ("laura", str(other), "$argon2", "token_hash", "hash", "secret") if word in written.replace("sha256", "")]


def test_operators_get_it_of_people_in_their_groups_alone(worlds: World) -> None:
    mario, servicer = entered(worlds), Privacy(worlds.new_uow)
    assert exported(servicer, mario, operator()) == exported(servicer, mario, Caller(Kind.CONTACT, mario))
    bruno = uuid4()
    for id_, caller in ((mario, operator(HERE, sees_all=False)), (bruno, operator()), (mario, Caller(Kind.CONTACT, bruno))):
        with pytest.raises(NotFound):
            exported(servicer, id_, caller)
