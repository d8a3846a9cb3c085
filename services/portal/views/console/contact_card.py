"""The page of one contact: who it is, what it may open and is told, how it gets in, what it did."""

from __future__ import annotations

from uuid import UUID

from flask import render_template
from recapito.contacts.v1.contacts_pb2 import Contact

from services.portal.service import Page, Services
from services.portal.views import own_sessions
from services.portal.views.console import profile as profile_forms
from services.portal.views.console.contact_merges import merges_of
from services.portal.views.console.context import existing, id_of, uuid_of
from services.portal.views.console.customers import contact_roles_of, groups_of
from services.portal.views.console.names import customer_name, customer_of


def card(services: Services, contact_id: UUID, note: str = "") -> str:
    """Return the page of a contact; note: why what was just asked did not happen."""
    contacts, identity = services.contacts, services.identity
    contact = contacts.get_contact(contact_id)
    names = {name: customer_name(services, name) for name in (f"customers/{customer_of(each)}" for each in contact.affiliations)}
    recent = contacts.list_activities(contact.name, Page(size=6)).activities
    if contact.state == Contact.ANONYMIZED:
        return render_template("console/contact_anonymized.html", contact=contact, names=names, activities=recent)
    blocks = profile_forms.blocks(services.fields.list_fields(), contacts.get_contacts_settings())
    open_sessions = existing(lambda: identity.list_sessions(str(contact_id), Page(size=own_sessions.MOST)))
    return render_template(
        "console/contact.html",
        contact=contact,
        note=note,
        profile=profile_forms,
        blocks=[(block, profile_forms.facts(contact, block.fields)) for block in blocks],
        off={block.id for block in blocks if block.hidden},
        names=names,
        groups=groups_of(services),
        roles=contact_roles_of(services),
        account=existing(lambda: identity.get_account(contact_id)),
        links=existing(lambda: identity.list_links(contact_id, Page(size=20))),
        sessions=None if open_sessions is None else own_sessions.rows(open_sessions.sessions),
        acceptances=existing(lambda: identity.list_acceptances(contact_id, Page(size=20))),
        superior=existing(lambda: contacts.get_contact(uuid_of(id_of(contact.reports_to)))) if contact.reports_to else None,
        principals=services.relations.list_principals(contact_id),
        activities=recent,
        merges=merges_of(services, contact_id),
    )
