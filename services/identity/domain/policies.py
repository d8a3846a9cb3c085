"""Versions of the privacy policy, and the proof of who accepted which."""

from __future__ import annotations

import enum
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs.errors import FailedPrecondition, InvalidArgument

_HTML = re.compile(r"<[A-Za-z/!]")


class State(enum.Enum):
    DRAFT = "DRAFT"
    CURRENT = "CURRENT"
    SUPERSEDED = "SUPERSEDED"


class PolicyPublished(FailedPrecondition):
    reason = "POLICY_PUBLISHED"


class PolicyNotCurrent(FailedPrecondition):
    reason = "POLICY_NOT_CURRENT"


class PolicyIncomplete(FailedPrecondition):
    reason = "POLICY_INCOMPLETE"


@dataclass(frozen=True)
class Policy:
    """text_it, text_en: Markdown, without HTML. label: what people read as its version, such as "2026-11"."""

    id: UUID
    label: str
    text_it: str
    text_en: str
    create_time: datetime
    state: State = State.DRAFT
    publish_time: datetime | None = None
    version: int = 1

    def text(self, language: str) -> str:
        """Return the text as shown: Italian unless the reader's language is another that we have."""
        return self.text_en if language.startswith("en") else self.text_it

    def text_sha256(self, language: str) -> str:
        return hashlib.sha256(self.text(language).encode()).hexdigest()

    def changed(self, *, label: str, text_it: str, text_en: str) -> Policy:
        if self.state is not State.DRAFT:
            raise PolicyPublished("a published policy is proof: draft a new version")
        return checked(replace(self, label=label, text_it=text_it, text_en=text_en))

    def check_draft(self) -> None:
        if self.state is not State.DRAFT:
            raise PolicyPublished("a published policy is proof: it stays")

    def publish(self, now: datetime) -> Policy:
        if self.state is not State.DRAFT:
            raise PolicyPublished("this version was published before")
        if not (self.text_it.strip() and self.text_en.strip()):
            raise PolicyIncomplete("a policy is published in Italian and in English")
        return replace(self, state=State.CURRENT, publish_time=now)


def checked(policy: Policy) -> Policy:
    """Return the policy; InvalidArgument when a text holds HTML."""
    for field, text in (("policy.text.it", policy.text_it), ("policy.text.en", policy.text_en)):
        if _HTML.search(text):
            raise InvalidArgument.of(field, "must be Markdown without HTML", "HTML_NOT_ALLOWED")
    return policy


@dataclass(frozen=True)
class Acceptance:
    """The proof: which text was shown, when, from where, on what device."""

    id: UUID
    account_id: UUID
    policy_id: UUID
    label: str
    language_code: str
    text_sha256: str
    accept_time: datetime
    ip_address: str
    user_agent: str
