"""Sessions by gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.identity.v1 import sessions_pb2 as pb
from recapito.identity.v1.sessions_pb2_grpc import SessionsServicer

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.listing import listing
from libs.rpc import context, passports
from libs.unit_of_work import Clock
from services.identity import wire
from services.identity.service import Contacts, NewUnitOfWork, Providers, codes, metrics, providers, sessions, verification
from services.identity.servicer.names import account_of, last_of
from services.identity.servicer.tokens import KeyRing


@dataclass(frozen=True)
class Sessions(SessionsServicer):
    """new_reads: units of work on a connection that opens no transaction."""

    new_uow: NewUnitOfWork
    new_reads: NewUnitOfWork
    contacts: Contacts
    keys: KeyRing
    providers: Providers
    by: verification.Verifiers
    clock: Clock

    def CreateSession(self, request: pb.CreateSessionRequest, _context: ServicerContext) -> pb.CreateSessionResponse:
        with metrics.signing_in(request.WhichOneof("credential") or "none"):
            opened = self._sign_in(request)
        return pb.CreateSessionResponse(session=wire.session(opened.session, opened.account, opened.state), session_token=opened.token)

    def _sign_in(self, request: pb.CreateSessionRequest) -> sessions.Opened:
        client = wire.client(request.client_info)
        match request.WhichOneof("credential"):
            case "password":
                given = request.password
                return sessions.sign_in(
                    given.email,
                    given.password,
                    wire.kind_of(given.kind),
                    client,
                    new_uow=self.new_uow,
                    contacts=self.contacts,
                    hasher=self.by.hasher,
                    clock=self.clock,
                )
            case "link":
                return sessions.sign_in_by_link(request.link.token, client, new_uow=self.new_uow, contacts=self.contacts, clock=self.clock)
            case "code":
                return codes.sign_in_by_code(
                    request.code.email, request.code.code, client, new_uow=self.new_uow, contacts=self.contacts, clock=self.clock
                )
            case "provider":
                answer = request.provider
                return providers.sign_in(
                    answer.provider, answer.code, answer.state, client, providers=self.providers, new_uow=self.new_uow, clock=self.clock
                )
            case "passkey":
                return verification.sign_in_by_passkey(
                    request.passkey.response,
                    wire.kind_of(request.passkey.kind),
                    client,
                    new_uow=self.new_uow,
                    contacts=self.contacts,
                    passkeys=self.by.passkeys,
                    clock=self.clock,
                )
            case _:
                raise InvalidArgument.of("password", "a password, a link or a passkey is required", "REQUIRED")

    def StartProviderSignIn(self, request: pb.StartProviderSignInRequest, _context: ServicerContext) -> pb.StartProviderSignInResponse:
        client = wire.client(request.client_info)
        started = providers.start_sign_in(
            request.provider,
            request.redirect_uri,
            client,
            reauthenticate=request.reauthenticate,
            providers=self.providers,
            new_uow=self.new_uow,
            clock=self.clock,
        )
        return pb.StartProviderSignInResponse(authorization_uri=started.authorization_uri, state=started.state)

    def VerifySession(self, request: pb.VerifySessionRequest, _context: ServicerContext) -> pb.VerifySessionResponse:
        caller = context.caller()
        given = verification.Given(code=request.code, passkey=request.passkey.response, password=request.password)
        if given == verification.Given():
            raise InvalidArgument.of("code", "a code, a passkey or the password is required", "REQUIRED")
        with metrics.signing_in("second_factor"):
            renewed = verification.verify_session(
                account_of(request.name, caller),
                last_of(request.name, "current"),
                given,
                new_uow=self.new_uow,
                by=self.by,
                caller=caller,
                clock=self.clock,
            )
        return pb.VerifySessionResponse(session=wire.session(renewed.session, renewed.account, renewed.state), session_token=renewed.token)

    def CreatePasskeyChallenge(
        self, request: pb.CreatePasskeyChallengeRequest, _context: ServicerContext
    ) -> pb.CreatePasskeyChallengeResponse:
        client = wire.client(request.client_info)
        options = verification.challenge(client, uow=self.new_uow(), passkeys=self.by.passkeys, clock=self.clock)
        return pb.CreatePasskeyChallengeResponse(options=options)

    def ListSessions(self, request: pb.ListSessionsRequest, _context: ServicerContext) -> pb.ListSessionsResponse:
        caller = context.caller()
        wanted = listing(request, fields={}, orders=("create_time",), default_order="create_time desc")
        account_id = account_of(request.parent, caller)
        found, following = sessions.list_sessions(account_id, wanted, uow=self.new_reads(), caller=caller, clock=self.clock)
        return pb.ListSessionsResponse(sessions=[wire.session(*one) for one in found], next_page_token=following)

    def GetSession(self, request: pb.GetSessionRequest, _context: ServicerContext) -> pb.Session:
        caller = context.caller()
        account_id, session_id = account_of(request.name, caller), last_of(request.name, "current")
        return wire.session(*sessions.get_session(account_id, session_id, uow=self.new_reads(), caller=caller, clock=self.clock))

    def DeleteSession(self, request: pb.DeleteSessionRequest, _context: ServicerContext) -> Empty:
        caller = context.caller()
        account_id, session_id = account_of(request.name, caller), last_of(request.name, "current")
        sessions.end_session(account_id, session_id, uow=self.new_uow(), caller=caller)
        return Empty()

    def RevokeSessions(self, request: pb.RevokeSessionsRequest, _context: ServicerContext) -> pb.RevokeSessionsResponse:
        caller = context.caller()
        account_id = account_of(request.parent, caller)
        count = sessions.revoke_sessions(account_id, request=context.request_of(request), uow=self.new_uow(), caller=caller)
        return pb.RevokeSessionsResponse(revoked_count=count)

    def CreatePassport(self, request: pb.CreatePassportRequest, _context: ServicerContext) -> pb.Passport:
        now = self.clock()
        holder = self._holder(request, now)
        signed = self.keys.passport(holder, list(request.audience), now)
        return pb.Passport(passport=signed, expire_time=wire.time(now + passports.LIFE))

    def _holder(self, request: pb.CreatePassportRequest, now: datetime) -> Caller:
        customer_id = wire.id_of(request.customer) if request.customer else None
        match request.WhichOneof("credential"):
            case "session_token":
                return sessions.passport(
                    sessions.by_session_token(request.session_token),
                    customer_id,
                    new_reads=self.new_reads,
                    new_uow=self.new_uow,
                    contacts=self.contacts,
                    clock=self.clock,
                )
            case "access_token":
                return sessions.passport_by_access_token(
                    self.keys.signer.read_access_token(request.access_token, self.keys.keys(), now),
                    customer_id,
                    new_reads=self.new_reads,
                    new_uow=self.new_uow,
                    contacts=self.contacts,
                    clock=self.clock,
                )
            case _:
                raise InvalidArgument.of("session_token", "a session token or an access token is required", "REQUIRED")
