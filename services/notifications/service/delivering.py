"""Queued messages leave: claimed, given their links, rendered, handed to the mail server, and the result recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from opentelemetry.trace import SpanKind

from libs import telemetry
from libs.errors import NotFound, ServiceError
from libs.unit_of_work import Clock
from services.notifications import service, wire
from services.notifications.domain.contents import Link, values
from services.notifications.domain.kinds import Purpose, Reason
from services.notifications.domain.messages import Dispatch, Message, Outcome, State, settled
from services.notifications.domain.mime import Attachment, Mail, ascii_address, verify, write
from services.notifications.domain.opens import with_image
from services.notifications.domain.templates import Rendered, Template
from services.notifications.service import metrics
from services.notifications.service.metrics import DELIVERY_SECONDS, MESSAGES, ROUND_SECONDS, SENDER_HELD
from services.notifications.service.opens import mint_tokens

log = telemetry.logger(__name__)
AREA_OFF = "ENTRY_AREA_OFF"  # identity's refusal while the module is off
HELD = "HELD"  # mail was held while this was on its way to DATA: it waits on
RESTORED = "FAIL_RESTORED"
PAGES = {Purpose.MAGIC: "enter", Purpose.DISOWN: "disown"}  # of a link; of every other purpose: "password"

BATCH = 96  # claimed at once; MintLinks takes 100


class _Stopped(Exception):
    """The message does not become a letter now; says how it is settled."""

    def __init__(self, outcome: Outcome, reason: Reason | None = None) -> None:
        super().__init__(outcome.failure)
        self.outcome, self.reason = outcome, reason


@dataclass(frozen=True)
class Deliverer:
    """What delivery needs."""

    new_uow: service.NewUnitOfWork
    links: service.Links
    documents: service.Documents
    mailer: service.Mailer
    words: service.Words
    sender: service.Sender
    clock: Clock

    def deliver_batch(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """Hand over what is due, at most a batch; return how many messages were taken. stopping: what has not left goes back."""
        claimed = self._claim()
        if claimed:
            letters = self._letters(claimed)
            while letters and not stopping():
                width = self.mailer.width  # it may shrink on the way
                self._hand_over(letters[:width])
                letters = letters[width:]
            self._settle([self._settled(letter.message, Outcome(State.QUEUED)) for letter in letters], {})
        return len(claimed)

    def _claim(self) -> Sequence[tuple[Message, Dispatch]]:
        """Take what is due, nothing while mail is held. What may have been sent before a restore is nobody's to send again."""
        with self.new_uow() as uow:
            found = uow.holding.get()
            doubted = uow.messages.doubt(found.sure_from, RESTORED) if found.sure_from else 0
            claimed = [] if found.held else uow.messages.claim(BATCH, self.clock(), self._lease())
            uow.commit()
        SENDER_HELD.set(found.held)
        if doubted:
            MESSAGES.labels(State.UNCERTAIN.name).inc(doubted)
            log.warning("messages may have been sent before the restore", messages=doubted)
        return claimed

    def give_up_lost(self) -> None:
        """Settle messages whose sender died inside DATA: nobody knows whether they arrived."""
        with self.new_uow() as uow:
            lost = uow.messages.give_up_lost(self.clock())
            uow.commit()
        if lost:
            MESSAGES.labels(State.UNCERTAIN.name).inc(lost)
            log.warning("messages lost their sender while they were handed over", messages=lost)

    def _lease(self) -> datetime:
        return self.clock() + timedelta(seconds=self.sender.lease_seconds)

    # --- making the letters ----------------------------------------------------------------------------------------------------------
    def _letters(self, claimed: Sequence[tuple[Message, Dispatch]]) -> list[service.Letter]:
        """Return the letters that can go; what cannot be made is settled with its cause."""
        with telemetry.resumed(claimed[0][1].traceparent):
            minted = self._mint(claimed)
        tokens = mint_tokens([message for message, _dispatch in claimed], new_uow=self.new_uow)
        letters: list[service.Letter] = []
        stopped: list[service.Settled] = []
        for message, dispatch in claimed:
            try:
                letters.append(self._letter(message, dispatch, minted, tokens.get(message.id, "")))
            except _Stopped as stop:
                stopped.append(self._settled(message, stop.outcome, stop.reason))
            except ServiceError as error:
                log.warning("a message cannot be made", message=str(message.id), kind=message.kind, reason=error.reason, error=str(error))
                failure = error.reason if error.reason.startswith("FAIL_") else "FAIL_CONTENT"
                stopped.append(self._settled(message, Outcome(State.FAILED, failure=failure)))
        self._settle(stopped, {})
        return letters

    def _mint(self, claimed: Sequence[tuple[Message, Dispatch]]) -> Mapping[UUID, service.Minted] | None:
        """Return the links by message; None when identity cannot make any now."""
        orders = [order for message, dispatch in claimed if (order := _order(message, dispatch)) is not None]
        if not orders:
            return {}
        try:
            return self.links.mint(orders)
        except ServiceError as error:
            log.warning("links cannot be made now", orders=len(orders), error=str(error))
            return None

    def _letter(self, message: Message, dispatch: Dispatch, minted: Mapping[UUID, service.Minted] | None, token: str) -> service.Letter:
        """Return the finished letter. token: of the image that hints at its opening; "": it has none."""
        link = self._link(message, dispatch, minted)
        attachment = self._attachment(message) if message.reason is Reason.SEND_CUSTOMER_MAILBOX else None
        template = self._template(message)
        rendered = render(message, dispatch, template, words=self.words, sender=self.sender, link=link, attached=attachment is not None)
        mail = Mail(
            message_id=message.message_id,
            from_name=self.sender.name or str(dispatch.facts.get("organisation_name", "")),
            from_address=self.sender.address,
            to_address=message.to_address,
            subject=rendered.subject,
            date=self.clock(),
            text=rendered.text,
            html=with_image(rendered.html, f"{self.sender.opens_url}{token}") if token else rendered.html,
            reply_to=self.sender.reply_to,
            language=message.language,
            attachment=attachment,
        )
        content = write(mail)
        verify(content, mail)
        to_address, insist = ascii_address(message.to_address), message.of_kind.security
        return service.Letter(message, self.sender.address, to_address, content, insist, dispatch.traceparent)

    def _link(self, message: Message, dispatch: Dispatch, minted: Mapping[UUID, service.Minted] | None) -> Link | None:
        """Return the address that the message leads to; what is nothing but its link does not go without one.

        A document's message goes all the same, because messages do not depend on access: its page then asks to sign in, or, where
        nobody can, it has no link. So does a security notice, which then has none either.
        """
        order = _order(message, dispatch)
        if order is None:
            return None
        if minted is None:
            raise _Stopped(Outcome(State.QUEUED, failure="FAIL_LINK"))
        made = minted.get(message.id)
        if made is not None and made.token:
            base = self.sender.console_url if message.person.startswith("accounts/") else self.sender.area_url
            return Link(f"{base}{PAGES.get(order.purpose, 'password')}/{made.token}", made.expire_time, made.code)
        area_off = made is not None and made.refusal == AREA_OFF
        if message.of_kind.only_link:
            raise _Stopped(Outcome(State.SUPPRESSED), Reason.SKIP_AREA_OFF if area_off else Reason.SKIP_ENTRY_CLOSED)
        return Link(f"{self.sender.area_url}{message.subject}") if message.of_kind.type and not area_off else None

    def _attachment(self, message: Message) -> Attachment:
        """A customer's mailbox cannot enter the area, so the document itself travels."""
        try:
            return self.documents.rendition(message.subject)
        except NotFound:
            raise _Stopped(Outcome(State.FAILED, failure="FAIL_ATTACHMENT")) from None
        except ServiceError:
            raise _Stopped(Outcome(State.QUEUED, failure="FAIL_ATTACHMENT")) from None

    def _template(self, message: Message) -> Template:
        """Return the words that were current when the message was decided."""
        return template_of(message, self.words, self.new_uow)

    # --- handing over ----------------------------------------------------------------------------------------------------------------
    def _hand_over(self, letters: Sequence[service.Letter]) -> None:
        blocks: dict[UUID, str] = {}

        def enter_data(ready: Sequence[service.Letter]) -> Collection[UUID]:
            """Commit, just before DATA, that these may now reach their readers."""
            with self.new_uow() as uow:
                if uow.holding.get(share=True).held:
                    blocks.update({letter.message.id: HELD for letter in ready})
                    return set()
                entered = uow.messages.enter_data([letter.message for letter in ready], self._lease())
                uow.commit()
            blocks.update({id_: failure for id_, failure in entered.items() if failure})
            return {id_ for id_, failure in entered.items() if not failure}

        started = time.perf_counter()
        with ExitStack() as spans:
            traced = {traceparent: _traced(traceparent, spans) for traceparent in {letter.traceparent for letter in letters}}
            traces = {letter.message.id: traced[letter.traceparent] for letter in letters}
            outcomes = self.mailer.hand_over(letters, enter_data)
            self._settle([self._settled(one.message, _ended(one.message, outcomes, blocks)) for one in letters], traces)
        ROUND_SECONDS.observe(time.perf_counter() - started)

    def _settled(self, message: Message, outcome: Outcome, reason: Reason | None = None) -> service.Settled:
        counted, due_time = settled(outcome, message, self.clock())
        return service.Settled(message, counted, due_time, reason)

    def _settle(self, ended: Sequence[service.Settled], traces: Mapping[UUID, str]) -> None:
        """Record how attempts ended; a hand-over is announced in the same transaction."""
        if not ended:
            return
        now = self.clock()
        with self.new_uow() as uow:
            ours = uow.messages.settle(ended, now)
            for one in ended:
                if one.message.id in ours and one.outcome.bad_address and self.words.suspends(one.outcome.failure):
                    uow.suppressions.add(one.message.to_address, one.outcome.failure, one.message.id, now)
                if one.outcome.state is State.SENT and one.message.id in ours:
                    with telemetry.resumed(traces.get(one.message.id, "")):
                        uow.outbox.add(wire.message_sent(one.message))
            uow.commit()
        for one in ended:
            if one.message.id in ours:
                _count(one, now)


