"""The other services as the pages know them, kept in memory: one story with a customer, its people, invoices and messages."""

from __future__ import annotations

import functools
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message as Proto
from google.protobuf.timestamp_pb2 import Timestamp
from recapito.access.v1 import access_pb2
from recapito.contacts.v1.affiliations_pb2 import ListAffiliationsResponse, UpdateAffiliationRequest
from recapito.contacts.v1.contact_roles_pb2 import (
    ContactRole,
    CreateContactRoleRequest,
    ListContactRolesResponse,
    UpdateContactRoleRequest,
)
from recapito.contacts.v1.contacts_pb2 import (
    Activity,
    Affiliation,
    Contact,
    CreateContactRequest,
    ListActivitiesResponse,
    ListContactsResponse,
    UpdateContactRequest,
)
from recapito.contacts.v1.customers_pb2 import CreateCustomerRequest, Customer, ListCustomersResponse, UpdateCustomerRequest
from recapito.contacts.v1.groups_pb2 import CreateGroupRequest, Group, ListGroupsResponse, UpdateGroupRequest
from recapito.contacts.v1.notes_pb2 import CreateNoteRequest, ListNotesResponse, Note, UpdateNoteRequest
from recapito.contacts.v1.permissions_pb2 import Permissions
from recapito.contacts.v1.settings_pb2 import ContactsSettings
from recapito.documents.v1.document_pb2 import Totals
from recapito.documents.v1.invoices_pb2 import CreateInvoiceRequest, Invoice, ListInvoicesResponse, UpdateInvoiceRequest
from recapito.documents.v1.payments_pb2 import CreatePaymentRequest, ListPaymentsResponse, Payment, Statement
from recapito.documents.v1.settings_pb2 import DocumentsSettings
from recapito.identity.v1.accounts_pb2 import Account, CreateAccountRequest, ExplainAccessResponse, ListAccountsResponse
from recapito.identity.v1.factors_pb2 import CreateFactorResponse, Factor, ListFactorsResponse
from recapito.identity.v1.links_pb2 import InspectLinkResponse, Link, ListLinksResponse
from recapito.identity.v1.policies_pb2 import Acceptance, CreatePolicyRequest, ListAcceptancesResponse, ListPoliciesResponse, Policy
from recapito.identity.v1.roles_pb2 import CreateRoleRequest, ListRolesResponse, Role
from recapito.identity.v1.sessions_pb2 import (
    CreateSessionResponse,
    ListSessionsResponse,
    Session,
    StartProviderSignInResponse,
    VerifySessionResponse,
)
from recapito.identity.v1.settings_pb2 import IdentitySettings, UpdateIdentitySettingsRequest
from recapito.identity.v1.tokens_pb2 import AuthorizeRequest, AuthorizeResponse
from recapito.notifications.v1.dispatches_pb2 import (
    Decision,
    Dispatch,
    Explanation,
    ListDispatchesResponse,
    Occasion,
    PreviewRecipientsResponse,
)
from recapito.notifications.v1.messages_pb2 import ListMessagesResponse, Message

from libs.access import Caller, Kind
from libs.errors import (
    AlreadyExists,
    EtagMismatch,
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    ServiceError,
    Unauthenticated,
)
from libs.ids import new_id
from libs.rpc.validation import check
from services.identity import wire
from services.identity.domain.roles import ADMINISTRATOR, ROLES, built_in
from services.portal.service import Client, Entry, Page, Services
from tests.integration.portal.fake_audit import FakeAudit

P = TypeVar("P", bound=Proto)
SECTIONS = ("INVOICES", "ESTIMATES", "CONTRACTS", "PROPOSALS", "SUPPORT", "PROJECTS")
PASSWORD = "una frase lunga per entrare"
CAPABILITIES = ROLES[ADMINISTRATOR]


def stamp(moment: datetime) -> Timestamp:
    found = Timestamp()
    found.FromDatetime(moment)
    return found


def now() -> Timestamp:
    return stamp(datetime.now(UTC))


# --- lists ---------------------------------------------------------------------------------------------------------------------------
def found_page(items: Iterable[P], page: Page, values: Callable[[P, str], str], words: Callable[[P], str] = str) -> tuple[list[P], str]:
    """Filter, search and cut a list as the real ones do, as far as the pages ask. values: the field of an item, as its filter writes it."""
    kept = [item for item in items if _matches(page.filter, functools.partial(values, item))]
    if page.query:
        kept = [item for item in kept if page.query.casefold() in words(item).casefold()]
    if page.token and not page.token.isdigit():
        raise InvalidArgument.of("page_token", "was not made by this list", "PAGE_TOKEN_INVALID")
    start = int(page.token or 0)
    following = str(start + page.size) if start + page.size < len(kept) else ""
    return kept[start : start + page.size], following


def _matches(wanted: str, value: Callable[[str], str]) -> bool:
    for condition in wanted.split(" AND ") if wanted else ():
        parsed = re.fullmatch(r'\(?([\w.]+) (=|!=) "?([^"]*?)"?\)?', condition)
        if parsed is None:
            raise InvalidArgument.of("filter", f"{condition} is not understood", "FILTER_INVALID")
        name, operator, text = parsed.groups()
        if (value(name) == text) != (operator == "="):
            return False
    return True


def merged(stored: P, changed: P, paths: Sequence[str]) -> P:
    """Apply an update_mask; a stale etag is refused."""
    etag = getattr(changed, "etag", "")
    if etag and etag != getattr(stored, "etag", ""):
        raise EtagMismatch("it was changed by someone else")
    result = type(stored)()
    result.CopyFrom(stored)
    for path in paths:
        result.ClearField(path.partition(".")[0]) if "." not in path else None
    FieldMask(paths=list(paths)).MergeMessage(changed, result, replace_message_field=True, replace_repeated_field=True)
    return touched(result)


