"""What an operator must be allowed for each page that changes something: to others the page is not there, and no link leads to it.

The services decide; this only spares people a form that would be refused.
"""

from __future__ import annotations

from flask import g, request

from libs.errors import NotFound

NEEDED = {  # page -> capability
    "customers.create": "contacts.write",
    "customers.edit": "contacts.write",
    "customers.show_notes": "contacts.notes",
    "customers.add_note": "contacts.notes.write",
    "customers.pin_note": "contacts.notes.write",
    "customers.edit_note": "contacts.notes.write",
    "customers.delete_note": "contacts.notes.write",
    "contacts.show_notes": "contacts.notes",
    "contacts.add_note": "contacts.notes.write",
    "contacts.pin_note": "contacts.notes.write",
    "contacts.edit_note": "contacts.notes.write",
    "contacts.delete_note": "contacts.notes.write",
    "contacts.create": "contacts.write",
    "contacts.edit": "contacts.write",
    "contacts.bulk": "contacts.write",
    "contacts.make_primary": "contacts.write",
    "contacts.silence": "contacts.write",
    "contacts.link_customer": "contacts.write",
    "contacts.link_sub_contact": "contacts.write",
    "contacts.edit_sub_contact": "contacts.write",
    "contacts.unlink_sub_contact": "contacts.write",
    "contacts.move": "contacts.write",
    "contacts.unlink_customer": "contacts.write",
    "contacts.delete": "contacts.delete",
    "contacts.merge": "contacts.delete",
    "contacts.merge_with": "contacts.delete",
    "contacts.undo_merge": "contacts.delete",
    "contacts.anonymize": "contacts.anonymize",
    "contacts.show_erasure": "contacts.anonymize",
    "contacts.export": "contacts.export",
    "imports.index": "contacts.import",
    "imports.create": "contacts.import",
    "imports.edit_columns": "contacts.import",
    "imports.run": "contacts.import",
    "imports.cancel": "contacts.import",
    "imports.delete": "contacts.import",
    "imports.show": "contacts.import",
    "imports.show_progress": "contacts.import",
    "imports.download_refused": "contacts.import",
    "leads.index": "contacts.read",
    "leads.show": "contacts.read",
    "leads.create": "contacts.write",
    "leads.edit": "contacts.write",
    "leads.convert": "contacts.write",
    "leads.delete": "contacts.delete",
    "leads.anonymize": "contacts.anonymize",
    "contacts.set_password": "identity.access",
    "contacts.remove_factors": "identity.access",
    "contacts.send_link": "identity.access",
    "contacts.revoke_link": "identity.access",
    "contacts.end_session": "identity.access",
    "contacts.end_sessions": "identity.access",
    "contacts.download_acceptances": "identity.access",
    "invoices.create": "documents.write",
    "invoices.edit": "documents.write",
    "invoices.delete": "documents.write",
    "invoices.issue": "documents.issue",
    "invoices.preview_frame": "documents.issue",
    "invoices.record_payment": "documents.payments",
    "audit.index": "identity.audit",
    "audit.verify": "identity.audit",
    "audit.export": "identity.audit",
    "settings.modules.edit": "contacts.settings",
    "settings.organisation.organisation": "contacts.settings",
    "settings.organisation.defaults": "contacts.settings",
    "settings.organisation.billing": "documents.settings",
    "settings.emails.edit": "notifications.settings",
    "settings.groups.create": "contacts.settings",
    "settings.groups.edit": "contacts.settings",
    "settings.groups.delete": "contacts.settings",
    "settings.sign_in.edit": "identity.settings",
    "settings.policies.delete": "identity.policies",
    "settings.blocks.edit": "contacts.settings",
    "settings.fields.index": "contacts.read",
    "settings.fields.create": "contacts.settings",
    "settings.fields.edit": "contacts.settings",
    "settings.fields.delete": "contacts.settings",
    "settings.contact_roles.index": "contacts.read",
    "settings.contact_roles.create": "contacts.settings",
    "settings.contact_roles.edit": "contacts.settings",
    "settings.contact_roles.delete": "contacts.settings",
    "settings.policies.index": "identity.policies",
    "settings.policies.show": "identity.policies",
    "settings.policies.create": "identity.policies",
    "settings.policies.edit": "identity.policies",
    "settings.policies.publish": "identity.policies",
    "settings.roles.index": "identity.read",
    "settings.roles.who": "identity.read",
    "settings.roles.create": "identity.accounts",
    "settings.roles.edit": "identity.accounts",
    "settings.roles.delete": "identity.accounts",
    "settings.clients.index": "identity.read",
    "settings.clients.create": "identity.accounts",
    "settings.clients.edit": "identity.accounts",
    "settings.clients.rotate": "identity.accounts",
    "settings.clients.disable": "identity.accounts",
    "settings.clients.enable": "identity.accounts",
    "settings.operators.index": "identity.read",
    "settings.operators.remove_factors": "identity.accounts",
    "settings.operators.create": "identity.accounts",
    "settings.operators.edit": "identity.accounts",
    "settings.operators.invite": "identity.access",
    "settings.operators.disable": "identity.accounts",
    "settings.operators.enable": "identity.accounts",
}


def can(page: str) -> bool:
    """Whether this operator may use a page, such as "contacts.edit"."""
    needed = NEEDED.get(page)
    return needed is None or bool(g.person.may(needed))


def check() -> None:
    """Answer as for a page that does not exist when it is not for this operator."""
    if not can((request.endpoint or "").removeprefix("console.")):
        raise NotFound("not for this operator")
