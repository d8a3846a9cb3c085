"""What the audit says of a call, in words; a method without any stands by its own name."""

from __future__ import annotations

from recapito.identity.v1.audit_pb2 import AuditEntry

from services.portal.views.console.words import State
from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

SERVICES = {  # in the order of the groups on the page
    "contacts": N_("Contatti e clienti"),
    "documents": N_("Documenti"),
    "notifications": N_("Comunicazioni"),
    "identity": N_("Accessi e operatori"),
}
ACTS = {
    "recapito.contacts.v1.Contacts.CreateContact": N_("Nuovo contatto"),
    "recapito.contacts.v1.Contacts.UpdateContact": N_("Modifica di un contatto"),
    "recapito.contacts.v1.Contacts.SetOpenTracking": N_("Scelta sulle aperture delle email"),
    "recapito.contacts.v1.Contacts.DeleteContact": N_("Eliminazione di un contatto"),
    "recapito.contacts.v1.Contacts.MoveContact": N_("Spostamento di un contatto a un altro cliente"),
    "recapito.contacts.v1.Merges.MergeContact": N_("Unione di due contatti"),
    "recapito.contacts.v1.Merges.UndoMerge": N_("Annullamento di un’unione"),
    "recapito.contacts.v1.Erasures.AnonymizeContact": N_("Anonimizzazione di un contatto"),
    "recapito.contacts.v1.SubContacts.CreateSubContact": N_("Collegamento di una persona a un’altra"),
    "recapito.contacts.v1.SubContacts.UpdateSubContact": N_("Modifica di un legame tra persone"),
    "recapito.contacts.v1.SubContacts.DeleteSubContact": N_("Scollegamento di una persona da un’altra"),
    "recapito.contacts.v1.Affiliations.CreateAffiliation": N_("Collegamento di un contatto a un cliente"),
    "recapito.contacts.v1.Affiliations.UpdateAffiliation": N_("Modifica di permessi e avvisi"),
    "recapito.contacts.v1.Affiliations.BulkUpdateAffiliations": N_("Modifica in blocco di permessi e avvisi"),
    "recapito.contacts.v1.Affiliations.MakePrimary": N_("Scelta del contatto principale"),
    "recapito.contacts.v1.Affiliations.DeleteAffiliation": N_("Scollegamento di un contatto da un cliente"),
    "recapito.contacts.v1.Customers.CreateCustomer": N_("Nuovo cliente"),
    "recapito.contacts.v1.Customers.UpdateCustomer": N_("Modifica di un cliente"),
    "recapito.contacts.v1.Groups.CreateGroup": N_("Nuovo gruppo"),
    "recapito.contacts.v1.Groups.UpdateGroup": N_("Modifica di un gruppo"),
    "recapito.contacts.v1.Groups.DeleteGroup": N_("Eliminazione di un gruppo"),
    "recapito.contacts.v1.ContactRoles.CreateContactRole": N_("Nuovo ruolo dei contatti"),
    "recapito.contacts.v1.ContactRoles.UpdateContactRole": N_("Modifica di un ruolo dei contatti"),
    "recapito.contacts.v1.ContactRoles.DeleteContactRole": N_("Eliminazione di un ruolo dei contatti"),
    "recapito.contacts.v1.Fields.CreateField": N_("Nuovo campo personalizzato"),
    "recapito.contacts.v1.Fields.UpdateField": N_("Modifica di un campo personalizzato"),
    "recapito.contacts.v1.Fields.DeleteField": N_("Eliminazione di un campo personalizzato"),
    "recapito.contacts.v1.Leads.CreateLead": N_("Nuovo lead"),
    "recapito.contacts.v1.Leads.UpdateLead": N_("Modifica di un lead"),
    "recapito.contacts.v1.Leads.DeleteLead": N_("Eliminazione di un lead"),
    "recapito.contacts.v1.Erasures.AnonymizeLead": N_("Anonimizzazione di un lead"),
    "recapito.contacts.v1.Leads.ConvertLead": N_("Conversione di un lead in contatto"),
    "recapito.contacts.v1.Notes.CreateNote": N_("Nuova nota"),
    "recapito.contacts.v1.Notes.UpdateNote": N_("Modifica di una nota"),
    "recapito.contacts.v1.Notes.DeleteNote": N_("Eliminazione di una nota"),
    "recapito.contacts.v1.Views.CreateView": N_("Nuova vista salvata"),
    "recapito.contacts.v1.Views.UpdateView": N_("Modifica di una vista salvata"),
    "recapito.contacts.v1.Views.DeleteView": N_("Eliminazione di una vista salvata"),
    "recapito.contacts.v1.Views.SetDefaultView": N_("Scelta della vista iniziale"),
    "recapito.contacts.v1.Transfers.CreateImportJob": N_("Caricamento di un file da importare"),
    "recapito.contacts.v1.Transfers.UpdateImportJob": N_("Modifica di un’importazione"),
    "recapito.contacts.v1.Transfers.RunImportJob": N_("Avvio di un’importazione"),
    "recapito.contacts.v1.Transfers.CancelImportJob": N_("Arresto di un’importazione"),
    "recapito.contacts.v1.Transfers.DeleteImportJob": N_("Eliminazione di un’importazione"),
    "recapito.contacts.v1.Transfers.ExportContacts": N_("Esportazione di contatti"),
    "recapito.platform.v1.Privacy.ExportPersonalData": N_("Download dei dati di una persona"),
    "recapito.contacts.v1.Settings.UpdateContactsSettings": N_("Modifica delle impostazioni dei contatti"),
    "recapito.documents.v1.Invoices.CreateInvoice": N_("Nuova bozza di fattura"),
    "recapito.documents.v1.Invoices.UpdateInvoice": N_("Modifica di una fattura"),
    "recapito.documents.v1.Invoices.DeleteInvoice": N_("Eliminazione di una bozza di fattura"),
    "recapito.documents.v1.Invoices.IssueInvoice": N_("Emissione di una fattura"),
    "recapito.documents.v1.Payments.CreatePayment": N_("Registrazione di un pagamento"),
    "recapito.documents.v1.Settings.UpdateDocumentsSettings": N_("Modifica delle impostazioni di fatturazione"),
    "recapito.notifications.v1.Settings.UpdateNotificationsSettings": N_("Modifica delle impostazioni delle email"),
    "recapito.identity.v1.Sessions.CreateSession": N_("Accesso"),
    "recapito.identity.v1.Sessions.VerifySession": N_("Verifica in due passaggi"),
    "recapito.identity.v1.Sessions.DeleteSession": N_("Uscita"),
    "recapito.identity.v1.Sessions.RevokeSessions": N_("Chiusura di tutte le sessioni"),
    "recapito.identity.v1.Accounts.CreateAccount": N_("Nuovo operatore"),
    "recapito.identity.v1.Accounts.UpdateAccount": N_("Modifica di un operatore"),
    "recapito.identity.v1.Accounts.DisableAccount": N_("Disattivazione di un accesso"),
    "recapito.identity.v1.Accounts.EnableAccount": N_("Riattivazione di un accesso"),
    "recapito.identity.v1.Accounts.SetTemporaryPassword": N_("Password provvisoria"),
    "recapito.identity.v1.Accounts.ChangePassword": N_("Cambio di password"),
    "recapito.identity.v1.Accounts.RotateClientSecret": N_("Nuova chiave di un’applicazione"),
    "recapito.identity.v1.Factors.CreateFactor": N_("Inizio della verifica in due passaggi"),
    "recapito.identity.v1.Factors.ConfirmFactor": N_("Attivazione della verifica in due passaggi"),
    "recapito.identity.v1.Factors.DeleteFactor": N_("Rimozione della verifica in due passaggi"),
    "recapito.identity.v1.Factors.CreateRecoveryCodes": N_("Nuovi codici di riserva"),
    "recapito.identity.v1.Links.SendLink": N_("Invio di un link"),
    "recapito.identity.v1.Links.RequestLink": N_("Richiesta di un link"),
    "recapito.identity.v1.Links.RevokeLink": N_("Annullamento di un link"),
    "recapito.identity.v1.Links.RedeemPasswordLink": N_("Nuova password con un link"),
    "recapito.identity.v1.Links.DisownLink": N_("Segnalazione «Non sono io»"),
    "recapito.identity.v1.Roles.CreateRole": N_("Nuovo ruolo"),
    "recapito.identity.v1.Roles.UpdateRole": N_("Modifica di un ruolo"),
    "recapito.identity.v1.Roles.DeleteRole": N_("Eliminazione di un ruolo"),
    "recapito.identity.v1.Policies.CreatePolicy": N_("Nuova bozza dell’informativa sulla privacy"),
    "recapito.identity.v1.Policies.UpdatePolicy": N_("Modifica dell’informativa sulla privacy"),
    "recapito.identity.v1.Policies.DeletePolicy": N_("Eliminazione di una bozza dell’informativa sulla privacy"),
    "recapito.identity.v1.Policies.PublishPolicy": N_("Pubblicazione dell’informativa sulla privacy"),
    "recapito.identity.v1.Policies.AcceptPolicy": N_("Accettazione dell’informativa sulla privacy"),
    "recapito.identity.v1.Settings.UpdateIdentitySettings": N_("Modifica delle impostazioni di accesso"),
    "recapito.identity.v1.Tokens.IssueToken": N_("Accesso di un’applicazione"),
    "recapito.identity.v1.Tokens.RevokeToken": N_("Uscita di un’applicazione"),
    "recapito.identity.v1.Tokens.Authorize": N_("Autorizzazione di un’applicazione"),
}
REFUSALS = {  # by the reason; of the others only that they are
    "WRONG_CREDENTIALS": N_("indirizzo, password o codice errati"),
    "WRONG_PASSWORD": N_("password errata"),
    "WRONG_CODE": N_("codice errato"),
    "TOO_MANY_ATTEMPTS": N_("troppi tentativi"),
    "LINK_SPENT": N_("link già usato"),
    "LINK_EXPIRED": N_("link scaduto"),
    "LINK_CANCELLED": N_("link annullato"),
    "LINK_UNKNOWN": N_("link sconosciuto"),
    "NOT_ALLOWED": N_("permesso mancante"),
    "invalid_client": N_("applicazione non riconosciuta"),
    "NOT_FRESH": N_("password da confermare"),
}
FIELDS = {  # by the first part of their paths
    "access": N_("accesso al portale"),
    "administrators_need_second_factor": N_("verifica in due passaggi"),
    "block_ticket_email": N_("blocco email sui ticket"),
    "capabilities": N_("permessi"),
    "categories": N_("categorie"),
    "client": N_("applicazione"),
    "contact_points": N_("recapiti"),
    "contact_role": N_("ruolo"),
    "contacts_may_use_second_factor": N_("verifica in due passaggi"),
    "currency_code": N_("valuta"),
    "default_permissions": N_("permessi iniziali"),
    "default_preferences": N_("notifiche iniziali"),
    "direction": N_("direzione del testo"),
    "display_name": N_("nome"),
    "do_not_call": N_("non chiamare"),
    "due_date": N_("scadenza"),
    "email": N_("email"),
    "first_name": N_("nome"),
    "groups": N_("gruppi"),
    "iban": N_("IBAN"),
    "internal_reference": N_("riferimento interno"),
    "issuer": N_("chi emette"),
    "kind": N_("tipo"),
    "label_en": N_("nome"),
    "label_it": N_("nome"),
    "language_code": N_("lingua"),
    "last_name": N_("cognome"),
    "lines": N_("righe"),
    "magic_link_lifetime_days": N_("durata dei link di accesso"),
    "newsletter": N_("newsletter"),
    "notes": N_("note"),
    "open_tracking": N_("aperture delle email"),
    "organization_name": N_("nome dell’organizzazione"),
    "parent_group": N_("gruppo superiore"),
    "payment_term_days": N_("giorni per pagare"),
    "permissions": N_("permessi"),
    "phone": N_("telefono"),
    "pinned": N_("in evidenza"),
    "position": N_("posizione"),
    "preference_profiles": N_("profili di notifica"),
    "preferences": N_("notifiche"),
    "relation": N_("legame"),
    "reports_to": N_("a chi riporta"),
    "roles": N_("ruoli"),
    "self_service_reset": N_("nuova password da sé"),
    "series": N_("numerazione"),
    "tax_identity": N_("dati fiscali"),
    "text": N_("testo"),
    "time_zone": N_("fuso orario"),
    "version": N_("versione"),
}
RESULTS = {"ok": N_("Riuscite"), "refused": N_("Rifiutate")}
THINGS = {
    "accounts": N_("Accesso"),
    "contacts": N_("Contatto"),
    "customers": N_("Cliente"),
    "groups": N_("Gruppo"),
    "invoices": N_("Fattura"),
    "payments": N_("Pagamento"),
    "policies": N_("Informativa sulla privacy"),
    "roles": N_("Ruolo"),
    "settings": N_("Impostazioni"),
}