def touched(message: P) -> P:
    message.etag = f'"{secrets.token_hex(4)}"'  # type: ignore[attr-defined] # every resource that the pages write has one
    return message


def _taken(name: str, reason: str) -> FieldViolation:
    return FieldViolation(name, "is taken", reason)


class Requests:
    """Answers to requests that were made before: the same request_id gives the same resource."""

    def __init__(self) -> None:
        self._seen: dict[str, Any] = {}

    def once(self, request_id: str, make: Callable[[], P]) -> P:
        if not request_id:
            return make()
        if request_id not in self._seen:
            self._seen[request_id] = make()
        found: P = self._seen[request_id]
        return found


# --- identity ------------------------------------------------------------------------------------------------------------------------
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
class FakeIdentity:
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
    secrets: list[tuple[UUID, timedelta]] = field(default_factory=list)  # of client applications: whose, and how long the old one works
    roles: dict[str, Role] = field(default_factory=lambda: {role.name: role for role in map(wire.role, built_in())})
    requests: Requests = field(default_factory=Requests)
    checks: list[ExplainAccessResponse.Check] = field(default_factory=list)  # of whoever is asked about
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

    # --- settings ---
    def get_identity_settings(self) -> IdentitySettings:
        return self.settings

    def update_identity_settings(self, settings: IdentitySettings, paths: Sequence[str], request_id: str) -> IdentitySettings:
        self.require_fresh()
        check(UpdateIdentitySettingsRequest(identity_settings=settings, update_mask=FieldMask(paths=list(paths))))
        self.settings = merged(self.settings, settings, paths)
        return self.settings

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

    # --- accounts ---
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

    def get_account(self, account_id: UUID) -> Account:
        if account_id not in self.accounts:
            raise NotFound(f"accounts/{account_id} does not exist")
        return self.accounts[account_id]

    def list_accounts(self, page: Page) -> ListAccountsResponse:
        def value(account: Account, name: str) -> str:
            match name:
                case "kind":
                    return Account.Kind.Name(account.kind)
                case "state":
                    return Account.State.Name(account.state)
                case "role":
                    return next((role for role in account.roles if f'"{role}"' in page.filter), "")
                case "group":
                    return next((group for group in account.groups if f'"{group}"' in page.filter), "")
            return str(getattr(account, name))

        shown, following = found_page(self.accounts.values(), page, value, lambda account: account.display_name)
        return ListAccountsResponse(accounts=shown, next_page_token=following)

    def create_account(self, account: Account, request_id: str) -> Account:
        check(CreateAccountRequest(account=account))
        self.require_fresh()
        if account.email and any(account.email == other.email for other in self.accounts.values()):
            raise AlreadyExists("taken", reason="EMAIL_TAKEN", violations=[_taken("account.email", "EMAIL_TAKEN")])

        def make() -> Account:
            id_ = new_id()
            stored = Account()
            stored.CopyFrom(account)
            stored.name, stored.state = f"accounts/{id_}", Account.INVITED
            self.accounts[id_] = touched(stored)
            return stored

        return self.requests.once(request_id, make)

    def update_account(self, account: Account, paths: Sequence[str], request_id: str) -> Account:
        self.require_fresh()
        id_ = UUID(account.name.split("/")[1])
        self.accounts[id_] = merged(self.get_account(id_), account, paths)
        return self.accounts[id_]

    def disable_account(self, account_id: UUID, etag: str, request_id: str) -> Account:
        account = self.get_account(account_id)
        account.state = Account.DISABLED
        return touched(account)

    def enable_account(self, account_id: UUID, etag: str, request_id: str) -> Account:
        account = self.get_account(account_id)
        account.state = Account.ACTIVE
        return touched(account)

    def set_temporary_password(self, account_id: UUID, password: str, request_id: str) -> Account:
        self.require_fresh()
        if len(password) < 12:
            raise InvalidArgument.of("password", "is too short", "PASSWORD_TOO_SHORT")
        self.passwords[account_id] = password
        self.temporary.add(account_id)
        return self.get_account(account_id)

    def explain_access(self, account_id: UUID, operator_id: UUID | None) -> ExplainAccessResponse:
        self.get_account(account_id)
        answer = ExplainAccessResponse(may_enter=all(check.passed for check in self.checks), visible=operator_id is None)
        answer.checks.extend(self.checks)
        if operator_id is not None:
            groups = f"groups/{UUID(int=1)}"
            answer.checks.add(
                code="OPERATOR_GROUPS", value=groups, explanation="Nessun gruppo in comune.", resource=f"contacts/{account_id}"
            )
        return answer

    # --- client applications ---
    def authorize(self, wish: AuthorizeRequest) -> AuthorizeResponse:
        client = next((one for one in self.accounts.values() if one.name == f"accounts/{wish.client_id}"), Account())
        if wish.redirect_uri not in client.client.redirect_uris:
            raise InvalidArgument("not the client's", reason="REDIRECT_URI_UNKNOWN")
        refusal = "access_denied" if wish.deny else "" if wish.code_challenge_method == "S256" else "invalid_request"
        if refusal:
            back = f"{wish.redirect_uri}?error={refusal}&state={wish.state}"
            raise InvalidArgument("no", reason=refusal, metadata={"redirect_uri": back})
        code = "" if wish.validate_only else f"{wish.redirect_uri}?code=c-1&state={wish.state}"
        return AuthorizeResponse(client_name=client.display_name, redirect_uri=code)

    def rotate_client_secret(self, account_id: UUID, overlap: timedelta, request_id: str) -> str:
        self.require_fresh()
        self.secrets.append((account_id, overlap))
        return f"secret-{len(self.secrets)}"

    # --- roles ---
    def list_roles(self, page: Page) -> ListRolesResponse:
        return ListRolesResponse(roles=self.roles.values())

    def get_role(self, role: str) -> Role:
        if role not in self.roles:
            raise NotFound(f"{role} does not exist")
        return self.roles[role]

    def _may_give(self, role: Role) -> None:
        if not set(role.capabilities) <= self.capabilities:
            raise PermissionDenied("more than you hold", reason="MORE_CAPABILITIES")

    def create_role(self, role: Role, request_id: str) -> Role:
        check(CreateRoleRequest(role=role))
        self.require_fresh()
        self._may_give(role)
        if role.display_name in {other.display_name for other in self.roles.values()}:
            raise AlreadyExists("taken", reason="NAME_TAKEN", violations=[_taken("role.display_name", "NAME_TAKEN")])

        def make() -> Role:
            stored = Role()
            stored.CopyFrom(role)
            stored.name = f"roles/{new_id()}"
            self.roles[stored.name] = touched(stored)
            return stored

        return self.requests.once(request_id, make)

    def update_role(self, role: Role, paths: Sequence[str], request_id: str) -> Role:
        self.require_fresh()
        self._may_give(role)
        self.roles[role.name] = merged(self.get_role(role.name), role, paths)
        return self.roles[role.name]

    def delete_role(self, role: str, etag: str, request_id: str) -> None:
        self.require_fresh()
        if any(role in account.roles for account in self.accounts.values()):
            raise FailedPrecondition("somebody has it", reason="ROLE_IN_USE")
        del self.roles[role]

    # --- privacy policy ---
    def get_current_policy(self) -> Policy:
        self._fail()
        found = next((policy for policy in self.policies if policy.state == Policy.CURRENT), None)
        if found is None:
            raise NotFound("no policy is published")
        return found

    def accept_policy(self, name: str, language_code: str, request_id: str) -> Acceptance:
        self._fail()
        if self.current is None:
            raise Unauthenticated("sign in first")
        policy = self.get_current_policy()
        if policy.name != name:
            raise FailedPrecondition("another version is current", reason="POLICY_NOT_CURRENT")
        client = self.clients[-1]
        text = policy.text.en if language_code == "en" else policy.text.it
        acceptance = Acceptance(
            name=f"accounts/{self.current.account_id}/acceptances/{new_id()}",
            policy=policy.name,
            version=policy.version,
            language_code=language_code,
            text_sha256=hashlib.sha256(text.encode()).hexdigest(),
            accept_time=now(),
            ip_address=client.ip_address,
            user_agent=client.user_agent,
        )
        self.acceptances.append((self.current.account_id, acceptance))
        return acceptance

    def list_acceptances(self, account_id: UUID, page: Page) -> ListAcceptancesResponse:
        return ListAcceptancesResponse(acceptances=[acceptance for id_, acceptance in self.acceptances if id_ == account_id])

    def list_policies(self, page: Page) -> ListPoliciesResponse:
        return ListPoliciesResponse(policies=self.policies)

    def get_policy(self, policy_id: UUID) -> Policy:
        found = next((policy for policy in self.policies if policy.name == f"policies/{policy_id}"), None)
        if found is None:
            raise NotFound(f"policies/{policy_id} does not exist")
        return found

    def create_policy(self, policy: Policy, request_id: str) -> Policy:
        check(CreatePolicyRequest(policy=policy))

        def make() -> Policy:
            stored = Policy()
            stored.CopyFrom(policy)
            stored.name, stored.state = f"policies/{new_id()}", Policy.DRAFT
            self.policies.insert(0, touched(stored))
            return stored

        return self.requests.once(request_id, make)

    def update_policy(self, policy: Policy, paths: Sequence[str], request_id: str) -> Policy:
        stored = self.get_policy(UUID(policy.name.split("/")[1]))
        stored.CopyFrom(merged(stored, policy, paths))
        return stored

    def delete_policy(self, policy_id: UUID, etag: str, request_id: str) -> None:
        policy = self.get_policy(policy_id)
        if policy.state != Policy.DRAFT:
            raise FailedPrecondition("published", reason="POLICY_PUBLISHED")
        self.policies = [other for other in self.policies if other.name != policy.name]

    def publish_policy(self, policy_id: UUID, etag: str, request_id: str) -> Policy:
        self.require_fresh()
        published = self.get_policy(policy_id)
        for policy in self.policies:
            if policy.state == Policy.CURRENT:
                policy.state = Policy.SUPERSEDED
        published.state = Policy.CURRENT
        published.publish_time.CopyFrom(now())
        return touched(published)


