"""Identity as people meet it when they sign in."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.identity.v1.accounts_pb2 import Account
from recapito.identity.v1.factors_pb2 import CreateFactorResponse, Factor, ListFactorsResponse
from recapito.identity.v1.links_pb2 import InspectLinkResponse, Link, ListLinksResponse
from recapito.identity.v1.policies_pb2 import Acceptance, Policy
from recapito.identity.v1.sessions_pb2 import (
    CreateSessionResponse,
    ListSessionsResponse,
    Session,
    StartProviderSignInResponse,
    VerifySessionResponse,
)
from recapito.identity.v1.settings_pb2 import IdentitySettings

from libs.access import Caller, Kind
from libs.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, ResourceExhausted, ServiceError, Unauthenticated
from libs.ids import new_id
from services.portal.service import Client, Entry, Page
from tests.integration.portal.fakes.common import CAPABILITIES, Requests, found_page, now, touched
from tests.integration.portal.fakes.contacts import FakeContacts


@dataclass
class StoredSession:
    account_id: UUID
    state: str
    method: str
    fresh_until: datetime | None
    landing: str = ""
    id: UUID = field(default_factory=new_id)
    device: str = "Firefox on Linux"
    ip_address: str = "192.0.2.7"
    second_factor: bool = False


@dataclass
class StoredLink:
    account_id: UUID
    purpose: Link.Purpose.ValueType
    state: Link.State.ValueType = Link.USABLE
    landing: str = ""
    name: str = ""


@dataclass
class FakeSignIn:
    """Sessions, links, factors and the own account of whoever signs in."""

    contacts: FakeContacts
    accounts: dict[UUID, Account] = field(default_factory=dict)
    passwords: dict[UUID, str] = field(default_factory=dict)
    temporary: set[UUID] = field(default_factory=set)
    sessions: dict[str, StoredSession] = field(default_factory=dict)
    links: dict[str, StoredLink] = field(default_factory=dict)
    codes: dict[tuple[str, str], str] = field(default_factory=dict)  # address and code -> token of the link
    requested: list[tuple[str, str]] = field(default_factory=list)  # purpose and address of every link asked for
    policies: list[Policy] = field(default_factory=list)
    acceptances: list[tuple[UUID, Acceptance]] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    factors: dict[UUID, list[Factor]] = field(default_factory=dict)
    app_codes: set[str] = field(default_factory=lambda: {"123456", "654321"})  # each works once
    recovery_codes_left: int = 0
    attempts: int = 0
    failure: ServiceError | None = None  # raised by whatever is asked next
    capabilities: frozenset[str] = CAPABILITIES
    current: StoredSession | None = None  # of the call that is made now
    chosen: UUID | None = None
    requests: Requests = field(default_factory=Requests)
    provider_states: dict[str, str] = field(default_factory=dict)  # of sign-ins that were started -> redirect_uri
    provider_codes: dict[str, UUID] = field(default_factory=dict)  # code -> who the provider says it is
    settings: IdentitySettings = field(
        default_factory=lambda: touched(
            IdentitySettings(
                name="settings/identity", self_service_reset=True, magic_link_lifetime_days=7, contacts_may_use_second_factor=True
            )
        )
    )

    def _fail(self) -> None:
        if self.failure is not None:
            error, self.failure = self.failure, None
            raise error

    # --- sessions ---
    def create_session(self, kind: Account.Kind.ValueType, email: str, password: str, client: Client) -> CreateSessionResponse:
        self._fail()
        self.attempts += 1
        if self.attempts > 10:
            raise ResourceExhausted("too many attempts", retry_after_seconds=300)
        of_kind = [(id_, account) for id_, account in self.accounts.items() if account.kind == kind]
        found = next((id_ for id_, account in of_kind if account.email.casefold() == email.casefold()), None)
        if found is None or self.passwords.get(found) != password:
            raise Unauthenticated("email or password is wrong", reason="WRONG_CREDENTIALS")
        self.clients.append(client)
        return self._open(found, "PASSWORD", datetime.now(UTC) + timedelta(minutes=10))

    def redeem_magic_link(self, token: str, client: Client) -> CreateSessionResponse:
        self._fail()
        link = self.links.get(token)
        if link is None or link.state != Link.USABLE or link.purpose != Link.MAGIC:
            raise Unauthenticated("this link is spent or expired", reason="LINK_SPENT")
        link.state = Link.SPENT
        self.clients.append(client)
        return self._open(link.account_id, "MAGIC_LINK", None, link.landing)

    def redeem_code(self, email: str, code: str, client: Client) -> CreateSessionResponse:
        self._fail()
        link = self.links.get(self.codes.get((email.casefold(), code), ""))
        if link is None or link.state != Link.USABLE:
            raise Unauthenticated("address or code are wrong", reason="WRONG_CREDENTIALS")
        link.state = Link.SPENT
        self.clients.append(client)
        return self._open(link.account_id, "MAGIC_LINK", None, link.landing)

    def _open(self, account_id: UUID, method: str, fresh_until: datetime | None, landing: str = "") -> CreateSessionResponse:
        token = secrets.token_urlsafe(32)
        session = StoredSession(account_id, "", method, fresh_until, landing)
        session.state = self._state(session)
        self.sessions[token] = session
        account = self.accounts[account_id]
        shown = Session(
            name=f"accounts/{account_id}/sessions/{session.id}",
            state=Session.State.Value(session.state),
            method=Session.Method.Value(session.method),
            kind=account.kind,
            landing=landing,
        )
        return CreateSessionResponse(session=shown, session_token=token)

    def _state(self, session: StoredSession) -> str:
        owned = any(factor.confirmed for factor in self.factors.get(session.account_id, []))
        obliged = self.settings.administrators_need_second_factor and self.accounts[session.account_id].kind == Account.OPERATOR
        if session.method != "PASSKEY" and ((owned and not session.second_factor) or (obliged and not owned and session.state != "OPEN")):
            return "SECOND_FACTOR_REQUIRED"
        if session.account_id in self.temporary:
            return "PASSWORD_CHANGE_REQUIRED"
        policy = next((policy for policy in self.policies if policy.state == Policy.CURRENT), None)
        is_contact = self.accounts[session.account_id].kind == Account.CONTACT
        accepted = {(id_, acceptance.policy) for id_, acceptance in self.acceptances}
        if is_contact and policy is not None and (session.account_id, policy.name) not in accepted:
            return "POLICY_REQUIRED"
        return "OPEN"

    def create_passport(self, session_token: str, customer_id: UUID | None) -> Entry:
        self._fail()
        session = self.sessions.get(session_token)
        if session is None:
            raise Unauthenticated("this session ended", reason="SESSION_ENDED")
        session.state = self._state(session)
        self.current, self.chosen = session, customer_id
        account = self.accounts[session.account_id]
        common: dict[str, Any] = {
            "account_id": session.account_id,
            "session_id": session.id,
            "session_state": session.state,
            "method": session.method,
            "fresh_until": session.fresh_until,
        }
        if account.kind == Account.OPERATOR:
            return Entry("passport", Caller(Kind.OPERATOR, capabilities=self.capabilities, sees_all=True, **common))
        chosen, permissions = self.contacts.acts(session.account_id, customer_id)
        return Entry("passport", Caller(Kind.CONTACT, customer_id=chosen, permissions=permissions, **common))

    def delete_current_session(self) -> None:
        self.sessions = {token: session for token, session in self.sessions.items() if session is not self.current}

    def _account(self, account: str) -> UUID:
        if account == "me" and self.current is not None:
            return self.current.account_id
        return UUID(account)

    def list_sessions(self, account: str, page: Page) -> ListSessionsResponse:
        account_id = self._account(account)
        if account_id not in self.accounts:
            raise NotFound("no such account")
        of_account = [session for session in self.sessions.values() if session.account_id == account_id]
        if self.current is not None and self.current.method == "MAGIC_LINK":
            of_account = [self.current]
        shown = [
            Session(
                name=f"accounts/{account_id}/sessions/{session.id}",
                method=Session.Method.Value(session.method),
                create_time=now(),
                last_use_time=now(),
                device=session.device,
                ip_address=session.ip_address,
            )
            for session in of_account
        ]
        return ListSessionsResponse(sessions=shown)

    def end_session(self, account: str, session_id: UUID) -> None:
        kept = {token: session for token, session in self.sessions.items() if session.id != session_id}
        if len(kept) == len(self.sessions):
            raise NotFound("no such session")
        self.sessions = kept

    def revoke_sessions(self, account: str, request_id: str) -> None:
        account_id = self._account(account)
        ends = [token for token, session in self.sessions.items() if session.account_id == account_id and session is not self.current]
        for token in ends:
            del self.sessions[token]

    # --- second factors ---
    def sign_in_by_passkey(self, kind: Account.Kind.ValueType, response: str, client: Client) -> CreateSessionResponse:
        self._fail()
        found = next((id_ for id_, factors in self.factors.items() for one in factors if one.display_name == response), None)
        if found is None or self.accounts[found].kind != kind:
            raise Unauthenticated("the passkey opens nothing here", reason="WRONG_CREDENTIALS")
        return self._open(found, "PASSKEY", datetime.now(UTC) + timedelta(minutes=10))

    def create_passkey_challenge(self, client: Client) -> str:
        self._fail()
        return '{"challenge":"AAAA"}'

    def verify_session(self, *, code: str = "", passkey: str = "", password: str = "") -> VerifySessionResponse:
        self._fail()
        session = self._current()
        if password and session.method == "MAGIC_LINK":
            raise PermissionDenied("sign in with the password", reason="MAGIC_LINK_SESSION")
        right = self.passwords.get(session.account_id) == password if password else code in self.app_codes
        if not right:
            raise PermissionDenied("the code is wrong", reason="WRONG_CODE")
        self.app_codes.discard(code)
        session.second_factor = session.second_factor or not password
        session.fresh_until = datetime.now(UTC) + timedelta(minutes=10)
        self.sessions = {token: one for token, one in self.sessions.items() if one is not session}
        token = secrets.token_urlsafe(32)
        self.sessions[token] = session
        return VerifySessionResponse(session_token=token)

    def list_factors(self, account_id: UUID | None = None) -> ListFactorsResponse:
        owner = account_id or self._current().account_id
        return ListFactorsResponse(factors=self.factors.get(owner, []), recovery_codes_left=self.recovery_codes_left)

    def create_factor(self, kind: Factor.Kind.ValueType, display_name: str, request_id: str) -> CreateFactorResponse:
        self.require_fresh()
        owner = self._current().account_id

        def make() -> Factor:
            made = Factor(name=f"accounts/{owner}/factors/{new_id()}", kind=kind, display_name=display_name, create_time=now())
            self.factors.setdefault(owner, []).append(made)
            return made

        enrolment = "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&issuer=x" if kind == Factor.TOTP else '{"challenge":"AAAA"}'
        return CreateFactorResponse(factor=self.requests.once(request_id, make), enrolment=enrolment)

    def confirm_factor(self, factor_id: UUID, request_id: str, *, code: str = "", passkey: str = "") -> Factor:
        self.require_fresh()
        if code not in self.app_codes:
            raise PermissionDenied("the code is wrong", reason="WRONG_CODE")
        session = self._current()
        factor = next(one for one in self.factors[session.account_id] if one.name.endswith(f"/{factor_id}"))
        factor.confirmed = session.second_factor = True
        return factor

    def delete_factor(self, name: str, request_id: str) -> None:
        self.require_fresh()
        owner = UUID(name.split("/")[1])
        self.factors[owner] = [factor for factor in self.factors[owner] if factor.name != name]

    def create_recovery_codes(self, request_id: str) -> Sequence[str]:
        self.require_fresh()
        self.recovery_codes_left = 10
        return [f"ABCDE-FGHJ{number}" for number in range(2, 12)]

    def _current(self) -> StoredSession:
        if self.current is None:
            raise Unauthenticated("sign in first", reason="NOT_SIGNED_IN")
        return self.current

    def require_fresh(self) -> None:
        if self.current is None or self.current.fresh_until is None or datetime.now(UTC) >= self.current.fresh_until:
            raise PermissionDenied("sign in again to confirm this", reason="NOT_FRESH")

    def sign_in_settings(self) -> IdentitySettings:
        return self.settings

    def start_provider_sign_in(
        self, provider: str, redirect_uri: str, client: Client, *, reauthenticate: bool
    ) -> StartProviderSignInResponse:
        self._fail()
        if provider not in {known.id for known in self.settings.providers}:
            raise InvalidArgument.of("provider", "there is no such provider", "PROVIDER_UNKNOWN")
        state = secrets.token_urlsafe(32)
        self.provider_states[state] = redirect_uri
        return StartProviderSignInResponse(
            authorization_uri=f"https://login.example/authorize?state={state}{'&prompt=login' * reauthenticate}", state=state
        )

    def sign_in_by_provider(self, provider: str, code: str, state: str, client: Client) -> CreateSessionResponse:
        self._fail()
        if self.provider_states.pop(state, None) is None:
            raise Unauthenticated("this sign-in is over", reason="PROVIDER_SIGN_IN_EXPIRED")
        if code not in self.provider_codes:
            raise Unauthenticated("this person does not sign in here", reason="WRONG_CREDENTIALS")
        self.clients.append(client)
        return self._open(self.provider_codes[code], "PROVIDER", datetime.now(UTC) + timedelta(minutes=10))

    # --- links ---
    def inspect_link(self, token: str) -> InspectLinkResponse:
        self._fail()
        link = self.links.get(token)
        if link is None:
            return InspectLinkResponse(state=Link.CANCELLED)
        email = self.accounts[link.account_id].email
        contact = self.contacts.contacts.get(link.account_id)
        return InspectLinkResponse(
            purpose=link.purpose,
            state=link.state,
            masked_email=f"{email[0]}•••@{email.partition('@')[2]}",
            language_code=contact.language_code if contact is not None else "it",
            right_to_left=contact is not None and contact.direction == Contact.RTL,
        )

    def request_link(self, purpose: Link.Purpose.ValueType, kind: Account.Kind.ValueType, email: str, client: Client) -> None:
        self._fail()
        self.requested.append((Link.Purpose.Name(purpose), email))

    def renew_link(self, token: str, client: Client) -> None:
        self._fail()
        if (link := self.links.get(token)) is not None:
            self.requested.append((Link.Purpose.Name(link.purpose), self.accounts[link.account_id].email))

    def redeem_password_link(self, token: str, password: str, client: Client) -> None:
        self._fail()
        link = self.links.get(token)
        if link is None or link.state != Link.USABLE:
            raise FailedPrecondition("this link is spent", reason="LINK_SPENT")
        if password == "passwordpassword":
            raise InvalidArgument.of("new_password", "is too common", "PASSWORD_TOO_COMMON")
        link.state = Link.SPENT
        self.passwords[link.account_id] = password
        self.sessions = {token: session for token, session in self.sessions.items() if session.account_id != link.account_id}

    def disown_link(self, token: str, client: Client) -> None:
        self._fail()
        link = self.links.get(token)
        if link is None or link.state != Link.USABLE or link.purpose != Link.DISOWN:
            raise FailedPrecondition("this link is spent", reason="LINK_SPENT")
        link.state = Link.SPENT
        self.passwords.pop(link.account_id, None)
        self.sessions = {token: session for token, session in self.sessions.items() if session.account_id != link.account_id}

    def send_link(self, account_id: UUID, purpose: Link.Purpose.ValueType, request_id: str) -> None:
        self._fail()
        self.requested.append((Link.Purpose.Name(purpose), self.accounts[account_id].email))

    def list_links(self, account_id: UUID, page: Page) -> ListLinksResponse:
        links = [
            Link(name=link.name, purpose=link.purpose, state=link.state, create_time=now(), expire_time=now())
            for link in self.links.values()
            if link.account_id == account_id
        ]
        shown, following = found_page(links, page, lambda link, name: str(getattr(link, name)))
        return ListLinksResponse(links=shown, next_page_token=following)

    def revoke_link(self, name: str, request_id: str) -> Link:
        link = next((link for link in self.links.values() if link.name == name), None)
        if link is None:
            raise NotFound(f"{name} does not exist")
        link.state = Link.CANCELLED
        return Link(name=name, purpose=link.purpose, state=link.state)

    # --- own account ---
    def get_own_account(self) -> Account:
        if self.current is None:
            raise Unauthenticated("sign in first")
        return self.accounts[self.current.account_id]

    def change_password(self, current_password: str, new_password: str, request_id: str) -> Account:
        self._fail()
        if self.current is None:
            raise Unauthenticated("sign in first")
        account_id = self.current.account_id
        if account_id not in self.temporary and self.passwords.get(account_id) != current_password:
            raise PermissionDenied("the current password is wrong", reason="WRONG_PASSWORD")
        self.temporary.discard(account_id)
        self.passwords[account_id] = new_password
        return self.accounts[account_id]