def act(entry: AuditEntry) -> str:
    """Return what was done."""
    return _(ACTS[entry.method]) if entry.method in ACTS else entry.method.rpartition(".")[2]


def fields(entry: AuditEntry) -> str:
    """Return what was changed, such as "nome, email"."""
    names = [path.partition(".")[0] for path in entry.changed_fields]
    return ", ".join(dict.fromkeys(_(FIELDS[name]) if name in FIELDS else name for name in names))


def acts() -> dict[str, dict[str, str]]:
    """Return the choices of the filter, by the name of their group."""
    return {
        _(title): {method: _(words) for method, words in ACTS.items() if method.startswith(f"recapito.{service}.")}
        for service, title in SERVICES.items()
        if any(method.startswith(f"recapito.{service}.") for method in ACTS)
    }


def result(entry: AuditEntry) -> State:
    return State(N_("Riuscita"), "ok") if entry.result == "OK" else State(N_("Rifiutata"), "bad")


def refusal(entry: AuditEntry) -> str:
    """Return why it was refused; "" when it was not, or nobody needs to know."""
    reason = entry.result.partition(" ")[2]
    return _(REFUSALS[reason]) if reason in REFUSALS else ""


def thing(resource: str) -> str:
    """Return the kind of a resource; "" of what is none of its own."""
    return _(THINGS[kind]) if (kind := resource.partition("/")[0]) in THINGS else ""