# --- contacts ------------------------------------------------------------------------------------------------------------------------
@dataclass
class FakeContacts:
    settings: ContactsSettings
    customers: dict[UUID, Customer] = field(default_factory=dict)
    contacts: dict[UUID, Contact] = field(default_factory=dict)
    groups: dict[UUID, Group] = field(default_factory=dict)
    contact_roles: dict[UUID, ContactRole] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)
    require_fresh: Callable[[], None] = lambda: None
    requests: Requests = field(default_factory=Requests)

    def acts(self, contact_id: UUID, customer_id: UUID | None) -> tuple[UUID | None, frozenset[str]]:
        """Return for whom a contact acts now and its effective permissions there."""
        affiliations = self.contacts[contact_id].affiliations
        found = next((a for a in affiliations if a.name.split("/")[1] == str(customer_id)), affiliations[0] if affiliations else None)
        if found is None:
            return None, frozenset()
        allowed = {name for name in SECTIONS if getattr(found.effective_permissions, name.lower()) == Permissions.ALLOW}
        if found.primary:
            allowed.add(access_pb2.Contact.Name(access_pb2.PRIMARY))
        return UUID(found.name.split("/")[1]), frozenset(allowed)

    # --- for every page ---
    def organization(self) -> ContactsSettings:
        return self.settings

    def customer_name(self, customer_id: UUID) -> str:
        return self.get_customer(customer_id).display_name

    def own_contact(self, contact_id: UUID) -> Contact:
        return self.get_contact(contact_id)

    # --- customers ---
    def list_customers(self, page: Page) -> ListCustomersResponse:
        def value(customer: Customer, name: str) -> str:
            if name == "kind":
                return Customer.Kind.Name(customer.kind)
            return " ".join(customer.groups) if name == "group" else ""

        shown, following = found_page(self.customers.values(), page, value, lambda customer: customer.display_name)
        return ListCustomersResponse(customers=shown, next_page_token=following)

    def get_customer(self, customer_id: UUID) -> Customer:
        if customer_id not in self.customers:
            raise NotFound(f"customers/{customer_id} does not exist")
        return self.customers[customer_id]

    def create_customer(self, customer: Customer, request_id: str) -> Customer:
        check(CreateCustomerRequest(customer=customer))

        def make() -> Customer:
            id_ = new_id()
            stored = Customer()
            stored.CopyFrom(customer)
            stored.name = f"customers/{id_}"
            stored.create_time.CopyFrom(now())
            self.customers[id_] = touched(stored)
            return stored

        if not customer.display_name:
            raise InvalidArgument.of("customer.display_name", "is required", "REQUIRED")
        if customer.tax_identity.vat_number and not re.fullmatch(r"(IT)?\d{11}", customer.tax_identity.vat_number):
            raise InvalidArgument.of("customer.tax_identity.vat_number", "is not valid", "VAT_NUMBER_INVALID")
        return self.requests.once(request_id, make)

    def update_customer(self, customer: Customer, paths: Sequence[str], request_id: str) -> Customer:
        check(UpdateCustomerRequest(customer=customer, update_mask=FieldMask(paths=paths)))
        id_ = UUID(customer.name.split("/")[1])
        self.customers[id_] = merged(self.get_customer(id_), customer, paths)
        return self.customers[id_]

    # --- contacts ---
    def list_contacts(self, page: Page) -> ListContactsResponse:
        def value(contact: Contact, name: str) -> str:
            match name:
                case "customer":
                    return contact.customer
                case "access.enabled":
                    return str(contact.access.enabled).lower()
                case "never_entered":
                    return str(not contact.HasField("last_access_time")).lower()
                case "group":
                    return " ".join(contact.groups)
                case "contact_role":
                    return " ".join(affiliation.contact_role for affiliation in contact.affiliations)
            return str(getattr(contact, name, "")).lower()

        def words(contact: Contact) -> str:
            return f"{contact.first_name} {contact.last_name} {contact.email}"

        shown, following = found_page(sorted(self.contacts.values(), key=lambda c: c.last_name), page, value, words)
        return ListContactsResponse(contacts=shown, next_page_token=following)

    def get_contact(self, contact_id: UUID) -> Contact:
        if contact_id not in self.contacts:
            raise NotFound(f"contacts/{contact_id} does not exist")
        return self.contacts[contact_id]

    def create_contact(self, contact: Contact, *, skip_welcome: bool, send_set_password: bool, request_id: str) -> Contact:
        check(CreateContactRequest(contact=contact))

        def make() -> Contact:
            id_ = new_id()
            stored = Contact()
            stored.CopyFrom(contact)
            stored.name, stored.state = f"contacts/{id_}", Contact.ACTIVE
            stored.create_time.CopyFrom(now())
            self.contacts[id_] = touched(stored)
            if not stored.affiliations:
                stored.affiliations.add(name=f"{contact.customer}/affiliations/{id_}", contact=stored.name)
            for affiliation in stored.affiliations:
                affiliation.name = affiliation.name or f"{contact.customer}/affiliations/{id_}"
                affiliation.contact, affiliation.email = stored.name, stored.email
                affiliation.display_name = f"{stored.first_name} {stored.last_name}"
                affiliation.primary = not any(a.primary for a in self._of_customer(contact.customer))
                self._effective(affiliation)
                touched(affiliation)
            return stored

        if contact.email and any(contact.email.casefold() == other.email.casefold() for other in self.contacts.values()):
            raise AlreadyExists("taken", reason="EMAIL_TAKEN", violations=[_taken("contact.email", "EMAIL_TAKEN")])
        return self.requests.once(request_id, make)

    @staticmethod
    def _effective(affiliation: Affiliation) -> None:
        for name in SECTIONS:
            own = getattr(affiliation.permissions, name.lower())
            setattr(affiliation.effective_permissions, name.lower(), Permissions.ALLOW if own == Permissions.ALLOW else Permissions.DENY)

    def update_contact(self, contact: Contact, paths: Sequence[str], request_id: str) -> Contact:
        check(UpdateContactRequest(contact=contact, update_mask=FieldMask(paths=paths)))
        id_ = UUID(contact.name.split("/")[1])
        self.contacts[id_] = merged(self.get_contact(id_), contact, paths)
        return self.contacts[id_]

    def delete_contact(self, contact_id: UUID, etag: str, request_id: str) -> None:
        self.require_fresh()
        if any(affiliation.primary for affiliation in self.get_contact(contact_id).affiliations):
            raise FailedPrecondition("it is the primary contact", reason="CONTACT_IS_PRIMARY")
        del self.contacts[contact_id]

    def list_activities(self, parent: str, page: Page) -> ListActivitiesResponse:
        of_parent = [activity for activity in self.activities if activity.name.startswith(parent) or activity.customer == parent]
        shown, following = found_page(of_parent, page, lambda activity, name: str(getattr(activity, name)))
        return ListActivitiesResponse(activities=shown, next_page_token=following)

    # --- affiliations ---
    def _of_customer(self, customer: str) -> list[Affiliation]:
        every = [affiliation for contact in self.contacts.values() for affiliation in contact.affiliations]
        return sorted((a for a in every if a.name.startswith(f"{customer}/")), key=lambda a: (not a.primary, a.display_name))

    def list_affiliations(self, customer_id: UUID, page: Page) -> ListAffiliationsResponse:
        return ListAffiliationsResponse(affiliations=self._of_customer(f"customers/{customer_id}"))

    def get_affiliation(self, customer_id: UUID, contact_id: UUID) -> Affiliation:
        found = next((a for a in self._of_customer(f"customers/{customer_id}") if a.contact == f"contacts/{contact_id}"), None)
        if found is None:
            raise NotFound("no such affiliation")
        return found

    def create_affiliation(self, customer_id: UUID, affiliation: Affiliation, request_id: str) -> Affiliation:
        contact = self.get_contact(UUID(affiliation.contact.split("/")[1]))
        stored = contact.affiliations.add()
        stored.CopyFrom(affiliation)
        stored.name = f"customers/{customer_id}/affiliations/{contact.name.split('/')[1]}"
        stored.display_name, stored.email = f"{contact.first_name} {contact.last_name}", contact.email
        self._effective(stored)
        return touched(stored)

    def update_affiliation(self, affiliation: Affiliation, paths: Sequence[str], request_id: str) -> Affiliation:
        check(UpdateAffiliationRequest(affiliation=affiliation, update_mask=FieldMask(paths=paths)))
        _customers, customer_id, _affiliations, contact_id = affiliation.name.split("/")
        stored = self.get_affiliation(UUID(customer_id), UUID(contact_id))
        stored.CopyFrom(merged(stored, affiliation, paths))
        self._effective(stored)
        return stored

    def make_primary(self, customer_id: UUID, contact_id: UUID, etag: str, request_id: str) -> Affiliation:
        chosen = self.get_affiliation(customer_id, contact_id)
        if etag and etag != chosen.etag:
            raise EtagMismatch("it was changed by someone else")
        for affiliation in self._of_customer(f"customers/{customer_id}"):
            affiliation.primary = affiliation.name == chosen.name
        self.customers[customer_id].primary_contact = f"contacts/{contact_id}"
        return touched(chosen)

    def delete_affiliation(self, customer_id: UUID, contact_id: UUID, etag: str, request_id: str) -> None:
        affiliation = self.get_affiliation(customer_id, contact_id)
        if affiliation.primary:
            raise FailedPrecondition("it is the primary contact", reason="CONTACT_IS_PRIMARY")
        self.contacts[contact_id].affiliations.remove(affiliation)

    # --- groups and settings ---
    def list_groups(self, page: Page) -> ListGroupsResponse:
        return ListGroupsResponse(groups=sorted(self.groups.values(), key=lambda group: group.display_name))

    def get_group(self, group_id: UUID) -> Group:
        if group_id not in self.groups:
            raise NotFound(f"groups/{group_id} does not exist")
        return self.groups[group_id]

    def create_group(self, group: Group, request_id: str) -> Group:
        check(CreateGroupRequest(group=group))

        def make() -> Group:
            id_ = new_id()
            stored = Group()
            stored.CopyFrom(group)
            stored.name = f"groups/{id_}"
            self.groups[id_] = touched(stored)
            return stored

        if any(group.display_name == other.display_name for other in self.groups.values()):
            raise AlreadyExists("taken", reason="NAME_TAKEN", violations=[_taken("group.display_name", "NAME_TAKEN")])
        return self.requests.once(request_id, make)

    def update_group(self, group: Group, paths: Sequence[str], request_id: str) -> Group:
        check(UpdateGroupRequest(group=group, update_mask=FieldMask(paths=paths)))
        id_ = UUID(group.name.split("/")[1])
        self.groups[id_] = merged(self.get_group(id_), group, paths)
        return self.groups[id_]

    def delete_group(self, group_id: UUID, etag: str, request_id: str) -> None:
        if self.get_group(group_id).member_count:
            raise FailedPrecondition("it has members", reason="GROUP_NOT_EMPTY")
        del self.groups[group_id]

    # --- contact roles ---
    def _counted(self, role: ContactRole) -> ContactRole:
        held = [a for contact in self.contacts.values() for a in contact.affiliations if a.contact_role == role.name]
        role.holder_count = len(held)
        return role

    def list_contact_roles(self, page: Page) -> ListContactRolesResponse:
        roles = sorted(map(self._counted, self.contact_roles.values()), key=lambda role: (role.position, role.label_it))
        return ListContactRolesResponse(contact_roles=roles)

    def get_contact_role(self, role_id: UUID) -> ContactRole:
        if role_id not in self.contact_roles:
            raise NotFound(f"contactRoles/{role_id} does not exist")
        return self._counted(self.contact_roles[role_id])

    def _free_label(self, role: ContactRole) -> None:
        for other in self.contact_roles.values():
            if other.name != role.name and other.label_it.casefold() == role.label_it.casefold():
                raise AlreadyExists("taken", reason="NAME_TAKEN", violations=[_taken("contact_role.label_it", "NAME_TAKEN")])

    def create_contact_role(self, role: ContactRole, request_id: str) -> ContactRole:
        check(CreateContactRoleRequest(contact_role=role))

        def make() -> ContactRole:
            self._free_label(role)
            id_ = new_id()
            stored = ContactRole()
            stored.CopyFrom(role)
            stored.name = f"contactRoles/{id_}"
            self.contact_roles[id_] = touched(stored)
            return stored

        return self.requests.once(request_id, make)

    def update_contact_role(self, role: ContactRole, paths: Sequence[str], request_id: str) -> ContactRole:
        check(UpdateContactRoleRequest(contact_role=role, update_mask=FieldMask(paths=paths)))
        self._free_label(role)
        id_ = UUID(role.name.split("/")[1])
        self.contact_roles[id_] = merged(self.get_contact_role(id_), role, paths)
        return self.contact_roles[id_]

    def delete_contact_role(self, role_id: UUID, etag: str, request_id: str, *, replacement: str = "", clear: bool = False) -> None:
        role = self.get_contact_role(role_id)
        if etag and etag != role.etag:
            raise EtagMismatch("it was changed by someone else")
        if role.holder_count and not replacement and not clear:
            raise FailedPrecondition("it is held", reason="ROLE_IN_USE")
        for contact in self.contacts.values():
            for affiliation in contact.affiliations:
                if affiliation.contact_role == role.name:
                    affiliation.contact_role = replacement
        del self.contact_roles[role_id]

    def get_contacts_settings(self) -> ContactsSettings:
        return self.settings

    def update_contacts_settings(self, settings: ContactsSettings, paths: Sequence[str], request_id: str) -> ContactsSettings:
        self.require_fresh()
        self.settings.CopyFrom(merged(self.settings, settings, paths))
        return self.settings


