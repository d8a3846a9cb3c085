"""Versions of the privacy policy, and its acceptance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from libs.access import Caller
from libs.errors import NotFound, Unauthenticated
from libs.ids import new_id
from libs.listing import Listing
from libs.unit_of_work import Clock, Request
from services.identity import wire
from services.identity.domain.policies import Acceptance, Policy, PolicyNotCurrent, checked
from services.identity.domain.policies import State as PolicyState
from services.identity.service import UnitOfWork, entry, scope
from services.identity.service.sessions import announce_if_open


def get_policy(policy_id: UUID | None, *, uow: UnitOfWork, caller: Caller) -> Policy:
    """Return a version, None: the current one. A draft is shown to operators who read identity alone."""
    with uow:
        policy = uow.policies.current() if policy_id is None else uow.policies.get(policy_id)
    if policy.state is PolicyState.DRAFT and not {"identity.read", "identity.policies"} & caller.capabilities:
        raise NotFound(f"policy {policy.id} does not exist")
    return policy


def list_policies(listing: Listing, *, uow: UnitOfWork) -> tuple[Sequence[Policy], str]:
    with uow:
        return uow.policies.page(listing)


def create_policy(label: str, text_it: str, text_en: str, *, request: Request, uow: UnitOfWork) -> Policy:
    with uow:
        new = checked(Policy(new_id(), label, text_it, text_en, create_time=uow.now()))
        if (earlier := uow.requests.claim(request, str(new.id))) is not None:
            return uow.policies.get(UUID(earlier))
        policy = uow.policies.add(new)
        uow.commit()
    return policy


def update_policy(policy_id: UUID, change: Callable[[Policy], Policy], etag: str, *, request: Request, uow: UnitOfWork) -> Policy:
    with uow:
        policy = uow.policies.get(policy_id)
        if uow.requests.claim(request, str(policy_id)) is not None:
            return policy
        wire.check_etag(etag, policy.version)
        saved = uow.policies.save(change(policy))
        uow.commit()
    return saved


def publish_policy(policy_id: UUID, etag: str, *, request: Request, uow: UnitOfWork) -> Policy:
    """Make a draft the current version; the former one stays as proof of what was accepted."""
    with uow:
        policy = uow.policies.get(policy_id)
        if uow.requests.claim(request, str(policy_id)) is not None:
            return policy
        wire.check_etag(etag, policy.version)
        published = policy.publish(uow.now())
        uow.policies.supersede()
        saved = uow.policies.save(published)
        uow.commit()
    return saved


def delete_policy(policy_id: UUID, etag: str, *, request: Request, uow: UnitOfWork) -> None:
    """Delete a draft; what was published stays."""
    with uow:
        if uow.requests.claim(request, str(policy_id)) is not None:
            return
        policy = uow.policies.get(policy_id)
        wire.check_etag(etag, policy.version)
        policy.check_draft()
        uow.policies.delete(policy)
        uow.commit()


def accept_policy(policy_id: UUID | None, language: str, *, uow: UnitOfWork, caller: Caller, clock: Clock) -> Acceptance:
    """Keep the proof that the caller accepts the current version; its session may open with it. Accepting again answers the same proof.

    Address and device are those of the sign-in: nobody can write them here.
    """
    if caller.account_id is None or caller.session_id is None:
        raise Unauthenticated("sign in first", reason="NOT_SIGNED_IN")
    with uow:
        account = uow.accounts.lock(caller.account_id)
        session = uow.sessions.get(account.id, caller.session_id)
        policy = uow.policies.current()
        if policy_id not in {None, policy.id}:
            raise PolicyNotCurrent("another version is the current one")
        new = Acceptance(
            id=new_id(),
            account_id=account.id,
            policy_id=policy.id,
            label=policy.label,
            language_code="en" if language.startswith("en") else "it",
            text_sha256=policy.text_sha256(language),
            accept_time=uow.now(),
            ip_address=session.client.ip_address,
            user_agent=session.client.user_agent,
        )
        acceptance = uow.policies.accept(new)
        if acceptance.id == new.id:
            uow.outbox.add(wire.policy_accepted(account.id, uow.accounts.next_event(account.id), acceptance))
        announce_if_open(session, account, entry.judge(account, uow=uow)(session), uow=uow, now=clock())
        uow.commit()
    return acceptance


def list_acceptances(account_id: UUID, listing: Listing, *, uow: UnitOfWork, caller: Caller) -> tuple[Sequence[Acceptance], str]:
    with uow:
        scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
        return uow.policies.acceptances(account_id, listing)
