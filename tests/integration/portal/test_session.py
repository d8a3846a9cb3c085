"""Into the portal and out: sign-in, links, passwords, the policy; what is refused and what stays the same for everybody."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from recapito.identity.v1.links_pb2 import Link
from recapito.identity.v1.policies_pb2 import Policy
from recapito.type.v1.type_pb2 import LocalizedText

from libs.errors import FailedPrecondition, ResourceExhausted, Unavailable
from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import Browser
from tests.integration.portal.fakes import PASSWORD


# --- signing in ----------------------------------------------------------------------------------------------------------------------
def test_who_is_not_signed_in_is_sent_to_the_door_and_back(told: Story, browser: Browser) -> None:
    told.accept_policy(told.laura)
    answer = browser.get(f"/area/invoices/{told.due}")
    assert answer.status_code == 302
    browser.get(answer.location)
    back = browser.send("/area/sign-in", {"email": "laura.bianchi@abc.example", "password": PASSWORD})
    assert back.status_code == 303
    assert back.location == f"/area/invoices/{told.due}"


def test_a_wrong_password_and_an_unknown_address_get_the_same_page(new_browser: Callable[[], Browser]) -> None:
    pages = []
    for email in ("laura.bianchi@abc.example", "laura.bianchi@abd.example"):
        browser = new_browser()
        answer = browser.sign_in(email, password="not the password of anybody")
        assert answer.status_code == 422
        pages.append(browser.page.replace(email, "").replace(browser.hidden()["csrf_token"], ""))
    assert pages[0] == pages[1]
    assert "Email o password non corrette" in pages[0]


def test_a_failed_sign_in_keeps_the_address_and_forgets_the_password(browser: Browser) -> None:
    browser.sign_in("laura.bianchi@abc.example", password="something else")
    assert 'value="laura.bianchi@abc.example"' in browser.page
    assert "something else" not in browser.page


def test_too_many_attempts_are_told_when_to_try_again(told: Story, browser: Browser) -> None:
    told.backend.identity.failure = ResourceExhausted("slow down", retry_after_seconds=240)
    answer = browser.sign_in("laura.bianchi@abc.example")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "240"
    assert "Riprova tra 4 minuti" in browser.page


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/area", "/area/../console", "/area\\evil", "/console", "/area/sign-in"],
)
def test_signing_in_leads_only_to_our_own_pages(told: Story, browser: Browser, target: str) -> None:
    told.accept_policy(told.laura)
    assert browser.sign_in("laura.bianchi@abc.example", next=target).location == "/area/"


def test_each_door_lets_in_its_own_people(told: Story, browser: Browser) -> None:
    assert browser.sign_in("francesca@studio.example", "area").status_code == 422
    assert browser.sign_in("laura.bianchi@abc.example", "console").status_code == 422
    browser.sign_in("laura.bianchi@abc.example")
    session = next(iter(told.backend.identity.sessions))
    browser.client.set_cookie("console", session)
    assert browser.get("/console/customers").status_code == 302, "a contact's session opens no console, whatever the cookie says"


def test_signing_in_again_ends_the_session_before(told: Story, laura: Browser) -> None:
    before = set(told.backend.identity.sessions)
    laura.get("/area/")
    laura.send("/area/sign-in", {"email": "laura.bianchi@abc.example", "password": PASSWORD, "csrf_token": token_of(laura)})
    assert len(told.backend.identity.sessions) == 1
    assert not before & set(told.backend.identity.sessions)


def test_a_password_typed_to_confirm_opens_a_fresh_session_in_place_of_the_old(told: Story, operator: Browser) -> None:
    (old,) = told.backend.identity.sessions.values()
    old.fresh_until = None
    operator.get("/console/customers")
    form = {"csrf_token": token_of(operator), "value": "dark", "confirm_password": PASSWORD}
    answer = operator.send("/console/preferences/theme", form)
    assert answer.status_code == 303
    (new,) = told.backend.identity.sessions.values()
    assert new.fresh_until is not None
    assert operator.get("/console/customers").status_code == 200, "the cookie holds the new session"


def test_a_wrong_password_to_confirm_changes_nothing(told: Story, operator: Browser) -> None:
    before = dict(told.backend.identity.sessions)
    operator.get("/console/customers")
    operator.send("/console/preferences/theme", {"csrf_token": token_of(operator), "value": "dark", "confirm_password": "wrong"})
    assert told.backend.identity.sessions == before


def token_of(browser: Browser) -> str:
    """Return the form token of the last page."""
    browser.get(browser.path)
    return browser.hidden()["csrf_token"]


def test_signing_out_ends_the_session(told: Story, laura: Browser) -> None:
    laura.get("/area/")
    laura.send("/area/sign-out")
    assert not told.backend.identity.sessions
    assert laura.get("/area/").status_code == 302


def test_a_session_that_ended_elsewhere_leads_back_to_the_door(told: Story, laura: Browser) -> None:
    told.backend.identity.sessions.clear()
    answer = laura.get("/area/invoices")
    assert (answer.status_code, answer.location) == (302, "/area/sign-in?next=/area/invoices")


# --- links of e-mails ----------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-IDN-22", "R-PRV-11")
def test_a_magic_link_leads_through_the_policy_to_the_invoice(told: Story, browser: Browser) -> None:
    token = told.link(told.mario, landing=f"invoices/{told.due}")
    assert browser.get(f"/area/enter/{token}").location == "/area/enter"
    browser.get("/area/enter")
    assert "m•••@abc.example" in browser.page
    answer = browser.send("/area/enter")
    assert answer.location == f"/area/invoices/{told.due}"
    gate = browser.get(answer.location)
    assert gate.location == f"/area/privacy?next=/area/invoices/{told.due}"
    browser.get(gate.location)
    assert browser.send("/area/privacy", {"answer": "accept"}).location == f"/area/invoices/{told.due}"
    assert browser.get(f"/area/invoices/{told.due}").status_code == 200
    assert "INV-2026-000142" in browser.page


@pytest.mark.req("R-IDN-24")
def test_opening_a_link_spends_nothing(told: Story, browser: Browser) -> None:
    token = told.link(told.mario)
    for _scanner in range(3):
        browser.get(f"/area/enter/{token}")
        browser.get("/area/enter")
        browser.client.head(f"/area/enter/{token}")
        browser.client.head("/area/enter")
    assert told.backend.identity.links[token].state == Link.USABLE
    assert not told.backend.identity.sessions


def test_the_token_leaves_the_address_and_no_page_holds_it(told: Story, browser: Browser) -> None:
    token = told.link(told.mario, token="secret-token-of-the-mail")
    answer = browser.get(f"/area/enter/{token}")
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("link="))
    assert "HttpOnly" in cookie
    assert "Max-Age=600" in cookie
    browser.get("/area/enter")
    assert token not in browser.page


def test_only_the_page_that_showed_the_link_redeems_it(told: Story, browser: Browser) -> None:
    token = told.link(told.mario)
    browser.get(f"/area/enter/{token}")
    browser.get("/area/enter")
    assert browser.send("/area/enter", {"nonce": "made up"}).status_code == 410
    assert told.backend.identity.links[token].state == Link.USABLE


@pytest.mark.req("R-IDN-04")
@pytest.mark.parametrize(
    ("state", "title"),
    [(Link.EXPIRED, "Questo link è scaduto"), (Link.SPENT, "Questo link è già stato usato"), (Link.CANCELLED, "Questo link non vale più")],
)
def test_a_dead_link_offers_a_fresh_one(told: Story, browser: Browser, state: Link.State.ValueType, title: str) -> None:
    token = told.link(told.mario)
    told.backend.identity.links[token].state = state
    browser.get(f"/area/enter/{token}")
    assert browser.get("/area/enter").status_code == 410
    assert title in browser.page
    browser.send("/area/links/renew")
    assert told.backend.identity.requested == [("MAGIC", "mario.rossi@abc.example")]


def test_a_made_up_link_offers_to_ask_for_one(browser: Browser) -> None:
    browser.get("/area/enter/nonsense")
    assert browser.get("/area/enter").status_code == 410
    assert "Questo link non è valido" in browser.page
    assert "Chiedi un nuovo link" in browser.page


def test_a_spent_link_in_an_open_session_leads_on(told: Story, laura: Browser) -> None:
    token = told.link(told.laura)
    told.backend.identity.links[token].state = Link.SPENT
    laura.get(f"/area/enter/{token}")
    laura.get("/area/enter")
    assert "l’accesso di Laura Bianchi è aperto" in laura.page


@pytest.mark.req("R-IDN-07", "R-IDN-08")
def test_asking_for_a_password_link_answers_alike_for_known_and_unknown(told: Story, new_browser: Callable[[], Browser]) -> None:
    pages = []
    for email in ("mario.rossi@abc.example", "nobody@abc.example"):
        browser = new_browser()
        browser.get("/area/links/password")
        answer = browser.send("/area/links/password", {"email": email})
        assert answer.status_code == 200
        pages.append(browser.page.replace(browser.hidden()["csrf_token"], ""))
    assert pages[0] == pages[1]
    assert told.backend.identity.requested == [("RESET_PASSWORD", "mario.rossi@abc.example"), ("RESET_PASSWORD", "nobody@abc.example")]


def test_asking_for_a_sign_in_link(told: Story, browser: Browser) -> None:
    browser.get("/area/links/entry")
    browser.send("/area/links/entry", {"email": "mario.rossi@abc.example"})
    assert told.backend.identity.requested == [("MAGIC", "mario.rossi@abc.example")]


def test_an_address_that_is_none_is_said_to_be_none(browser: Browser) -> None:
    browser.get("/area/links/entry")
    assert browser.send("/area/links/entry", {"email": "mario"}).status_code == 422
    assert 'aria-invalid="true"' in browser.page
    assert 'value="mario"' in browser.page


@pytest.mark.req("R-IDN-20")
def test_where_settings_forbid_it_link_and_page_of_a_reset_are_absent(told: Story, browser: Browser) -> None:
    browser.get("/area/sign-in")
    assert "Password dimenticata?" in browser.page
    told.backend.identity.settings.self_service_reset = False
    browser.get("/area/sign-in")
    assert "Password dimenticata?" not in browser.page
    assert browser.get("/area/links/password").status_code == 404
    browser.get("/area/links/entry")
    assert browser.send("/area/links/password", {"email": "laura.bianchi@abc.example"}).status_code == 404
    assert told.backend.identity.requested == []
    browser.get("/console/sign-in")
    assert "Password dimenticata?" in browser.page, "operators have nobody else to ask"


@pytest.mark.req("R-IDN-20")
def test_where_settings_forbid_it_an_expired_reset_offers_no_fresh_one(told: Story, browser: Browser) -> None:
    told.link(told.laura, Link.RESET_PASSWORD, token="reset")
    told.backend.identity.links["reset"].state = Link.EXPIRED
    told.backend.identity.settings.self_service_reset = False
    browser.get("/area/password/reset")
    browser.get("/area/password")
    assert "lo invia chi gestisce l’area riservata" in browser.page
    assert "Invia un nuovo link" not in browser.page


def test_without_self_service_the_page_says_whom_to_ask(told: Story, browser: Browser) -> None:
    browser.get("/area/links/password")
    told.backend.identity.failure = FailedPrecondition("off", reason="SELF_SERVICE_RESET_OFF")
    browser.send("/area/links/password", {"email": "mario.rossi@abc.example"})
    assert "scrivi a chi gestisce l’area riservata" in browser.page


# --- codes ---------------------------------------------------------------------------------------------------------------------------
def code_for(told: Story, code: str = "WXYZ-7654") -> str:
    told.accept_policy(told.laura)
    told.link(told.laura, Link.MAGIC, f"invoices/{told.due}", token="beside")
    told.backend.identity.codes["laura.bianchi@abc.example", code] = "beside"
    return code


def test_who_asked_for_a_link_may_type_its_code_on_the_same_page(told: Story, browser: Browser) -> None:
    code = code_for(told)
    browser.get("/area/links/entry")
    browser.send("/area/links/entry", {"email": "laura.bianchi@abc.example"})
    assert "Scrivi qui il codice" in browser.page
    answer = browser.send("/area/code", {"code": f" {code} "})
    assert answer.location == f"/area/invoices/{told.due}"
    assert browser.get(answer.location).status_code == 200


def test_the_code_has_a_page_of_its_own_beside_every_way_in(told: Story, browser: Browser) -> None:
    code = code_for(told)
    for page in ("/area/sign-in", "/area/enter/beside", "/area/enter"):
        browser.get(page)
    assert 'href="/area/code"' in browser.page
    browser.get("/area/code")
    answer = browser.send("/area/code", {"email": "laura.bianchi@abc.example", "code": code})
    assert answer.location == f"/area/invoices/{told.due}"


def test_whatever_is_wrong_with_a_code_the_page_is_the_same(told: Story, new_browser: Callable[[], Browser]) -> None:
    code = code_for(told)
    pages = []
    for email, typed in (("laura.bianchi@abc.example", "2222-2222"), ("nobody@abc.example", code), ("laura.bianchi@abc.example", "")):
        browser = new_browser()
        browser.get("/area/code")
        answer = browser.send("/area/code", {"email": email, "code": typed})
        assert answer.status_code == 422
        pages.append(browser.page.replace(email, "").replace(browser.hidden()["csrf_token"], ""))
    assert len(set(pages)) == 1
    assert "non è giusto o non vale più" in pages[0]
    assert code not in pages[1]


def test_too_many_codes_are_told_when_to_try_again(told: Story, browser: Browser) -> None:
    told.backend.identity.failure = ResourceExhausted("slow down", retry_after_seconds=240)
    browser.get("/area/code")
    answer = browser.send("/area/code", {"email": "laura.bianchi@abc.example", "code": "2222-2222"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "240")


def test_operators_have_no_codes(browser: Browser) -> None:
    assert browser.get("/console/code").status_code in {302, 404}


# --- this was not me -----------------------------------------------------------------------------------------------------------------
def test_disowning_asks_first_and_then_ends_every_session(told: Story, new_browser: Callable[[], Browser]) -> None:
    told.accept_policy(told.laura)
    inside, owner = new_browser(), new_browser()
    inside.sign_in("laura.bianchi@abc.example")
    told.link(told.laura, Link.DISOWN, token="disown")
    for _ in range(2):
        owner.get("/area/disown/disown")
        owner.get("/area/disown")
    assert "l•••@abc.example" in owner.page
    assert inside.get("/area/").status_code == 200, "looking ends nothing"
    owner.send("/area/disown")
    assert "Accessi chiusi" in owner.page
    assert inside.get("/area/").status_code == 302
    assert told.laura not in told.backend.identity.passwords
    owner.send("/area/links/renew")
    assert told.backend.identity.requested == [("DISOWN", "laura.bianchi@abc.example")]


def test_only_the_page_that_showed_it_disowns(told: Story, browser: Browser) -> None:
    told.link(told.laura, Link.DISOWN, token="disown")
    browser.get("/area/disown/disown")
    browser.get("/area/disown")
    assert browser.send("/area/disown", {"nonce": "made up"}).status_code == 410
    assert told.backend.identity.links["disown"].state == Link.USABLE


@pytest.mark.parametrize(("state", "title"), [(Link.SPENT, "Segnalazione già ricevuta"), (Link.EXPIRED, "Questo link è scaduto")])
@pytest.mark.parametrize("signed_in", [True, False])
def test_a_dead_link_to_disown_offers_a_new_password(
    told: Story, browser: Browser, state: Link.State.ValueType, title: str, signed_in: bool
) -> None:
    if signed_in:
        told.accept_policy(told.laura)
        browser.sign_in("laura.bianchi@abc.example")
    told.link(told.laura, Link.DISOWN, token="disown")
    told.backend.identity.links["disown"].state = state
    browser.get("/area/disown/disown")
    assert browser.get("/area/disown").status_code == 410
    assert title in browser.page
    assert "Invia il link" in browser.page


@pytest.mark.parametrize("page", ["enter", "password"])
def test_a_link_to_disown_opened_elsewhere_finds_its_page(told: Story, browser: Browser, page: str) -> None:
    told.link(told.laura, Link.DISOWN, token="disown")
    browser.get(f"/area/{page}/disown")
    assert browser.get(f"/area/{page}").location == "/area/disown"


# --- passwords -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-IDN-02")
@pytest.mark.parametrize(("front", "purpose"), [("area", Link.SET_PASSWORD), ("area", Link.RESET_PASSWORD), ("console", Link.INVITATION)])
def test_a_link_sets_the_password(told: Story, browser: Browser, front: str, purpose: Link.Purpose.ValueType) -> None:
    person = told.operator if front == "console" else told.mario
    token = told.link(person, purpose)
    assert browser.get(f"/{front}/password/{token}").location == f"/{front}/password"
    browser.get(f"/{front}/password")
    wanted = "la mia nuova frase lunga"
    browser.send(f"/{front}/password", {"new_password": wanted, "repeated_password": wanted})
    assert "Password salvata" in browser.page
    assert told.backend.identity.passwords[person] == wanted
    browser.get(f"/{front}/password")
    assert "Password salvata" not in browser.page, "a link works once"


def test_a_password_link_opened_as_a_magic_one_still_sets_the_password(told: Story, browser: Browser) -> None:
    browser.get(f"/area/enter/{told.link(told.mario, Link.SET_PASSWORD)}")
    assert browser.get("/area/enter").location == "/area/password"


@pytest.mark.parametrize(
    ("password", "repeated", "sentence"),
    [
        ("short", "short", "La password è troppo corta"),
        ("a long enough one", "another long one", "Le due password non sono uguali"),
        ("passwordpassword", "passwordpassword", "Questa password è troppo comune"),
    ],
)
def test_a_bad_new_password_is_refused_under_its_field(told: Story, browser: Browser, password: str, repeated: str, sentence: str) -> None:
    browser.get(f"/area/password/{told.link(told.mario, Link.SET_PASSWORD)}")
    browser.get("/area/password")
    answer = browser.send("/area/password", {"new_password": password, "repeated_password": repeated})
    assert answer.status_code == 422
    assert sentence in browser.page
    assert password not in browser.page
    assert told.backend.identity.passwords[told.mario] == PASSWORD


@pytest.mark.req("R-IDN-10")
def test_a_temporary_password_must_be_changed_before_anything_else(told: Story, browser: Browser) -> None:
    told.accept_policy(told.laura)
    told.backend.identity.temporary.add(told.laura)
    browser.sign_in("laura.bianchi@abc.example")
    gate = browser.get("/area/invoices")
    assert gate.location == "/area/password/change?next=/area/invoices"
    browser.get(gate.location)
    assert "Password attuale" not in browser.page
    wanted = "una frase che conosco solo io"
    assert browser.send("/area/password/change", {"new_password": wanted, "repeated_password": wanted}).location == "/area/invoices"
    assert browser.get("/area/invoices").status_code == 200


def test_changing_a_password_asks_for_the_present_one(told: Story, laura: Browser) -> None:
    laura.get("/area/password/change")
    new = {"new_password": "una frase del tutto nuova", "repeated_password": "una frase del tutto nuova"}
    assert laura.send("/area/password/change", {**new, "current_password": "wrong"}).status_code == 422
    assert "La password attuale non è corretta" in laura.page
    assert laura.send("/area/password/change", {**new, "current_password": PASSWORD}).status_code == 303
    assert told.backend.identity.passwords[told.laura] == "una frase del tutto nuova"


# --- the privacy policy --------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-PRV-01", "R-PRV-02")
def test_nothing_is_shown_before_the_policy_is_accepted(told: Story, browser: Browser) -> None:
    browser.sign_in("laura.bianchi@abc.example")
    for path in ("/area/", "/area/invoices", f"/area/invoices/{told.due}", f"/area/invoices/{told.due}/pdf"):
        assert browser.get(path).location == f"/area/privacy?next={path}"
    assert not told.backend.documents.viewed


@pytest.mark.req("R-PRV-05", "R-PRV-06")
def test_accepting_keeps_the_proof(told: Story, browser: Browser) -> None:
    browser.client.environ_base["HTTP_USER_AGENT"] = "Firefox on Linux"
    browser.sign_in("laura.bianchi@abc.example")
    browser.get("/area/privacy")
    assert "<h3>Chi tratta i dati</h3>" in browser.page
    browser.send("/area/privacy", {"answer": "accept"})
    ((who, proof),) = told.backend.identity.acceptances
    assert who == told.laura
    assert (proof.version, proof.ip_address, proof.user_agent, proof.language_code) == ("2026-11", "127.0.0.1", "Firefox on Linux", "it")


@pytest.mark.req("R-PRV-02")
def test_declining_leads_out(told: Story, browser: Browser) -> None:
    browser.sign_in("laura.bianchi@abc.example")
    browser.get("/area/privacy")
    assert browser.send("/area/privacy", {"answer": "decline"}).location == "/area/sign-in"
    assert not told.backend.identity.acceptances
    assert not told.backend.identity.sessions


@pytest.mark.req("R-PRV-10")
def test_a_policy_published_while_it_was_read_is_shown_again(told: Story, browser: Browser) -> None:
    browser.sign_in("laura.bianchi@abc.example")
    browser.get("/area/privacy")
    sent = browser.hidden()
    newer = Policy(name=f"policies/{uuid4()}", version="2026-12", state=Policy.CURRENT, text=LocalizedText(it="Testo nuovo", en="New text"))
    told.backend.identity.policies[0].state = Policy.SUPERSEDED
    told.backend.identity.policies.insert(0, newer)
    assert browser.send("/area/privacy", {**sent, "answer": "accept"}).status_code == 409
    assert "Testo nuovo" in browser.page
    assert not told.backend.identity.acceptances


def test_the_policy_can_be_read_without_a_session(browser: Browser) -> None:
    assert browser.get("/area/privacy").status_code == 200
    assert "Accetto e continuo" not in browser.page


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](https://evil.example/x.png)", "<img src=x onerror=alert(1)>"],
)
def test_a_policy_brings_no_html_of_its_own(told: Story, browser: Browser, text: str) -> None:
    told.backend.identity.policies[0].text.it = text
    raw = browser.get("/area/privacy").get_data(as_text=True)
    body = raw[raw.index('class="rc-policy"') :]
    assert "<script" not in body
    assert "<img" not in body
    assert 'href="javascript' not in body


# --- when a service is away ----------------------------------------------------------------------------------------------------------
def test_an_identity_that_does_not_answer_opens_nothing(told: Story, laura: Browser) -> None:
    told.backend.identity.failure = Unavailable("identity is away")
    answer = laura.get("/area/invoices")
    assert answer.status_code == 503
    assert "Il servizio non risponde" in laura.page
    assert "INV-" not in laura.page