@dataclass
class FakeNotes:
    """The notes of operators; who may do what is decided elsewhere. author: account of whoever calls now."""

    notes: dict[str, Note] = field(default_factory=dict)
    author: Callable[[], str] = lambda: ""
    requests: Requests = field(default_factory=Requests)

    def list_notes(self, parent: str, page: Page) -> ListNotesResponse:
        own = [note for name, note in reversed(self.notes.items()) if name.startswith(f"{parent}/")]
        shown, following = found_page(sorted(own, key=lambda note: not note.pinned), page, lambda _note, _name: "")
        return ListNotesResponse(notes=shown, next_page_token=following)

    def get_note(self, name: str) -> Note:
        if name not in self.notes:
            raise NotFound(f"{name} does not exist")
        return self.notes[name]

    def create_note(self, parent: str, note: Note, request_id: str) -> Note:
        check(CreateNoteRequest(parent=parent, note=note))

        def make() -> Note:
            stored = Note(name=f"{parent}/notes/{new_id()}", text=note.text, pinned=note.pinned, author=self.author())
            stored.create_time.CopyFrom(now())
            stored.update_time.CopyFrom(stored.create_time)
            self.notes[stored.name] = touched(stored)
            return stored

        return self.requests.once(request_id, make)

    def update_note(self, note: Note, paths: Sequence[str], request_id: str) -> Note:
        check(UpdateNoteRequest(note=note, update_mask=FieldMask(paths=paths)))
        self.notes[note.name] = merged(self.get_note(note.name), note, paths)
        return self.notes[note.name]

    def delete_note(self, name: str, etag: str, request_id: str) -> None:
        if etag and etag != self.get_note(name).etag:
            raise EtagMismatch("it was changed by someone else")
        del self.notes[name]


