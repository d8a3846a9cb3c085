"""Accounts on the wire, and why one may enter or not."""

from __future__ import annotations

from collections.abc import Callable

from recapito.identity.v1 import accounts_pb2

from services.identity.domain.accounts import Account, Kind
from services.identity.domain.clients import ClientMetadata
from services.identity.domain.explanations import Check, Explanation
from services.identity.wire.names import etag, time


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
