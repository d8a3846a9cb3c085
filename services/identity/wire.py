"""Domain <-> protobuf."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from recapito.access.v1 import access_pb2
from recapito.contacts.events.v1 import events_pb2 as contacts_events
from recapito.contacts.v1 import contacts_pb2, permissions_pb2
from recapito.identity.events.v1 import events_pb2 as events
from recapito.identity.v1 import (
    accounts_pb2,
    audit_pb2,
    factors_pb2,
    links_pb2,
    policies_pb2,
    roles_pb2,
    sessions_pb2,
    settings_pb2,
    tokens_pb2,
)
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded

from libs.errors import EtagMismatch, InvalidArgument, NotFound
from services.identity.domain.accounts import Account, CredentialChange, Kind
from services.identity.domain.audit import Entry
from services.identity.domain.clients import OPENID_SCOPES, ClientMetadata, Credentials
from services.identity.domain.contacts import Access, Contact
from services.identity.domain.explanations import Check, Explanation
from services.identity.domain.factors import Factor
from services.identity.domain.factors import Kind as FactorKind
from services.identity.domain.links import Link, Purpose, State
from services.identity.domain.policies import Acceptance, Policy
from services.identity.domain.providers import Provider
from services.identity.domain.roles import Role
from services.identity.domain.sessions import Client, Method, Session
from services.identity.domain.sessions import State as SessionState
from services.identity.domain.settings import IdentitySettings

PERMISSIONS = ("INVOICES", "ESTIMATES", "CONTRACTS", "PROPOSALS", "SUPPORT", "PROJECTS")  # access.v1.Contact and contacts.v1.Permissions


# --- names, times, etags -------------------------------------------------------------------------------------------------------------
def id_of(name: str) -> UUID:
    """Return the id at the end of a resource name. Raises NotFound for an alias that means nothing here."""
    try:
        return UUID(name.rpartition("/")[2])
    except ValueError:
        raise NotFound(f'"{name}" does not exist') from None


def ids_of(names: Iterable[str]) -> frozenset[UUID]:
    return frozenset(id_of(name) for name in names)


def time(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def etag(version: int) -> str:
    return f'"{version}"'


def check_etag(given: str, version: int) -> None:
    """Raise EtagMismatch when the caller read another version; an empty etag asks for nothing."""
    if given and given != etag(version):
        raise EtagMismatch("the resource has changed since it was read")


# --- accounts ------------------------------------------------------------------------------------------------------------------------
def account(found: Account) -> accounts_pb2.Account:
    return accounts_pb2.Account(
        name=f"accounts/{found.id}",
        kind=accounts_pb2.Account.Kind.Value(found.kind.value),
        display_name=found.display_name,
        email=found.email,
        state=accounts_pb2.Account.State.Value(found.state.value),
        language_code=found.language_code,
        roles=found.roles,
        groups=[f"groups/{group}" for group in sorted(found.groups)],
        access_version=found.access_version,
        password_set=bool(found.password_hash),
        second_factor_set=found.second_factor_set,
        last_sign_in_time=time(found.last_sign_in_time),
        client=_client_settings(found.client),
        create_time=time(found.create_time),
        etag=etag(found.version),
    )


def _client_settings(found: ClientMetadata | None) -> accounts_pb2.Client | None:
    if found is None:
        return None
    return accounts_pb2.Client(redirect_uris=found.redirect_uris, key_set=found.key_set, first_party=found.first_party)


def client_metadata(given: accounts_pb2.Client) -> ClientMetadata:
    return ClientMetadata(tuple(dict.fromkeys(given.redirect_uris)), given.key_set, given.first_party)


def account_kind_of(value: accounts_pb2.Account.Kind.ValueType) -> Kind:
    """Return the kind of an account to be made; that of a contact, which nobody may make here, when it was left open."""
    return Kind.SERVICE if value == accounts_pb2.Account.SERVICE else kind_of(value) or Kind.CONTACT


def kind_of(value: accounts_pb2.Account.Kind.ValueType) -> Kind | None:
    """Return the kind, None when it was left open or is not one that signs in."""
    return {accounts_pb2.Account.OPERATOR: Kind.OPERATOR, accounts_pb2.Account.CONTACT: Kind.CONTACT}.get(value)


def explanation(found: Explanation, sentence: Callable[[Check], str]) -> accounts_pb2.ExplainAccessResponse:
    answer = accounts_pb2.ExplainAccessResponse(may_enter=found.may_enter, visible=found.visible)
    for check in found.checks:
        answer.checks.add(
            code=check.code,
            passed=check.passed,
            value=check.value,
            explanation=sentence(check),
            resource=check.resource,
        )
    return answer


def role(found: Role) -> roles_pb2.Role:
    return roles_pb2.Role(
        name=found.name,
        display_name=found.display_name,
        capabilities=sorted(found.capabilities),
        built_in=found.built_in,
        etag=etag(found.version),
    )


# --- contacts ------------------------------------------------------------------------------------------------------------------------
def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _access(found: permissions_pb2.PortalAccess) -> Access:
    return Access(found.enabled, _day(found.start_date), _day(found.end_date))


def contact(found: contacts_pb2.Contact) -> Contact:
    """Return a contact as contacts answers it, with what counts for each customer it acts for."""
    return Contact(
        id=id_of(found.name),
        display_name=f"{found.first_name} {found.last_name}".strip(),
        email=found.email,
        language_code=found.language_code,
        right_to_left=found.direction == contacts_pb2.Contact.RTL,
        customer_id=id_of(found.customer) if found.customer else None,
        groups=ids_of(found.groups),
        access=_access(found.access),
        anonymized=found.state == contacts_pb2.Contact.ANONYMIZED,
        permissions={UUID(affiliation.name.split("/")[1]): _permissions(affiliation) for affiliation in found.affiliations},
    )


def _permissions(affiliation: contacts_pb2.Affiliation) -> frozenset[str]:
    effective = affiliation.effective_permissions
    allowed = {name for name in PERMISSIONS if getattr(effective, name.lower()) == permissions_pb2.Permissions.ALLOW}
    return frozenset(allowed | ({access_pb2.Contact.Name(access_pb2.PRIMARY)} if affiliation.primary else set()))


def contact_of_snapshot(name: str, found: contacts_events.ContactSnapshot) -> Contact:
    return Contact(
        id=id_of(name),
        display_name=f"{found.first_name} {found.last_name}".strip(),
        email=found.email,
        language_code=found.language_code,
        right_to_left=found.direction == contacts_pb2.Contact.RTL,
        customer_id=id_of(found.customer) if found.customer else None,
        groups=ids_of(found.groups),
        access=_access(found.access),
    )


# --- sessions ------------------------------------------------------------------------------------------------------------------------
def client(found: sessions_pb2.ClientInfo) -> Client:
    return Client(found.ip_address, found.user_agent)


def session(found: Session, holder: Account, state: SessionState) -> sessions_pb2.Session:
    return sessions_pb2.Session(
        name=f"accounts/{found.account_id}/sessions/{found.id}",
        state=sessions_pb2.Session.State.Value(state.value),
        method=sessions_pb2.Session.Method.Value(found.method.value),
        account=f"accounts/{found.account_id}",
        kind=accounts_pb2.Account.Kind.Value(holder.kind.value),
        create_time=time(found.create_time),
        last_use_time=time(found.last_use_time),
        expire_time=time(found.expire_time),
        fresh_until_time=time(found.fresh_until),
        device=found.client.device,
        ip_address=found.client.ip_address,
        landing=found.landing,
    )


# --- factors -------------------------------------------------------------------------------------------------------------------------
def factor(found: Factor) -> factors_pb2.Factor:
    return factors_pb2.Factor(
        name=f"accounts/{found.account_id}/factors/{found.id}",
        kind=factors_pb2.Factor.Kind.Value(found.kind.value),
        display_name=found.display_name,
        confirmed=found.confirmed,
        create_time=time(found.create_time),
        last_use_time=time(found.last_use_time),
    )


def factor_kind_of(value: factors_pb2.Factor.Kind.ValueType) -> FactorKind:
    """Return the kind; InvalidArgument when it is none of ours."""
    try:
        return FactorKind(factors_pb2.Factor.Kind.Name(value))
    except ValueError:
        raise InvalidArgument.of("factor.kind", "must be TOTP or PASSKEY", "REQUIRED") from None


# --- links ---------------------------------------------------------------------------------------------------------------------------
def link(found: Link, now: datetime) -> links_pb2.Link:
    return links_pb2.Link(
        name=f"accounts/{found.account_id}/links/{found.id}",
        purpose=purpose(found.purpose),
        state=link_state(found.state(now)),
        message=f"messages/{found.message}" if found.message else "",
        create_time=time(found.create_time),
        expire_time=time(found.expire_time),
        use_time=time(found.use_time),
        use_ip_address=found.use_ip_address,
    )


def purpose(found: Purpose) -> links_pb2.Link.Purpose.ValueType:
    return links_pb2.Link.Purpose.Value(found.value)


def purpose_of(value: links_pb2.Link.Purpose.ValueType) -> Purpose | None:
    return Purpose(links_pb2.Link.Purpose.Name(value)) if value in (1, 2, 3, 4, 7) else None


def link_state(found: State) -> links_pb2.Link.State.ValueType:
    return links_pb2.Link.State.Value(found.value)


# --- policies ------------------------------------------------------------------------------------------------------------------------
def policy(found: Policy) -> policies_pb2.Policy:
    answer = policies_pb2.Policy(
        name=f"policies/{found.id}",
        version=found.label,
        state=policies_pb2.Policy.State.Value(found.state.value),
        publish_time=time(found.publish_time),
        etag=etag(found.version),
    )
    answer.text.it, answer.text.en = found.text_it, found.text_en
    return answer


def acceptance(found: Acceptance) -> policies_pb2.Acceptance:
    return policies_pb2.Acceptance(
        name=f"accounts/{found.account_id}/acceptances/{found.id}",
        policy=f"policies/{found.policy_id}",
        version=found.label,
        language_code=found.language_code,
        text_sha256=found.text_sha256,
        accept_time=time(found.accept_time),
        ip_address=found.ip_address,
        user_agent=found.user_agent,
    )


# --- settings ------------------------------------------------------------------------------------------------------------------------
def settings(found: IdentitySettings, providers: Iterable[Provider] = ()) -> settings_pb2.IdentitySettings:
    return settings_pb2.IdentitySettings(
        name="settings/identity",
        self_service_reset=found.self_service_reset,
        magic_link_lifetime_days=found.magic_link_lifetime_days,
        administrators_need_second_factor=found.administrators_need_second_factor,
        contacts_may_use_second_factor=found.contacts_may_use_second_factor,
        etag=etag(found.version),
        providers=[settings_pb2.IdentitySettings.Provider(id=one.id, display_name=one.display_name) for one in providers],
    )


# --- audit ---------------------------------------------------------------------------------------------------------------------------
def entry_of(told: AuditEntryRecorded, entry_id: UUID, ip_address: str = "") -> Entry:
    return Entry(
        id=entry_id,
        service=told.service,
        actor=told.actor if told.actor.startswith("accounts/") else "",
        method=told.method,
        resource=told.resource,
        result=told.result,
        create_time=told.record_time.ToDatetime(UTC),
        changed_fields=tuple(told.changed_fields),
        session_id=id_of(told.session) if told.session else None,
        ip_address=ip_address,
        request_id=told.request_id,
    )


def audit_entry(found: Entry) -> audit_pb2.AuditEntry:
    return audit_pb2.AuditEntry(
        name=f"auditEntries/{found.id}",
        service=found.service,
        sequence=found.sequence,
        actor=found.actor,
        method=found.method,
        resource=found.resource,
        result=found.result,
        changed_fields=found.changed_fields,
        ip_address=found.ip_address,
        request_id=found.request_id,
        create_time=time(found.create_time),
        chain_sha256=found.chain_sha256,
    )


def audit_lines(entries: Iterable[Entry]) -> bytes:
    """Return JSON lines: what the hash covers, and the hash."""
    lines = [json.dumps({**entry.fields(), "chain_sha256": entry.chain_sha256}, ensure_ascii=False) for entry in entries]
    return "".join(f"{line}\n" for line in lines).encode()


# --- clients -------------------------------------------------------------------------------------------------------------------------
def credentials(given: tokens_pb2.IssueTokenRequest | tokens_pb2.RevokeTokenRequest) -> Credentials:
    if isinstance(given, tokens_pb2.RevokeTokenRequest):
        return Credentials(given.client_id, given.client_secret)
    return Credentials(given.client_id, given.client_secret, given.client_assertion_type, given.client_assertion)


def discovery(issuer: str, portal_url: str, grants: Sequence[str]) -> dict[str, object]:
    """Return the discovery document of OpenID Connect. Customers' people sign in at its authorization endpoint, operators at the other."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{portal_url}/area/authorize",
        "operator_authorization_endpoint": f"{portal_url}/console/authorize",
        "token_endpoint": f"{issuer}/oauth2/token",
        "revocation_endpoint": f"{issuer}/oauth2/revoke",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "scopes_supported": list(OPENID_SCOPES),
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "email", "name", "locale"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(grants),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["Ed25519"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": ["Ed25519", "EdDSA", "ES256", "PS256", "RS256"],
        "authorization_response_iss_parameter_supported": True,
    }


