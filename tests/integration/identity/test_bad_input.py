"""Every method is answered, and nothing that anybody may send to a public one makes it fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recapito.identity.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    links_pb2,
    links_pb2_grpc,
    policies_pb2,
    policies_pb2_grpc,
    roles_pb2,
    roles_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    settings_pb2,
    settings_pb2_grpc,
    tokens_pb2,
    tokens_pb2_grpc,
)

from libs.errors import Internal, ServiceError
from services.identity import servicer
from tests.integration.identity.world import World

SERVICES = [
    (accounts_pb2, "Accounts", servicer.Accounts, accounts_pb2_grpc.AccountsServicer),
    (links_pb2, "Links", servicer.Links, links_pb2_grpc.LinksServicer),
    (policies_pb2, "Policies", servicer.Policies, policies_pb2_grpc.PoliciesServicer),
    (roles_pb2, "Roles", servicer.Roles, roles_pb2_grpc.RolesServicer),
    (sessions_pb2, "Sessions", servicer.Sessions, sessions_pb2_grpc.SessionsServicer),
    (settings_pb2, "Settings", servicer.Settings, settings_pb2_grpc.SettingsServicer),
    (tokens_pb2, "Tokens", servicer.Tokens, tokens_pb2_grpc.TokensServicer),
]


@pytest.mark.parametrize(("module", "name", "ours", "generated"), SERVICES, ids=[name for _, name, _, _ in SERVICES])
def test_every_method_of_the_contract_is_built(module: Any, name: str, ours: type, generated: type) -> None:
    methods = [method.name for method in module.DESCRIPTOR.services_by_name[name].methods]
    assert [method for method in methods if getattr(ours, method) is getattr(generated, method)] == []


hostile = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        ["", " ", "\x00", "a\x00b", "ﷺ" * 254, "\u202eevil", "' OR 1=1 --", "%_%", "../..", "a@b" * 80, "𝕏@𝕐.example", "x" * 5000]
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=hostile, other=hostile, number=st.integers(0, 9))
def test_hostile_text_is_refused_or_answered_and_never_fails(postgres_world: World, text: str, other: str, number: int) -> None:
    world = postgres_world
    client = sessions_pb2.ClientInfo(ip_address=other, user_agent=text)
    password = sessions_pb2.PasswordCredential(email=text, password=other, kind=number)  # type: ignore[arg-type] # also unknown numbers
    calls: list[tuple[Callable[[Any], Any], Any]] = [
        (world.sessions.CreateSession, sessions_pb2.CreateSessionRequest(password=password, client_info=client)),
        (world.sessions.CreateSession, sessions_pb2.CreateSessionRequest(link=sessions_pb2.LinkCredential(token=text))),
        (world.sessions.CreateSession, sessions_pb2.CreateSessionRequest(code=sessions_pb2.CodeCredential(email=text, code=other))),
        (world.sessions.CreatePassport, sessions_pb2.CreatePassportRequest(access_token=text, audience=[other], customer=text)),
        (world.sessions.CreatePassport, sessions_pb2.CreatePassportRequest(session_token=text, audience=[other])),
        (world.links.InspectLink, links_pb2.InspectLinkRequest(token=text)),
        (world.links.RedeemPasswordLink, links_pb2.RedeemPasswordLinkRequest(token=text, new_password=other)),
        (world.links.RequestLink, links_pb2.RequestLinkRequest(email=text, purpose=number, client_info=client)),  # type: ignore[arg-type]
        (world.links.RequestLink, links_pb2.RequestLinkRequest(token=text)),
        (world.links.DisownLink, links_pb2.DisownLinkRequest(token=text, client_info=client)),
        (world.policies.GetPolicy, policies_pb2.GetPolicyRequest(name=text)),
        (world.policies.GetPolicy, policies_pb2.GetPolicyRequest(name="policies/-")),
        (world.tokens.IssueToken, tokens_pb2.IssueTokenRequest(grant_type=text, refresh_token=other)),
        (world.tokens.IssueToken, tokens_pb2.IssueTokenRequest(grant_type="refresh_token", refresh_token=text)),
        (world.tokens.RevokeToken, tokens_pb2.RevokeTokenRequest(token=text)),
    ]
    for method, request in calls:
        try:
            method(request)
        except Internal as error:
            pytest.fail(f"{type(request).__name__}: {error}")
        except ServiceError:
            pass
