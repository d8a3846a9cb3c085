"""Nobody learns from an answer, or from the work behind it, which addresses exist. Rule 13 of the security rules.

Work is counted, not timed: hashes, SQL statements, questions to contacts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from recapito.contacts.v1 import contacts_pb2
from recapito.identity.v1 import accounts_pb2, links_pb2, sessions_pb2
from recapito.identity.v1.links_pb2 import Link

from libs.errors import ServiceError
from libs.ids import new_id
from services.identity.clients.passwords import Argon2Hasher
from services.identity.domain.accounts import Account, Kind, State
from services.portal.clients.identity import GrpcIdentity
from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, USER_AGENT, World
from tests.integration.portal.builders import story
from tests.integration.portal.serve import pages_over

YESTERDAY, TOMORROW = -2, 2  # days that hold in every zone
CONTACTS = (
    "known", "unknown", "never-told", "password-less", "access-off", "period-ended", "period-to-come", "deleted", "anonymized",
    "address-gone", "account-disabled", "password-to-change", "other-kind",
)  # fmt: skip
OPERATORS = ("operator", "disabled-operator", "invited-operator", "nobody", "a-contact")


def address(case: str) -> str:
    return f"{case:x>20}@acme.example"  # as long as one another, so that the pages are


def day(world: World, days: int) -> str:
    return (world.clock() + timedelta(days=days)).date().isoformat()


def prepare_contact(world: World, case: str) -> None:
    """Make a contact that is in this case, with the password PASSWORD where it has one; identity has heard of it."""
    if case in {"unknown", "other-kind"}:
        return
    account_id = world.with_contact(email=address(case))
    if case == "never-told":
        return
    if case != "password-less":
        world.with_password(account_id)
    change_contact(world, account_id, case)
    world.tell(account_id)
    with world.new_uow() as uow:
        if case == "account-disabled":
            uow.accounts.save(uow.accounts.get(account_id).disable())
        elif case == "password-to-change":
            uow.accounts.save(replace(uow.accounts.get(account_id), password_change_required=True))
        uow.commit()


def change_contact(world: World, account_id: UUID, case: str) -> None:
    changed = world.contacts.contacts[account_id]
    match case:
        case "access-off":
            changed.access.enabled = False
        case "period-ended":
            changed.access.end_date = day(world, YESTERDAY)
        case "period-to-come":
            changed.access.start_date = day(world, TOMORROW)
        case "address-gone":
            changed.email = ""
        case "anonymized":
            changed.state, changed.email = contacts_pb2.Contact.ANONYMIZED, ""
        case "deleted":
            del world.contacts.contacts[account_id]


def prepare_operator(world: World, case: str) -> None:
    if case in {"nobody", "a-contact"}:
        return
    new = Account(new_id(), Kind.OPERATOR, "Ada", world.clock(), address(case), roles=("roles/reader",))
    hashed = "" if case == "invited-operator" else Argon2Hasher().hash(PASSWORD)
    with world.new_uow() as uow:
        uow.accounts.add(replace(new, password_hash=hashed, state=State.DISABLED if case == "disabled-operator" else State.INVITED))
        uow.commit()


@pytest.fixture
def filled(worlds: World) -> World:
    """identity with somebody in every case, and warm: the zone is known, the pools are filled."""
    for case in CONTACTS:
        prepare_contact(worlds, case)
    for case in OPERATORS:
        prepare_operator(worlds, case)
    with worlds.new_uow() as uow:  # the addresses that are of the other kind
        uow.accounts.add(Account(new_id(), Kind.OPERATOR, "Ada", worlds.clock(), address("other-kind"), password_hash=hash_of_password()))
        uow.accounts.add(Account(new_id(), Kind.CONTACT, "Ada", worlds.clock(), address("a-contact"), password_hash=hash_of_password()))
        uow.commit()
    for kind in (accounts_pb2.Account.CONTACT, accounts_pb2.Account.OPERATOR):
        with pytest.raises(ServiceError):
            worlds.sign_in("warm@acme.example", kind=kind)
    return worlds


def hash_of_password() -> str:
    return Argon2Hasher().hash(PASSWORD)


class Observed:
    """What a call answered and what it cost, without the address and what every answer has of its own."""

    def __init__(self, world: World, hashes: list[str], statements: list[str]) -> None:
        self._world, self._hashes, self._statements = world, hashes, statements

    def __call__(self, call: Callable[[], Any], case: str) -> tuple[Any, ...]:
        self._hashes.clear()
        self._statements.clear()
        asked = self._world.contacts.asked
        answer = call()
        return answer, len(self._hashes), self._world.contacts.asked - asked, tuple(self._statements)


@pytest.fixture
def observe(filled: World, hashes: list[str], statements: list[str]) -> Observed:
    return Observed(filled, hashes, statements)


def over_grpc(call: Callable[[], Any]) -> Callable[[], Any]:
    """Return the answer's bytes, or all that an error says."""

    def answer() -> Any:
        try:
            return call().SerializeToString()
        except ServiceError as error:
            return type(error), str(error), error.reason, error.violations, tuple(error.metadata.items()), error.retry_after_seconds

    return answer


