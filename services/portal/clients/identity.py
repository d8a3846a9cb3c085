"""Identity over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.identity.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    factors_pb2,
    factors_pb2_grpc,
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

from libs.rpc import client
from libs.rpc.passports import PassportVerifier
from services.portal.clients.remembered import Remembered
from services.portal.service import Client, Entry, Page

_OWN_SESSION = "accounts/me/sessions/current"
AUDIENCE = ("portal", "identity", "contacts", "documents", "notifications")


def _client_info(client: Client) -> sessions_pb2.ClientInfo:
    return sessions_pb2.ClientInfo(ip_address=client.ip_address[:45], user_agent=client.user_agent[:500])


class GrpcIdentity:
    def __init__(self, channel: grpc.Channel) -> None:
        self._sessions = sessions_pb2_grpc.SessionsStub(channel)
        self._links = links_pb2_grpc.LinksStub(channel)
        self._factors = factors_pb2_grpc.FactorsStub(channel)
        self._accounts = accounts_pb2_grpc.AccountsStub(channel)
        self._policies = policies_pb2_grpc.PoliciesStub(channel)
        self._roles = roles_pb2_grpc.RolesStub(channel)
        self._settings = settings_pb2_grpc.SettingsStub(channel)
        self._remembered_settings = Remembered(self._ask_settings)
        self._tokens = tokens_pb2_grpc.TokensStub(channel)
        self._verifier = PassportVerifier("portal", lambda: self._tokens.GetKeySet(tokens_pb2.GetKeySetRequest()).data)

    # --- sessions ---
    def create_session(
        self, kind: accounts_pb2.Account.Kind.ValueType, email: str, password: str, client: Client
    ) -> sessions_pb2.CreateSessionResponse:
        credential = sessions_pb2.PasswordCredential(email=email, password=password, kind=kind)
        return self._sessions.CreateSession(sessions_pb2.CreateSessionRequest(password=credential, client_info=_client_info(client)))

    def redeem_magic_link(self, token: str, client: Client) -> sessions_pb2.CreateSessionResponse:
        credential = sessions_pb2.LinkCredential(token=token)
        return self._sessions.CreateSession(sessions_pb2.CreateSessionRequest(link=credential, client_info=_client_info(client)))

    def redeem_code(self, email: str, code: str, client: Client) -> sessions_pb2.CreateSessionResponse:
        credential = sessions_pb2.CodeCredential(email=email, code=code)
        return self._sessions.CreateSession(sessions_pb2.CreateSessionRequest(code=credential, client_info=_client_info(client)))

    def create_passport(self, session_token: str, customer_id: UUID | None) -> Entry:
        customer = f"customers/{customer_id}" if customer_id is not None else ""
        request = sessions_pb2.CreatePassportRequest(session_token=session_token, audience=AUDIENCE, customer=customer)
        passport = client.patiently(self._sessions.CreatePassport, request).passport
        return Entry(passport, self._verifier.verify(passport))

    def delete_current_session(self) -> None:
        self._sessions.DeleteSession(sessions_pb2.DeleteSessionRequest(name=_OWN_SESSION))

    def sign_in_by_passkey(
        self, kind: accounts_pb2.Account.Kind.ValueType, response: str, client: Client
    ) -> sessions_pb2.CreateSessionResponse:
        credential = sessions_pb2.PasskeyCredential(response=response, kind=kind)
        return self._sessions.CreateSession(sessions_pb2.CreateSessionRequest(passkey=credential, client_info=_client_info(client)))

    def create_passkey_challenge(self, client: Client) -> str:
        request = sessions_pb2.CreatePasskeyChallengeRequest(client_info=_client_info(client))
        return self._sessions.CreatePasskeyChallenge(request).options

    def verify_session(self, *, code: str = "", passkey: str = "", password: str = "") -> sessions_pb2.VerifySessionResponse:
        request = sessions_pb2.VerifySessionRequest(name=_OWN_SESSION)
        if passkey:
            request.passkey.response = passkey
        elif password:
            request.password = password
        else:
            request.code = code
        return self._sessions.VerifySession(request)

    # --- second factors ---
    def list_factors(self, account_id: UUID | None = None) -> factors_pb2.ListFactorsResponse:
        return self._factors.ListFactors(factors_pb2.ListFactorsRequest(parent=f"accounts/{account_id or 'me'}"))

    def create_factor(
        self, kind: factors_pb2.Factor.Kind.ValueType, display_name: str, request_id: str
    ) -> factors_pb2.CreateFactorResponse:
        factor = factors_pb2.Factor(kind=kind, display_name=display_name)
        return self._factors.CreateFactor(factors_pb2.CreateFactorRequest(parent="accounts/me", factor=factor, request_id=request_id))

    def confirm_factor(self, factor_id: UUID, request_id: str, *, code: str = "", passkey: str = "") -> factors_pb2.Factor:
        request = factors_pb2.ConfirmFactorRequest(name=f"accounts/me/factors/{factor_id}", request_id=request_id)
        if passkey:
            request.passkey.response = passkey
        else:
            request.code = code
        return self._factors.ConfirmFactor(request)

    def delete_factor(self, name: str, request_id: str) -> None:
        self._factors.DeleteFactor(factors_pb2.DeleteFactorRequest(name=name, request_id=request_id))

    def create_recovery_codes(self, request_id: str) -> Sequence[str]:
        request = factors_pb2.CreateRecoveryCodesRequest(parent="accounts/me", request_id=request_id)
        return self._factors.CreateRecoveryCodes(request).codes

    def sign_in_settings(self) -> settings_pb2.IdentitySettings:
        return self._remembered_settings("settings/identity")

    def _ask_settings(self, name: str) -> settings_pb2.IdentitySettings:
        return self._settings.GetIdentitySettings(settings_pb2.GetIdentitySettingsRequest(name=name))

    def start_provider_sign_in(
        self, provider: str, redirect_uri: str, client: Client, *, reauthenticate: bool
    ) -> sessions_pb2.StartProviderSignInResponse:
        request = sessions_pb2.StartProviderSignInRequest(
            provider=provider, redirect_uri=redirect_uri, client_info=_client_info(client), reauthenticate=reauthenticate
        )
        return self._sessions.StartProviderSignIn(request)

    def sign_in_by_provider(self, provider: str, code: str, state: str, client: Client) -> sessions_pb2.CreateSessionResponse:
        credential = sessions_pb2.ProviderCredential(provider=provider, code=code, state=state)
        return self._sessions.CreateSession(sessions_pb2.CreateSessionRequest(provider=credential, client_info=_client_info(client)))

    def list_sessions(self, account: str, page: Page) -> sessions_pb2.ListSessionsResponse:
        request = sessions_pb2.ListSessionsRequest(parent=f"accounts/{account}", page_size=page.size, page_token=page.token)
        return self._sessions.ListSessions(request)

    def end_session(self, account: str, session_id: UUID) -> None:
        self._sessions.DeleteSession(sessions_pb2.DeleteSessionRequest(name=f"accounts/{account}/sessions/{session_id}"))

    def revoke_sessions(self, account: str, request_id: str) -> None:
        self._sessions.RevokeSessions(sessions_pb2.RevokeSessionsRequest(parent=f"accounts/{account}", request_id=request_id))

    # --- settings ---
    def get_identity_settings(self) -> settings_pb2.IdentitySettings:
        return self._settings.GetIdentitySettings(settings_pb2.GetIdentitySettingsRequest(name="settings/identity"))

    def update_identity_settings(
        self, settings: settings_pb2.IdentitySettings, paths: Sequence[str], request_id: str
    ) -> settings_pb2.IdentitySettings:
        mask = FieldMask(paths=paths)
        return self._settings.UpdateIdentitySettings(
            settings_pb2.UpdateIdentitySettingsRequest(identity_settings=settings, update_mask=mask, request_id=request_id)
        )

    # --- links ---
    def inspect_link(self, token: str) -> links_pb2.InspectLinkResponse:
        return self._links.InspectLink(links_pb2.InspectLinkRequest(token=token))

    def request_link(
        self, purpose: links_pb2.Link.Purpose.ValueType, kind: accounts_pb2.Account.Kind.ValueType, email: str, client: Client
    ) -> None:
        request = links_pb2.RequestLinkRequest(purpose=purpose, kind=kind, email=email, client_info=_client_info(client))
        self._links.RequestLink(request)

    def renew_link(self, token: str, client: Client) -> None:
        self._links.RequestLink(links_pb2.RequestLinkRequest(token=token, client_info=_client_info(client)))

    def redeem_password_link(self, token: str, password: str, client: Client) -> None:
        request = links_pb2.RedeemPasswordLinkRequest(token=token, new_password=password, client_info=_client_info(client))
        self._links.RedeemPasswordLink(request)

    def disown_link(self, token: str, client: Client) -> None:
        self._links.DisownLink(links_pb2.DisownLinkRequest(token=token, client_info=_client_info(client)))

    def send_link(self, account_id: UUID, purpose: links_pb2.Link.Purpose.ValueType, request_id: str) -> None:
        self._links.SendLink(links_pb2.SendLinkRequest(name=f"accounts/{account_id}", purpose=purpose, request_id=request_id))

    def list_links(self, account_id: UUID, page: Page) -> links_pb2.ListLinksResponse:
        request = links_pb2.ListLinksRequest(
            parent=f"accounts/{account_id}", page_size=page.size, page_token=page.token, filter=page.filter
        )
        return self._links.ListLinks(request)

    def revoke_link(self, name: str, request_id: str) -> links_pb2.Link:
        return self._links.RevokeLink(links_pb2.RevokeLinkRequest(name=name, request_id=request_id))

    # --- accounts ---
    def get_own_account(self) -> accounts_pb2.Account:
        return client.patiently(self._accounts.GetAccount, accounts_pb2.GetAccountRequest(name="accounts/me"))

    def change_password(self, current_password: str, new_password: str, request_id: str) -> accounts_pb2.Account:
        return self._accounts.ChangePassword(
            accounts_pb2.ChangePasswordRequest(
                name="accounts/me", current_password=current_password, new_password=new_password, request_id=request_id
            )
        )

    def get_account(self, account_id: UUID) -> accounts_pb2.Account:
        return self._accounts.GetAccount(accounts_pb2.GetAccountRequest(name=f"accounts/{account_id}"))

    def list_accounts(self, page: Page) -> accounts_pb2.ListAccountsResponse:
        return self._accounts.ListAccounts(
            accounts_pb2.ListAccountsRequest(
                page_size=page.size, page_token=page.token, filter=page.filter, order_by=page.order_by, query=page.query
            )
        )

    def create_account(self, account: accounts_pb2.Account, request_id: str) -> accounts_pb2.Account:
        return self._accounts.CreateAccount(accounts_pb2.CreateAccountRequest(account=account, request_id=request_id))

    def update_account(self, account: accounts_pb2.Account, paths: Sequence[str], request_id: str) -> accounts_pb2.Account:
        mask = FieldMask(paths=paths)
        return self._accounts.UpdateAccount(accounts_pb2.UpdateAccountRequest(account=account, update_mask=mask, request_id=request_id))

    def disable_account(self, account_id: UUID, etag: str, request_id: str) -> accounts_pb2.Account:
        request = accounts_pb2.DisableAccountRequest(name=f"accounts/{account_id}", etag=etag, request_id=request_id)
        return self._accounts.DisableAccount(request)

    def enable_account(self, account_id: UUID, etag: str, request_id: str) -> accounts_pb2.Account:
        request = accounts_pb2.EnableAccountRequest(name=f"accounts/{account_id}", etag=etag, request_id=request_id)
        return self._accounts.EnableAccount(request)

    def set_temporary_password(self, account_id: UUID, password: str, request_id: str) -> accounts_pb2.Account:
        request = accounts_pb2.SetTemporaryPasswordRequest(name=f"accounts/{account_id}", password=password, request_id=request_id)
        return self._accounts.SetTemporaryPassword(request)

    def explain_access(self, account_id: UUID, operator_id: UUID | None) -> accounts_pb2.ExplainAccessResponse:
        operator = f"accounts/{operator_id}" if operator_id is not None else ""
        return self._accounts.ExplainAccess(accounts_pb2.ExplainAccessRequest(name=f"accounts/{account_id}", operator=operator))

    # --- roles ---
    def list_roles(self, page: Page) -> roles_pb2.ListRolesResponse:
        return self._roles.ListRoles(roles_pb2.ListRolesRequest(page_size=page.size, page_token=page.token))

    def get_role(self, role: str) -> roles_pb2.Role:
        return self._roles.GetRole(roles_pb2.GetRoleRequest(name=role))

    def create_role(self, role: roles_pb2.Role, request_id: str) -> roles_pb2.Role:
        return self._roles.CreateRole(roles_pb2.CreateRoleRequest(role=role, request_id=request_id))

    def update_role(self, role: roles_pb2.Role, paths: Sequence[str], request_id: str) -> roles_pb2.Role:
        mask = FieldMask(paths=paths)
        return self._roles.UpdateRole(roles_pb2.UpdateRoleRequest(role=role, update_mask=mask, request_id=request_id))

    def delete_role(self, role: str, etag: str, request_id: str) -> None:
        self._roles.DeleteRole(roles_pb2.DeleteRoleRequest(name=role, etag=etag, request_id=request_id))

    # --- client applications ---
    def authorize(self, wish: tokens_pb2.AuthorizeRequest) -> tokens_pb2.AuthorizeResponse:
        return self._tokens.Authorize(wish)

    def rotate_client_secret(self, account_id: UUID, overlap: timedelta, request_id: str) -> str:
        request = accounts_pb2.RotateClientSecretRequest(name=f"accounts/{account_id}", request_id=request_id)
        request.overlap.FromTimedelta(overlap)
        return self._accounts.RotateClientSecret(request).client_secret

    # --- privacy policy ---
    def get_current_policy(self) -> policies_pb2.Policy:
        return self._policies.GetPolicy(policies_pb2.GetPolicyRequest(name="policies/current"))

    def accept_policy(self, name: str, language_code: str, request_id: str) -> policies_pb2.Acceptance:
        request = policies_pb2.AcceptPolicyRequest(name=name, language_code=language_code, request_id=request_id)
        return self._policies.AcceptPolicy(request)

    def list_acceptances(self, account_id: UUID, page: Page) -> policies_pb2.ListAcceptancesResponse:
        request = policies_pb2.ListAcceptancesRequest(parent=f"accounts/{account_id}", page_size=page.size, page_token=page.token)
        return self._policies.ListAcceptances(request)

    def list_policies(self, page: Page) -> policies_pb2.ListPoliciesResponse:
        return self._policies.ListPolicies(policies_pb2.ListPoliciesRequest(page_size=page.size, page_token=page.token, filter=page.filter))

    def get_policy(self, policy_id: UUID) -> policies_pb2.Policy:
        return self._policies.GetPolicy(policies_pb2.GetPolicyRequest(name=f"policies/{policy_id}"))

    def create_policy(self, policy: policies_pb2.Policy, request_id: str) -> policies_pb2.Policy:
        return self._policies.CreatePolicy(policies_pb2.CreatePolicyRequest(policy=policy, request_id=request_id))

    def update_policy(self, policy: policies_pb2.Policy, paths: Sequence[str], request_id: str) -> policies_pb2.Policy:
        mask = FieldMask(paths=paths)
        return self._policies.UpdatePolicy(policies_pb2.UpdatePolicyRequest(policy=policy, update_mask=mask, request_id=request_id))

    def delete_policy(self, policy_id: UUID, etag: str, request_id: str) -> None:
        request = policies_pb2.DeletePolicyRequest(name=f"policies/{policy_id}", etag=etag, request_id=request_id)
        self._policies.DeletePolicy(request)

    def publish_policy(self, policy_id: UUID, etag: str, request_id: str) -> policies_pb2.Policy:
        request = policies_pb2.PublishPolicyRequest(name=f"policies/{policy_id}", etag=etag, request_id=request_id)
        return self._policies.PublishPolicy(request)
