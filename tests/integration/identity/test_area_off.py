"""The reserved area as a module: while it is off no contact enters, in no way; operators do."""

from __future__ import annotations

import pytest
from recapito.identity.v1 import accounts_pb2, links_pb2, sessions_pb2
from recapito.identity.v1.links_pb2 import Link

from libs.errors import FailedPrecondition, ServiceError
from libs.rpc import context
from services.identity.service import links as use_cases
from tests.integration.identity.world import USER_AGENT, World

INFO = sessions_pb2.ClientInfo(ip_address="192.0.2.7", user_agent=USER_AGENT)


def switch(world: World, *, on: bool | None) -> None:
    """Switch the area, and let the minute pass in which identity would not ask."""
    world.contacts.area_on = on
    world.server.stop()
    world.start()


def refusal_of(error: pytest.ExceptionInfo[ServiceError]) -> str:
    return error.value.reason


@pytest.mark.req("R-DGN-03", "R-IDN-17")
def test_an_area_that_is_off_lets_nobody_in_and_ends_open_sessions(world: World) -> None:
    administrator, mario = world.administrator(), world.with_contact()
    world.with_password(mario)
    session = world.sign_in("mario@acme.example").session_token
    magic, setting = world.mint(mario, Link.MAGIC, Link.SET_PASSWORD)
    switch(world, on=False)
    with pytest.raises(ServiceError) as refused:
        world.sign_in("mario@acme.example")
    assert refusal_of(refused) == "WRONG_CREDENTIALS", "no more is told than to a stranger"
    with pytest.raises(ServiceError) as refused:
        world.enter(magic.token)
    assert refusal_of(refused) == "LINK_ENTRY_CLOSED"
    with pytest.raises(ServiceError) as refused:
        world.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=setting.token, new_password="un ponte di barche"))
    assert refusal_of(refused) == "LINK_ENTRY_CLOSED"
    assert world.links.InspectLink(links_pb2.InspectLinkRequest(token=magic.token)).state == Link.CANCELLED
    with pytest.raises(ServiceError) as refused:
        world.passport(session)
    assert refusal_of(refused) == "ENTRY_CLOSED"
    with pytest.raises(ServiceError) as refused:
        world.passport(session)
    assert refusal_of(refused) == "SESSION_ENDED", "it has ended for good"
    assert world.passport(administrator), "operators work on"


@pytest.mark.req("R-DGN-03", "R-IDN-17")
def test_nothing_is_lost_when_the_area_comes_back(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.with_password(mario)
    (magic,) = worlds.mint(mario, Link.MAGIC)
    switch(worlds, on=False)
    switch(worlds, on=True)
    assert worlds.sign_in("mario@acme.example").session_token
    assert worlds.enter(magic.token).session_token


@pytest.mark.req("R-DGN-03", "R-IDN-17")
def test_no_link_is_made_for_an_area_that_is_off_but_those_of_operators(worlds: World) -> None:
    token, mario = worlds.administrator(), worlds.with_contact()
    switch(worlds, on=False)
    minted = worlds.mint(mario, Link.MAGIC, Link.SET_PASSWORD)
    assert [(link.token, link.refusal) for link in minted] == [("", "ENTRY_AREA_OFF")] * 2
    with worlds.as_person(token), pytest.raises(FailedPrecondition) as refused:
        worlds.links.SendLink(links_pb2.SendLinkRequest(name=f"accounts/{mario}", purpose=Link.SET_PASSWORD))
    assert (refused.value.reason, refused.value.metadata["entry"]) == ("ACCESS_CLOSED", "ENTRY_AREA_OFF")
    with worlds.as_person(token):
        ada = worlds.accounts.GetAccount(accounts_pb2.GetAccountRequest(name="accounts/me"))
    (invitation,) = (
        worlds.minting.MintLinks(
            links_pb2.MintLinksRequest(
                orders=[links_pb2.MintLinksRequest.Order(message=f"messages/{mario}", account=ada.name, purposes=[Link.INVITATION])]
            )
        )
        .orders[0]
        .links
    )
    assert invitation.token


@pytest.mark.req("R-DGN-03")
def test_who_asks_for_a_link_while_the_area_is_off_hears_the_same_whether_the_address_is_known(worlds: World) -> None:
    worlds.tell(worlds.with_contact())
    switch(worlds, on=False)
    answers = []
    for email in ("mario@acme.example", "nobody@acme.example"):
        wish = links_pb2.RequestLinkRequest(purpose=Link.RESET_PASSWORD, email=email, kind=accounts_pb2.Account.CONTACT, client_info=INFO)
        answers.append(worlds.links.RequestLink(wish).SerializeToString())
    assert len(set(answers)) == 1
    assert use_cases.fulfil_requests(uow=worlds.new_uow()) == 2


@pytest.mark.req("R-DGN-01", "R-DGN-03")
def test_the_explanation_names_the_switch_first_and_where_it_is(worlds: World) -> None:
    token, mario = worlds.administrator(), worlds.with_contact()
    switch(worlds, on=False)
    with context.as_person(worlds.passport(token), "it"):
        found = worlds.accounts.ExplainAccess(accounts_pb2.ExplainAccessRequest(name=f"accounts/{mario}"))
    first = found.checks[0]
    assert (found.may_enter, first.code, first.passed, first.resource) == (False, "AREA_ON", False, "settings/contacts")
    assert "Impostazioni, Moduli" in first.explanation


def test_a_contacts_that_knows_no_modules_yet_has_the_area_on(worlds: World) -> None:
    mario = worlds.with_contact()
    switch(worlds, on=None)
    worlds.with_password(mario)
    assert worlds.sign_in("mario@acme.example").session_token