# --- events --------------------------------------------------------------------------------------------------------------------------
def session_opened(holder: Account, version: int, session_id: UUID, method: Method, now: datetime) -> events.SessionOpened:
    return events.SessionOpened(
        account=f"accounts/{holder.id}",
        version=version,
        kind=accounts_pb2.Account.Kind.Value(holder.kind.value),
        session=f"accounts/{holder.id}/sessions/{session_id}",
        method=sessions_pb2.Session.Method.Value(method.value),
        customer=f"customers/{holder.customer_id}" if holder.customer_id else "",
        open_time=time(now),
    )


def link_requested(holder: Account, version: int, wanted: Purpose, landing: str = "") -> events.LinkRequested:
    operator = holder.kind is Kind.OPERATOR
    return events.LinkRequested(
        account=f"accounts/{holder.id}",
        version=version,
        kind=accounts_pb2.Account.Kind.Value(holder.kind.value),
        purpose=purpose(wanted),
        email=holder.email if operator else "",
        display_name=holder.display_name if operator else "",
        language_code=holder.language_code,
        password_set=bool(holder.password_hash),
        landing=landing,
    )


def credentials_changed(
    holder: Account,
    version: int,
    change: CredentialChange = CredentialChange.PASSWORD,
    *,
    device: str = "",
    administrators: Iterable[Account] = (),
) -> events.CredentialsChanged:
    """device: of a new one. administrators: who is told that a link was disowned."""
    return events.CredentialsChanged(
        account=f"accounts/{holder.id}",
        version=version,
        kind=accounts_pb2.Account.Kind.Value(holder.kind.value),
        change=events.CredentialsChanged.Change.Value(change.value),
        email=holder.email if holder.kind is Kind.OPERATOR else "",
        language_code=holder.language_code,
        device=device,
        administrators=[
            events.CredentialsChanged.Administrator(
                account=f"accounts/{one.id}", email=one.email, display_name=one.display_name, language_code=one.language_code
            )
            for one in administrators
        ],
    )


def policy_accepted(account_id: UUID, version: int, accepted: Acceptance) -> events.PolicyAccepted:
    return events.PolicyAccepted(
        account=f"accounts/{account_id}",
        version=version,
        policy=f"policies/{accepted.policy_id}",
        accept_time=time(accepted.accept_time),
    )