def the_same(found: dict[str, tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return what all cases have in common; fail with the first that differs."""
    (first, expected), *rest = found.items()
    for case, seen in rest:
        assert seen[:3] == expected[:3], f"{case} differs from {first}"
        assert seen[3] == expected[3], f"the statements of {case} differ from those of {first}"
    return expected


# --- gRPC ----------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-IDN-26")
@pytest.mark.parametrize(("kind", "cases"), [("CONTACT", CONTACTS), ("OPERATOR", OPERATORS)])
def test_signing_in_tells_nothing_of_an_address(filled: World, observe: Observed, kind: str, cases: tuple[str, ...]) -> None:
    def ask(case: str) -> Callable[[], Any]:
        password = OTHER_PASSWORD if case in {"known", "operator", "password-to-change"} else PASSWORD
        network = f"198.51.{[*CONTACTS, *OPERATORS].index(case)}.9"
        return over_grpc(lambda: filled.sign_in(address(case), password, kind=accounts_pb2.Account.Kind.Value(kind), ip=network))

    answer, hashed, asked, _statements = the_same({case: observe(ask(case), case) for case in cases})
    assert answer[2] == "WRONG_CREDENTIALS"
    assert (hashed, asked) == (1, 0)


def test_signing_in_by_code_tells_nothing_of_an_address(filled: World, observe: Observed) -> None:
    def ask(case: str) -> Callable[[], Any]:
        given = sessions_pb2.CodeCredential(email=address(case), code="ABCD-EFGH")
        return over_grpc(lambda: filled.sessions.CreateSession(sessions_pb2.CreateSessionRequest(code=given)))

    answer, hashed, asked, _statements = the_same({case: observe(ask(case), case) for case in CONTACTS})
    assert answer[2] == "WRONG_CREDENTIALS"
    assert (hashed, asked) == (0, 0)


@pytest.mark.req("R-IDN-26")
def test_waiting_is_the_same_for_every_address(filled: World, observe: Observed) -> None:
    at_noon = filled.clock()
    filled.clock = lambda: at_noon  # type: ignore[method-assign] # so that the waits are the same to the second
    filled.server.stop()
    filled.start()

    def ask(case: str) -> Callable[[], Any]:
        for _ in range(5):
            with pytest.raises(ServiceError):
                filled.sign_in(address(case), OTHER_PASSWORD, kind=accounts_pb2.Account.CONTACT, ip="")
        return over_grpc(lambda: filled.sign_in(address(case), kind=accounts_pb2.Account.CONTACT, ip=""))

    answer, hashed, _asked, _statements = the_same({case: observe(ask(case), case) for case in CONTACTS})
    assert answer[2] == "TOO_MANY_ATTEMPTS"
    assert hashed == 0


@pytest.mark.req("R-IDN-08", "R-IDN-26")
@pytest.mark.parametrize("purpose", [Link.RESET_PASSWORD, Link.MAGIC])
@pytest.mark.parametrize(("kind", "cases"), [(accounts_pb2.Account.CONTACT, CONTACTS), (accounts_pb2.Account.OPERATOR, OPERATORS)])
def test_asking_for_a_link_tells_nothing_of_an_address(
    filled: World, observe: Observed, purpose: Any, kind: Any, cases: tuple[str, ...]
) -> None:
    def ask(case: str) -> Callable[[], Any]:
        request = links_pb2.RequestLinkRequest(purpose=purpose, email=address(case), kind=kind)
        return over_grpc(lambda: filled.links.RequestLink(request))

    answer, hashed, asked, _statements = the_same({case: observe(ask(case), case) for case in cases})
    assert (answer, hashed, asked) == (b"", 0, 0)


# --- the pages -----------------------------------------------------------------------------------------------------------------------
OWN = re.compile(r'name="csrf_token" value="[^"]*"|[0-9a-f]{32}|x*[a-z-]*@acme\.example')


@pytest.fixture
def pages(filled: World) -> FlaskClient:
    others = story().backend
    services = replace(others.services, identity=GrpcIdentity(filled.channel("portal")))
    return pages_over(services, others.notes, "https://portal.example").test_client()


def send(pages: FlaskClient, path: str, case: str, **fields: str) -> Callable[[], Any]:
    """Send a form as a browser that has never been here does; return the whole answer but what each has of its own."""
    browser = pages.application.test_client()
    network = f"203.0.{[*CONTACTS, *OPERATORS].index(case)}.9"
    environ = {"REMOTE_ADDR": network, "wsgi.url_scheme": "https", "HTTP_USER_AGENT": USER_AGENT}
    form = browser.get(path, environ_base=environ).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]*)"', form)
    assert token is not None

    def answer() -> Any:
        given = {"csrf_token": token[1], "email": address(case), **fields}
        found = browser.post(path, data=given, environ_base=environ, headers={"Sec-Fetch-Site": "same-origin"})
        headers = sorted((name, OWN.sub("?", value)) for name, value in found.headers if name not in {"Date", "X-Request-Id"})
        return found.status_code, headers, OWN.sub("?", found.get_data(as_text=True))

    return answer


@pytest.mark.req("R-IDN-26")
@pytest.mark.parametrize(("front", "cases"), [("area", CONTACTS), ("console", OPERATORS)])
def test_the_sign_in_page_tells_nothing_of_an_address(pages: FlaskClient, observe: Observed, front: str, cases: tuple[str, ...]) -> None:
    def ask(case: str) -> Callable[[], Any]:
        password = OTHER_PASSWORD if case in {"known", "operator", "password-to-change"} else PASSWORD
        return send(pages, f"/{front}/sign-in", case, password=password)

    (status, _headers, page), hashed, _asked, _statements = the_same({case: observe(ask(case), case) for case in cases})
    assert status == 422
    assert "Email o password non corrette" in page
    assert hashed == 1


@pytest.mark.req("R-IDN-08", "R-IDN-26")
@pytest.mark.parametrize("wanted", ["password", "entry"])
@pytest.mark.parametrize(("front", "cases"), [("area", CONTACTS), ("console", OPERATORS)])
def test_the_pages_to_ask_for_a_link_tell_nothing_of_an_address(
    pages: FlaskClient, observe: Observed, wanted: str, front: str, cases: tuple[str, ...]
) -> None:
    found = {case: observe(send(pages, f"/{front}/links/{wanted}", case), case) for case in cases}
    (status, _headers, page), hashed, _asked, _statements = the_same(found)
    assert status == 200
    assert "Se l’indirizzo è registrato" in page
    assert hashed == 0
