"""Identity as operators administer it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.identity.v1.accounts_pb2 import Account, CreateAccountRequest, ExplainAccessResponse, ListAccountsResponse
from recapito.identity.v1.policies_pb2 import Acceptance, CreatePolicyRequest, ListAcceptancesResponse, ListPoliciesResponse, Policy
from recapito.identity.v1.roles_pb2 import CreateRoleRequest, ListRolesResponse, Role
from recapito.identity.v1.settings_pb2 import IdentitySettings, UpdateIdentitySettingsRequest
from recapito.identity.v1.tokens_pb2 import AuthorizeRequest, AuthorizeResponse

from libs.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, Unauthenticated
from libs.ids import new_id
from libs.rpc.validation import check
from services.identity import wire
from services.identity.domain.roles import built_in
from services.portal.service import Page
from tests.integration.portal.fakes.common import current, found_page, merged, now, taken, touched
from tests.integration.portal.fakes.sign_in import FakeSignIn


@dataclass
class FakeIdentity(FakeSignIn):
    secrets: list[tuple[UUID, timedelta]] = field(default_factory=list)  # of client applications: whose, and how long the old one works
    roles: dict[str, Role] = field(default_factory=lambda: {role.name: role for role in map(wire.role, built_in())})
    checks: list[ExplainAccessResponse.Check] = field(default_factory=list)  # of whoever is asked about

    # --- settings ---
    def get_identity_settings(self) -> IdentitySettings:
        return self.settings

    def update_identity_settings(self, settings: IdentitySettings, paths: Sequence[str], request_id: str) -> IdentitySettings:
        self.require_fresh()
        check(UpdateIdentitySettingsRequest(identity_settings=settings, update_mask=FieldMask(paths=list(paths))))
        self.settings = merged(self.settings, settings, paths)
        return self.settings

    # --- accounts ---
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
            raise AlreadyExists("taken", reason="EMAIL_TAKEN", violations=[taken("account.email", "EMAIL_TAKEN")])

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
        current(account, etag)
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
        if "identity.access" not in self.capabilities:
            raise PermissionDenied("not for this operator")
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
            raise AlreadyExists("taken", reason="NAME_TAKEN", violations=[taken("role.display_name", "NAME_TAKEN")])

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
