"""The audit of all services: entries come in, are chained, searched, exported and verified; the heads of the chains are signed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from libs import audit, telemetry
from libs.listing import Listing
from libs.unit_of_work import Clock
from services.identity.domain.audit import Entry, Head, Verified, verify
from services.identity.domain.tokens import SigningKey
from services.identity.service import Heads, HeadSigner, NewUnitOfWork, SignedHead, UnitOfWork

log = telemetry.logger(__name__)
Watch = Callable[[Iterable[Entry]], Iterable[Entry]]


# --- in ------------------------------------------------------------------------------------------------------------------------------
def record(entries: Sequence[Entry], *, uow: UnitOfWork) -> None:
    """Chain entries that services announced; one that came before changes nothing."""
    with uow:
        new = uow.inbox.add_all([entry.id for entry in entries])
        _append([entry for entry in entries if entry.id in new], uow=uow)
        uow.commit()


def record_refusal(entry: Entry, *, uow: UnitOfWork) -> None:
    """Chain a refusal of identity's own at once: its address may stand here, but in no event."""
    with uow, audit.aside():
        _append([entry], uow=uow)
        uow.commit()


def _append(entries: Sequence[Entry], *, uow: UnitOfWork) -> None:
    addresses = uow.audit.addresses({entry.session_id for entry in entries if entry.session_id and not entry.ip_address})
    located = [replace(entry, ip_address=entry.ip_address or addresses.get(entry.session_id, "")) for entry in entries]
    for service in sorted({entry.service for entry in located}):  # in one order, so that two appenders never wait for each other
        head = uow.audit.lock(service)
        chained = []
        for entry in located:
            if entry.service == service:
                chained.append(entry.after(head))
                head = Head(service, chained[-1].sequence, chained[-1].chain_sha256)
        uow.audit.add(chained)


# --- out -----------------------------------------------------------------------------------------------------------------------------
def list_entries(listing: Listing, *, uow: UnitOfWork) -> tuple[Sequence[Entry], str]:
    with uow:
        return uow.audit.page(listing)


def export(listing: Listing, *, uow: UnitOfWork) -> Iterator[Sequence[Entry]]:
    """Give the entries that the listing's filter wants, chain by chain, some at a time."""
    with uow:
        yield from uow.audit.batches(listing)


# --- verified and signed -------------------------------------------------------------------------------------------------------------
def verify_chain(
    service: str, *, uow: UnitOfWork, keys: Sequence[SigningKey], signer: HeadSigner, heads: Heads, watch: Watch = iter
) -> Verified:
    """Recompute the whole chain of a service, and compare it with its head as signed here and as exported.

    watch: passes the entries on, and may show how far it is.
    """
    exported = heads.last(service)
    with uow:
        signed = uow.audit.signed(service)
        current = uow.audit.head(service)  # after the signed one: it may grow meanwhile
        known = [current, *(kept.head for kept in (signed, exported) if kept is not None)]
        found = verify(Head(service), watch(uow.audit.chain(service, 0, current.sequence)), known)
    forged = next((kept for kept in (signed, exported) if kept is not None and signer.forged(kept, keys)), None)
    return Verified(found.last, forged.head.sequence) if found.intact and forged is not None else found


def services(*, uow: UnitOfWork) -> list[str]:
    """Return the services that have a chain."""
    with uow:
        return uow.audit.services()


def sign_heads(
    *, new_reads: NewUnitOfWork, new_uow: NewUnitOfWork, keys: Sequence[SigningKey], signer: HeadSigner, heads: Heads, clock: Clock
) -> None:
    """Sign the head of each chain that has grown, and export it; one that does not continue the head signed before stays unsigned."""
    for service in services(uow=new_reads()):
        head = _next_head(service, uow=new_reads(), keys=keys, signer=signer, clock=clock)
        if head is None:
            continue
        made = SignedHead(head, signer.sign_head(head, keys, clock()))
        heads.add(made)
        with new_uow() as uow:
            uow.audit.sign(made, clock())
            uow.commit()
        log.info("audit head", service=service, sequence=head.sequence, chain_sha256=head.chain_sha256, signature=made.signature)


def _next_head(service: str, *, uow: UnitOfWork, keys: Sequence[SigningKey], signer: HeadSigner, clock: Clock) -> Head | None:
    """Return the head to sign; None when the signed one is up to date, or the chain is broken.

    Behind a head that the current key signed only what is new is recomputed, else the whole chain.
    """
    with uow:
        signed = uow.audit.signed(service)
        current = uow.audit.head(service)
        trusted = signed if signed is not None and signer.signed(signed, keys, clock()) else None
        if trusted is not None and trusted.head == current:
            return None
        start = trusted.head if trusted is not None else Head(service)
        found = verify(start, uow.audit.chain(service, start.sequence, current.sequence), [current])
    if not found.intact or found.last != current or (signed is not None and signer.forged(signed, keys)):
        log.error("the audit is broken", service=service, sequence=found.broken_sequence or current.sequence)
        return None
    return current
