"""The privacy gate: nobody passes without accepting the current version, and the proof stays as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.descriptor import Descriptor
from recapito.identity.v1 import accounts_pb2, links_pb2, policies_pb2

from libs.errors import Aborted, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, ServiceError
from tests.integration.identity.world import USER_AGENT, World


def enter(world: World, account_id: UUID) -> str:
    (minted,) = world.mint(account_id, links_pb2.Link.MAGIC)
    return str(world.enter(minted.token).session_token)


def draft(world: World, version: str = "2", it: str = "# Nuova", en: str = "# New") -> policies_pb2.Policy:
    policy = policies_pb2.Policy(version=version)
    policy.text.it, policy.text.en = it, en
    return world.policies.CreatePolicy(policies_pb2.CreatePolicyRequest(policy=policy))


def publish(world: World, version: str = "2") -> policies_pb2.Policy:
    with world.as_person(world.administrator()):
        return world.policies.PublishPolicy(policies_pb2.PublishPolicyRequest(name=draft(world, version).name))


def proofs(world: World, account_id: UUID) -> list[policies_pb2.Acceptance]:
    with world.as_person(world.administrator()):
        return list(world.policies.ListAcceptances(policies_pb2.ListAcceptancesRequest(parent=f"accounts/{account_id}")).acceptances)


# --- the gate ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-PRV-01")
@pytest.mark.req("R-PRV-02")
@pytest.mark.req("R-PRV-11")
def test_whoever_arrives_by_magic_link_sees_nothing_before_accepting(worlds: World) -> None:
    token = enter(worlds, worlds.with_contact())
    assert worlds.caller(token).session_state == "POLICY_REQUIRED"
    with worlds.as_person(token), pytest.raises(PermissionDenied) as refused:
        worlds.accounts.GetAccount(accounts_pb2.GetAccountRequest(name="accounts/me"))
    assert refused.value.reason == "POLICY_REQUIRED"
    worlds.accept_policy(token)
    assert worlds.caller(token).session_state == "OPEN"
    with worlds.as_person(token):
        assert worlds.accounts.GetAccount(accounts_pb2.GetAccountRequest(name="accounts/me")).email == "mario@acme.example"


def test_the_policy_can_be_read_before_signing_in(world: World) -> None:
    policy = world.policies.GetPolicy(policies_pb2.GetPolicyRequest(name="policies/current"))
    assert (policy.version, policy.state) == ("1", policies_pb2.Policy.CURRENT)
    assert policy.text.it
    assert policy.text.en


@pytest.mark.req("R-PRV-10")
def test_a_new_version_is_asked_of_everybody_at_the_next_request_and_the_earlier_proof_stays(worlds: World) -> None:
    mario = worlds.with_contact()
    token = enter(worlds, mario)
    worlds.accept_policy(token)
    publish(worlds)
    assert worlds.caller(token).session_state == "POLICY_REQUIRED"
    worlds.accept_policy(token)
    assert worlds.caller(token).session_state == "OPEN"
    assert [proof.version for proof in proofs(worlds, mario)] == ["2", "1"]


def test_operators_are_not_asked(world: World) -> None:
    assert world.caller(world.administrator()).session_state == "OPEN"


# --- the proof -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-PRV-03")
@pytest.mark.req("R-PRV-04")
@pytest.mark.req("R-PRV-05")
@pytest.mark.req("R-PRV-06")
@pytest.mark.req("R-PRV-07")
def test_the_proof_says_which_text_when_from_where_and_on_what_device(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.accept_policy(enter(worlds, mario))
    shown = worlds.policies.GetPolicy(policies_pb2.GetPolicyRequest(name="policies/current")).text.it
    (proof,) = proofs(worlds, mario)
    assert (proof.version, proof.language_code) == ("1", "it")
    assert proof.text_sha256 == hashlib.sha256(shown.encode()).hexdigest()
    assert (proof.ip_address, proof.user_agent) == ("192.0.2.7", USER_AGENT)
    assert abs(proof.accept_time.seconds - worlds.clock().timestamp()) < 5


def test_accepting_twice_leaves_one_proof(worlds: World) -> None:
    mario = worlds.with_contact()
    token = enter(worlds, mario)
    assert worlds.accept_policy(token) == worlds.accept_policy(token)
    assert len(proofs(worlds, mario)) == 1


@pytest.mark.req("R-PRV-08")
def test_no_method_takes_a_proof_in() -> None:
    proof = policies_pb2.Acceptance.DESCRIPTOR

    def holds(message: Descriptor, seen: set[str]) -> bool:
        if message is proof:
            return True
        if message.full_name in seen:
            return False
        seen.add(message.full_name)
        return any(holds(field.message_type, seen) for field in message.fields if field.message_type is not None)

    takers = [method.name for method in policies_pb2.DESCRIPTOR.services_by_name["Policies"].methods if holds(method.input_type, set())]
    assert takers == []
    writers = {method.name for method in policies_pb2.DESCRIPTOR.services_by_name["Policies"].methods if method.output_type is proof}
    assert writers == {"AcceptPolicy"}


@pytest.mark.req("R-PRV-08")
def test_a_person_reads_its_own_proofs_and_not_those_of_others(world: World) -> None:
    mario, laura = world.with_contact(), world.with_contact(email="laura@acme.example")
    token = enter(world, mario)
    world.accept_policy(token)
    with world.as_person(token):
        assert len(world.policies.ListAcceptances(policies_pb2.ListAcceptancesRequest(parent="accounts/me")).acceptances) == 1
        with pytest.raises(NotFound):
            world.policies.ListAcceptances(policies_pb2.ListAcceptancesRequest(parent=f"accounts/{laura}"))


def test_only_the_current_version_can_be_accepted(worlds: World) -> None:
    old = worlds.policies.GetPolicy(policies_pb2.GetPolicyRequest(name="policies/current"))
    token = enter(worlds, worlds.with_contact())
    publish(worlds)
    with worlds.as_person(token), pytest.raises(FailedPrecondition) as refused:
        worlds.policies.AcceptPolicy(policies_pb2.AcceptPolicyRequest(name=old.name, language_code="it"))
    assert refused.value.reason == "POLICY_NOT_CURRENT"


# --- versions ------------------------------------------------------------------------------------------------------------------------
def test_a_published_version_cannot_be_changed_or_published_again(worlds: World) -> None:
    current = worlds.policies.GetPolicy(policies_pb2.GetPolicyRequest(name="policies/current"))
    change = policies_pb2.UpdatePolicyRequest(policy=policies_pb2.Policy(name=current.name, version="x"))
    change.update_mask.paths.append("version")
    with worlds.as_person(worlds.administrator()):
        calls: list[Callable[[], Any]] = [
            lambda: worlds.policies.UpdatePolicy(change),
            lambda: worlds.policies.PublishPolicy(policies_pb2.PublishPolicyRequest(name=current.name)),
        ]
        for call in calls:
            with pytest.raises(FailedPrecondition) as refused:
                call()
            assert refused.value.reason == "POLICY_PUBLISHED"


@pytest.mark.req("R-PRV-09")
def test_a_draft_is_changed_field_by_field_with_its_etag(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        made = draft(worlds)
        change = policies_pb2.UpdatePolicyRequest(policy=policies_pb2.Policy(name=made.name, etag=made.etag))
        change.policy.text.en = "# Newer"
        change.update_mask.paths.append("text.en")
        changed = worlds.policies.UpdatePolicy(change)
        assert (changed.text.it, changed.text.en, changed.version) == ("# Nuova", "# Newer", "2")
        with pytest.raises(ServiceError) as stale:
            worlds.policies.UpdatePolicy(change)
        assert stale.value.reason == "ETAG_MISMATCH"
        listed = worlds.policies.ListPolicies(policies_pb2.ListPoliciesRequest(filter="state = DRAFT")).policies
        assert [policy.name for policy in listed] == [made.name]


def test_a_draft_can_be_deleted_and_what_was_published_cannot(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        policy = draft(worlds)
        gone = policies_pb2.DeletePolicyRequest(name=policy.name, etag=policy.etag, request_id="once")
        with pytest.raises(Aborted):
            worlds.policies.DeletePolicy(policies_pb2.DeletePolicyRequest(name=policy.name, etag='"7"'))
        for _ in range(2):
            worlds.policies.DeletePolicy(gone)
        with pytest.raises(NotFound):
            worlds.policies.GetPolicy(policies_pb2.GetPolicyRequest(name=policy.name))
        current = worlds.policies.GetPolicy(policies_pb2.GetPolicyRequest(name="policies/current"))
        with pytest.raises(FailedPrecondition) as refused:
            worlds.policies.DeletePolicy(policies_pb2.DeletePolicyRequest(name=current.name))
    assert refused.value.reason == "POLICY_PUBLISHED"


def test_a_draft_is_shown_to_operators_alone(world: World) -> None:
    with world.as_person(world.administrator()):
        made = draft(world)
        assert world.policies.GetPolicy(policies_pb2.GetPolicyRequest(name=made.name)).version == "2"
    with pytest.raises(NotFound):
        world.policies.GetPolicy(policies_pb2.GetPolicyRequest(name=made.name))


def test_a_policy_is_published_in_both_languages_or_not_at_all(world: World) -> None:
    with world.as_person(world.administrator()):
        made = draft(world, en="  ")
        with pytest.raises(FailedPrecondition) as refused:
            world.policies.PublishPolicy(policies_pb2.PublishPolicyRequest(name=made.name))
    assert refused.value.reason == "POLICY_INCOMPLETE"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a <b>bold</b> word", "<!-- hidden -->"])
def test_html_is_refused_by_its_field(world: World, text: str) -> None:
    with world.as_person(world.administrator()), pytest.raises(InvalidArgument) as refused:
        draft(world, en=text)
    assert refused.value.violations[0].field == "policy.text.en"


def test_a_retried_change_of_a_policy_acts_once(worlds: World) -> None:
    policy = policies_pb2.Policy(version="2")
    policy.text.it, policy.text.en = "# Nuova", "# New"
    create = policies_pb2.CreatePolicyRequest(policy=policy, request_id="a")
    with worlds.as_person(worlds.administrator()):
        made = worlds.policies.CreatePolicy(create)
        assert worlds.policies.CreatePolicy(create).name == made.name
        change = policies_pb2.UpdatePolicyRequest(policy=policies_pb2.Policy(name=made.name, version="3"), request_id="b")
        change.update_mask.paths.append("version")
        assert worlds.policies.UpdatePolicy(change).etag == worlds.policies.UpdatePolicy(change).etag
        publish = policies_pb2.PublishPolicyRequest(name=made.name, request_id="c")
        assert worlds.policies.PublishPolicy(publish).etag == worlds.policies.PublishPolicy(publish).etag
        assert worlds.policies.GetPolicy(policies_pb2.GetPolicyRequest(name="policies/current")).name == made.name
