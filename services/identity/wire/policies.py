"""Policies and their acceptances on the wire."""

from __future__ import annotations

from recapito.identity.v1 import policies_pb2

from services.identity.domain.policies import Acceptance, Policy
from services.identity.wire.names import etag, time


def policy(found: Policy) -> policies_pb2.Policy:
    answer = policies_pb2.Policy(
        name=f"policies/{found.id}",
        version=found.label,
        state=policies_pb2.Policy.State.Value(found.state.value),
        publish_time=time(found.publish_time),
        etag=etag(found.version),
    )
    answer.text.it, answer.text.en = found.text_it, found.text_en
    return answer


def acceptance(found: Acceptance) -> policies_pb2.Acceptance:
    return policies_pb2.Acceptance(
        name=f"accounts/{found.account_id}/acceptances/{found.id}",
        policy=f"policies/{found.policy_id}",
        version=found.label,
        language_code=found.language_code,
        text_sha256=found.text_sha256,
        accept_time=time(found.accept_time),
        ip_address=found.ip_address,
        user_agent=found.user_agent,
    )
