"""Accounts by gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from grpc import ServicerContext
from recapito.identity.v1 import accounts_pb2 as pb
from recapito.identity.v1.accounts_pb2_grpc import AccountsServicer

from libs.errors import InvalidArgument
from libs.ids import new_id
from libs.listing import listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.identity import wire
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.explanations import Check
from services.identity.domain.roles import checked_names
from services.identity.service import Assertions, Contacts, Hasher, NewUnitOfWork, Sentences, accounts, clients, explaining, passwords
from services.identity.servicer.names import account_of
from services.identity.servicer.tokens import KeyRing

_FIELDS = {
    "kind": pb.Account.Kind,
    "state": pb.Account.State,
    "role": str,
    "group": UUID,
    "email": str,
    "last_sign_in_time": datetime,
}
_ORDERS = ("display_name", "last_sign_in_time", "create_time")


@dataclass(frozen=True)
class Accounts(AccountsServicer):
    new_uow: NewUnitOfWork
    new_reads: NewUnitOfWork
    contacts: Contacts
    hasher: Hasher
    assertions: Assertions
    keys: KeyRing
    clock: Clock
    sentences: Sentences

    def ListAccounts(self, request: pb.ListAccountsRequest, _context: ServicerContext) -> pb.ListAccountsResponse:
        wanted = listing(request, fields=_FIELDS, orders=_ORDERS, default_order="display_name")
        found, following = accounts.list_accounts(wanted, uow=self.new_reads(), caller=context.caller())
        return pb.ListAccountsResponse(accounts=[wire.account(account) for account in found], next_page_token=following)

    def GetAccount(self, request: pb.GetAccountRequest, _context: ServicerContext) -> pb.Account:
        caller = context.caller()
        account_id = account_of(request.name, caller)
        return wire.account(accounts.get_account(account_id, new_uow=self.new_uow, contacts=self.contacts, caller=caller, clock=self.clock))

    def CreateAccount(self, request: pb.CreateAccountRequest, _context: ServicerContext) -> pb.Account:
        asked = request.account
        new = Account(
            id=new_id(),
            kind=wire.account_kind_of(asked.kind),
            display_name=asked.display_name.strip(),
            create_time=self.clock(),
            email=asked.email.strip(),
            language_code=asked.language_code or "it",
            roles=checked_names(asked.roles),
            groups=wire.ids_of(asked.groups),
            client=wire.client_metadata(asked.client) if asked.kind == pb.Account.SERVICE else None,
        )
        return wire.account(
            accounts.create_account(
                new, request=context.request_of(request), uow=self.new_uow(), assertions=self.assertions, caller=context.caller()
            )
        )

    def UpdateAccount(self, request: pb.UpdateAccountRequest, _context: ServicerContext) -> pb.Account:
        caller = context.caller()
        account_id = account_of(request.account.name, caller)

        def change(account: Account) -> Account:
            return _merged(account, request.account, request.update_mask)

        return wire.account(
            accounts.update_account(
                account_id,
                change,
                request.account.etag,
                request=context.request_of(request),
                uow=self.new_uow(),
                assertions=self.assertions,
                caller=caller,
            )
        )

    def DisableAccount(self, request: pb.DisableAccountRequest, _context: ServicerContext) -> pb.Account:
        caller = context.caller()
        account_id = account_of(request.name, caller)
        return wire.account(
            accounts.disable_account(account_id, request.etag, request=context.request_of(request), uow=self.new_uow(), caller=caller)
        )

    def EnableAccount(self, request: pb.EnableAccountRequest, _context: ServicerContext) -> pb.Account:
        caller = context.caller()
        account_id = account_of(request.name, caller)
        return wire.account(
            accounts.enable_account(account_id, request.etag, request=context.request_of(request), uow=self.new_uow(), caller=caller)
        )

    def SetTemporaryPassword(self, request: pb.SetTemporaryPasswordRequest, _context: ServicerContext) -> pb.Account:
        caller = context.caller()
        return wire.account(
            passwords.set_temporary_password(
                account_of(request.name, caller),
                request.password,
                request=context.request_of(request),
                new_uow=self.new_uow,
                contacts=self.contacts,
                hasher=self.hasher,
                caller=caller,
                clock=self.clock,
            )
        )

    def ChangePassword(self, request: pb.ChangePasswordRequest, _context: ServicerContext) -> pb.Account:
        caller = context.caller()
        return wire.account(
            passwords.change_password(
                account_of(request.name, caller),
                request.current_password,
                request.new_password,
                request=context.request_of(request),
                new_uow=self.new_uow,
                hasher=self.hasher,
                caller=caller,
                clock=self.clock,
            )
        )

    def ExplainAccess(self, request: pb.ExplainAccessRequest, _context: ServicerContext) -> pb.ExplainAccessResponse:
        caller = context.caller()
        explained = explaining.explain_access(
            account_of(request.name, caller),
            account_of(request.operator, caller) if request.operator else None,
            new_uow=self.new_uow,
            contacts=self.contacts,
            caller=caller,
            passport=self.keys.passport(caller, ["contacts"], self.clock()),
            clock=self.clock,
        )
        return wire.explanation(explained, lambda check: self._sentence(check, context.language()))

    def _sentence(self, check: Check, language: str) -> str:
        return self.sentences.sentence(check.code, passed=check.passed, language=language)

    def RotateClientSecret(self, request: pb.RotateClientSecretRequest, _context: ServicerContext) -> pb.RotateClientSecretResponse:
        caller = context.caller()
        secret = clients.rotate_secret(
            account_of(request.name, caller),
            request.overlap.ToTimedelta(),
            request=context.request_of(request),
            uow=self.new_uow(),
            caller=caller,
            clock=self.clock,
        )
        return pb.RotateClientSecretResponse(client_secret=secret)


_CLIENT = {"client", "client.redirect_uris", "client.key_set", "client.first_party"}
_CHANGEABLE = {"display_name", "email", "language_code", "roles", "groups"}


def _merged(account: Account, new: pb.Account, mask: FieldMask) -> Account:
    if unknown := set(mask.paths) - _CHANGEABLE - (_CLIENT if account.kind is Kind.SERVICE else set()):
        raise InvalidArgument.of("update_mask", f"{', '.join(sorted(unknown))} cannot be changed", "FIELD_IMMUTABLE")
    merged = wire.account(account)
    mask.MergeMessage(new, merged, replace_message_field=True, replace_repeated_field=True)
    return account.changed(
        display_name=merged.display_name.strip(),
        email=merged.email,
        language_code=merged.language_code,
        roles=merged.roles,
        groups=wire.ids_of(merged.groups),
        client=wire.client_metadata(merged.client),
    )