# --- documents -----------------------------------------------------------------------------------------------------------------------
@dataclass
class FakeDocuments:
    settings: DocumentsSettings
    invoices: dict[UUID, Invoice] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)
    viewed: list[UUID] = field(default_factory=list)
    caller: Callable[[], Caller | None] = lambda: None
    require_fresh: Callable[[], None] = lambda: None
    requests: Requests = field(default_factory=Requests)

    def _visible(self) -> list[Invoice]:
        """A contact sees what was issued to its customer; operators everything."""
        caller = self.caller()
        newest = sorted(self.invoices.values(), key=lambda invoice: (invoice.issue_date, invoice.number), reverse=True)
        if caller is None or caller.kind is not Kind.CONTACT:
            return newest
        if "INVOICES" not in caller.permissions:
            raise PermissionDenied("this caller may not do this", reason="NOT_ALLOWED")
        return [i for i in newest if i.customer == f"customers/{caller.customer_id}" and i.state != Invoice.DRAFT]

    def list_invoices(self, page: Page) -> ListInvoicesResponse:
        def value(invoice: Invoice, name: str) -> str:
            if name == "state":
                return Invoice.State.Name(invoice.state)
            found = getattr(invoice, name)
            return str(found).lower() if isinstance(found, bool) else str(found)

        ordered = self._visible()
        if page.order_by == "due_date":
            ordered.sort(key=lambda invoice: invoice.due_date)
        shown, following = found_page(ordered, page, value, lambda invoice: invoice.number)
        return ListInvoicesResponse(invoices=shown, next_page_token=following)

    def get_invoice(self, invoice_id: UUID) -> Invoice:
        found = next((invoice for invoice in self._visible() if invoice.name == f"invoices/{invoice_id}"), None)
        if found is None:
            raise NotFound(f"invoices/{invoice_id} does not exist")
        caller = self.caller()
        if caller is not None and caller.kind is Kind.CONTACT:
            self.viewed.append(invoice_id)
        return found

    def download_invoice(self, invoice_id: UUID) -> Iterator[HttpBody]:
        invoice = self.get_invoice(invoice_id)
        yield HttpBody(content_type="application/pdf", data=b"%PDF-1.7\n")
        yield HttpBody(data=invoice.number.encode())

    def _summed(self, invoice: Invoice) -> Invoice:
        net = Decimal(0)
        for line in invoice.lines:
            amount = (Decimal(line.quantity or "1") * Decimal(line.unit_price or 0)).quantize(Decimal("0.01"))
            line.net_amount = str(amount)
            net += amount
        rate = invoice.lines[0].vat_rate_percent if invoice.lines else "22"
        vat = (net * Decimal(rate or 0) / 100).quantize(Decimal("0.01"))
        currency = invoice.currency_code = invoice.currency_code or "EUR"
        invoice.total.CopyFrom(
            Totals(
                currency_code=currency,
                net_amount=str(net),
                vat_amount=str(vat),
                gross_amount=str(net + vat),
                vat=[Totals.Vat(vat_rate_percent=rate, net_amount=str(net), vat_amount=str(vat))],
            )
        )
        invoice.paid_amount = invoice.paid_amount or "0.00"
        invoice.balance_amount = str(net + vat - Decimal(invoice.paid_amount))
        return touched(invoice)

    def create_invoice(self, invoice: Invoice, request_id: str) -> Invoice:
        check(CreateInvoiceRequest(invoice=invoice))

        def make() -> Invoice:
            id_ = new_id()
            stored = Invoice()
            stored.CopyFrom(invoice)
            stored.name = f"invoices/{id_}"
            stored.state = stored.state or Invoice.DRAFT
            stored.create_time.CopyFrom(now())
            self.invoices[id_] = self._summed(stored)
            return stored

        return self.requests.once(request_id, make)

    def update_invoice(self, invoice: Invoice, paths: Sequence[str], request_id: str) -> Invoice:
        check(UpdateInvoiceRequest(invoice=invoice, update_mask=FieldMask(paths=paths)))
        id_ = UUID(invoice.name.split("/")[1])
        self.invoices[id_] = self._summed(merged(self.get_invoice(id_), invoice, paths))
        return self.invoices[id_]

    def delete_invoice(self, invoice_id: UUID, etag: str, request_id: str) -> None:
        if self.get_invoice(invoice_id).state != Invoice.DRAFT:
            raise FailedPrecondition("only a draft can be deleted", reason="INVOICE_NOT_DRAFT")
        del self.invoices[invoice_id]

    def issue_invoice(self, invoice_id: UUID, etag: str, request_id: str, *, skip_notification: bool = False) -> Invoice:
        def make() -> Invoice:
            invoice = self.get_invoice(invoice_id)
            if etag and etag != invoice.etag:
                raise EtagMismatch("it was changed by someone else")
            if invoice.state != Invoice.DRAFT:
                raise FailedPrecondition("only a draft can be issued", reason="INVOICE_NOT_DRAFT")
            if not invoice.lines:
                raise FailedPrecondition("it has no lines", reason="INVOICE_EMPTY")
            invoice.state = Invoice.ISSUED
            invoice.number = f"INV-2026-{len(self.invoices):06}"
            invoice.issue_date = datetime.now(UTC).date().isoformat()
            invoice.issue_time.CopyFrom(now())
            return touched(invoice)

        return self.requests.once(request_id, make)

    def list_payments(self, page: Page) -> ListPaymentsResponse:
        def value(payment: Payment, name: str) -> str:
            return " ".join(share.invoice for share in payment.allocations) if name == "invoice" else str(getattr(payment, name))

        shown, following = found_page(self.payments, page, value)
        return ListPaymentsResponse(payments=shown, next_page_token=following)

    def create_payment(self, payment: Payment, request_id: str) -> Payment:
        check(CreatePaymentRequest(payment=payment))

        def make() -> Payment:
            for share in payment.allocations:
                invoice = self.invoices[UUID(share.invoice.split("/")[1])]
                left = Decimal(invoice.balance_amount) - Decimal(share.amount)
                if left < 0:
                    raise InvalidArgument.of("payment.allocations[0].amount", "is more than is owed", "PAYMENT_EXCEEDS_BALANCE")
                invoice.paid_amount = str(Decimal(invoice.paid_amount or 0) + Decimal(share.amount))
                invoice.balance_amount = str(left)
                invoice.state = Invoice.PARTIALLY_PAID if left else Invoice.PAID
                invoice.overdue = invoice.overdue and left > 0
            stored = Payment()
            stored.CopyFrom(payment)
            stored.name, stored.state = f"payments/{new_id()}", Payment.RECEIVED
            self.payments.insert(0, touched(stored))
            return stored

        return self.requests.once(request_id, make)

    def get_statement(self, customer_id: UUID) -> Statement:
        name = f"customers/{customer_id}"
        issued = [invoice for invoice in self._visible() if invoice.customer == name and invoice.state != Invoice.DRAFT]
        totals = []
        for currency in sorted({invoice.currency_code for invoice in issued}):
            ours = [invoice for invoice in issued if invoice.currency_code == currency]
            totals.append(
                Statement.Total(
                    currency_code=currency,
                    billed_amount=_sum(invoice.total.gross_amount for invoice in ours),
                    paid_amount=_sum(invoice.paid_amount for invoice in ours),
                    balance_amount=_sum(invoice.balance_amount for invoice in ours),
                    overdue_amount=_sum(invoice.balance_amount for invoice in ours if invoice.overdue),
                )
            )
        entries = [
            Statement.Entry(
                resource=invoice.name,
                number=invoice.number,
                entry_date=invoice.issue_date,
                amount={"currency_code": invoice.currency_code, "amount": invoice.total.gross_amount},  # type: ignore[arg-type] # as a dict
            )
            for invoice in reversed(issued)
        ]
        return Statement(name=f"{name}/statement", totals=totals, entries=entries, read_time=now())

    def get_documents_settings(self) -> DocumentsSettings:
        return self.settings

    def update_documents_settings(self, settings: DocumentsSettings, paths: Sequence[str], request_id: str) -> DocumentsSettings:
        self.require_fresh()
        self.settings.CopyFrom(merged(self.settings, settings, paths))
        return self.settings