def _count(one: service.Settled, now: datetime) -> None:
    metrics.ended(one.outcome)
    if one.outcome.state is State.SENT:
        DELIVERY_SECONDS.observe((now - one.message.create_time).total_seconds())
    elif one.outcome.state in {State.FAILED, State.UNCERTAIN}:
        log.warning("a message did not arrive", message=str(one.message.id), state=one.outcome.state.name, failure=one.outcome.failure)


def _traced(traceparent: str, spans: ExitStack) -> str:
    """Trace a round in each trace that has letters in it; return what their announcements continue."""
    if not traceparent:
        return ""
    spans.enter_context(telemetry.span("SMTP hand over", traceparent, SpanKind.CLIENT))
    return telemetry.traceparent()


def _ended(message: Message, outcomes: Mapping[UUID, Outcome], blocks: Mapping[UUID, str]) -> Outcome:
    """Return how it ended: by the mail server, by a hard block, or because the claim was lost, which no row will take any more."""
    if message.id in outcomes:
        return outcomes[message.id]
    failure = blocks.get(message.id, "")
    if failure == HELD:
        return Outcome(State.QUEUED)
    return Outcome(State.CANCELLED if failure.startswith("CANCEL_") or not failure else State.FAILED, failure=failure)


def _order(message: Message, dispatch: Dispatch) -> service.LinkOrder | None:
    """Return the order for the message's link: of a document's it lands there, of one that was asked for where the one before did."""
    kind, account_id = message.of_kind, message.account_id
    if kind.purpose is None or account_id is None:
        return None
    landing = message.subject if kind.type else str(dispatch.facts.get("landing", ""))
    return service.LinkOrder(message.id, account_id, kind.purpose, landing, kind.code)


def template_of(message: Message, words: service.Words, read: service.Read) -> Template:
    """Return the template of a message as it was when the message was decided."""
    template = words.template(message.kind, message.language, message.reason)
    if message.revision in {"", template.source.revision}:
        return template
    with read() as stored:
        return words.revised(stored.revisions.get(message.revision))


def render(
    message: Message,
    dispatch: Dispatch,
    template: Template,
    *,
    words: service.Words,
    sender: service.Sender,
    link: Link | None,
    attached: bool = False,
    mark: str = "",
) -> Rendered:
    """Fill a template for one reader. mark: what stands for the links in a copy."""
    filled = values(
        template.names,
        message,
        dispatch,
        fields=words.fields,
        phrases=words.phrases,
        organisation=sender.organisation,
        link=link,
        attached=attached,
    )
    return template.render(filled, right_to_left=message.right_to_left, mark=mark)


def keep_revisions(words: service.Words, *, uow: service.UnitOfWork, clock: Clock) -> None:
    """Keep today's words, so that history can show what was sent even when they change."""
    with uow:
        uow.revisions.keep(words.sources(), clock())
        uow.commit()