def _sum(amounts: Iterable[str]) -> str:
    return str(sum((Decimal(amount or 0) for amount in amounts), Decimal("0.00")))


# --- notifications -------------------------------------------------------------------------------------------------------------------
@dataclass
class FakeNotifications:
    contacts: FakeContacts
    documents: FakeDocuments
    dispatches: dict[UUID, Dispatch] = field(default_factory=dict)
    messages: dict[UUID, Message] = field(default_factory=dict)

    def list_dispatches(self, page: Page) -> ListDispatchesResponse:
        shown, following = found_page(self.dispatches.values(), page, lambda dispatch, name: str(getattr(dispatch, name)))
        return ListDispatchesResponse(dispatches=shown, next_page_token=following)

    def get_dispatch(self, dispatch_id: UUID) -> Dispatch:
        if dispatch_id not in self.dispatches:
            raise NotFound(f"dispatches/{dispatch_id} does not exist")
        return self.dispatches[dispatch_id]

    def _decision(self, affiliation: Affiliation) -> Decision:
        told = affiliation.preferences.invoice == affiliation.preferences.ON
        return Decision(
            person=affiliation.contact,
            outcome=Decision.SEND if told else Decision.SKIP,
            reason=Decision.SEND_PREFERENCE_ON if told else Decision.SKIP_PREFERENCE_OFF,
            decide_time=now(),
        )

    def preview_recipients(self, kind: str, subject: str, preview_contact: str = "") -> PreviewRecipientsResponse:
        invoice = self.documents.invoices[UUID(subject.split("/")[1])]
        answer = PreviewRecipientsResponse()
        for affiliation in self.contacts.list_affiliations(UUID(invoice.customer.split("/")[1]), Page()).affiliations:
            answer.rows.add(
                decision=self._decision(affiliation), display_name=affiliation.display_name, email=affiliation.email, language_code="it"
            )
        answer.preview.subject = "Nuova fattura"
        answer.preview.html = "<!doctype html><html lang='it'><body><p>È pronta una nuova fattura.</p></body></html>"
        answer.preview.text = "È pronta una nuova fattura."
        answer.preview.language_code = "it"
        return answer

    def explain_decision(self, contact_id: UUID, dispatch_id: UUID) -> Explanation:
        return self.explain_occasion(contact_id, Occasion(kind=self.get_dispatch(dispatch_id).kind))

    def explain_occasion(self, contact_id: UUID, occasion: Occasion) -> Explanation:
        contact = self.contacts.get_contact(contact_id)
        decision = self._decision(contact.affiliations[0])
        answer = Explanation(decision=decision, considered=True)
        answer.rules.add(rule=Decision.SKIP_NO_ADDRESS, looked_at="contact.email", value=contact.email, text="L’indirizzo c’è.")
        answer.rules.add(rule=decision.reason, decided=True, looked_at="preferences.invoice", value="ON", text="La preferenza decide.")
        return answer

    def list_messages(self, page: Page) -> ListMessagesResponse:
        def value(message: Message, name: str) -> str:
            return Message.State.Name(message.state) if name == "state" else str(getattr(message, name))

        shown, following = found_page(self.messages.values(), page, value, lambda message: message.to_address)
        return ListMessagesResponse(messages=shown, next_page_token=following)

    def get_message(self, message_id: UUID) -> Message:
        if message_id not in self.messages:
            raise NotFound(f"messages/{message_id} does not exist")
        return self.messages[message_id]


# --- all of it -----------------------------------------------------------------------------------------------------------------------
@dataclass
class Backend:
    """Every fake, tied together."""

    identity: FakeIdentity
    contacts: FakeContacts
    documents: FakeDocuments
    notifications: FakeNotifications
    audit: FakeAudit
    notes: FakeNotes

    @property
    def services(self) -> Services:
        return Services(self.identity, self.contacts, self.documents, self.notifications, self.audit)


def empty_backend() -> Backend:
    organisation = ContactsSettings(
        name="settings/contacts",
        organization_name="Studio Partenope",
        time_zone="Europe/Rome",
        language_code="it",
        modules=ContactsSettings.Modules(reserved_area=True),
    )
    contacts = FakeContacts(touched(organisation))
    identity = FakeIdentity(contacts)
    documents = FakeDocuments(touched(DocumentsSettings(name="settings/documents", currency_code="EUR", payment_term_days=30)))
    notifications = FakeNotifications(contacts, documents)

    def caller() -> Caller | None:
        token = next((token for token, session in identity.sessions.items() if session is identity.current), None)
        if token is None or identity.current is None:
            return None
        kind = identity.accounts[identity.current.account_id].kind
        if kind == Account.OPERATOR:
            return Caller(Kind.OPERATOR)
        chosen, permissions = contacts.acts(identity.current.account_id, identity.chosen)
        return Caller(Kind.CONTACT, customer_id=chosen, permissions=permissions)

    documents.caller = caller
    notes = FakeNotes(author=lambda: f"accounts/{identity.current.account_id}" if identity.current is not None else "")
    contacts.require_fresh = documents.require_fresh = identity.require_fresh
    return Backend(identity, contacts, documents, notifications, FakeAudit(identity.require_fresh), notes)
