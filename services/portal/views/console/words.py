"""The words and colours of the states, reasons and choices that the console shows; Italian is the source, the catalogue has the English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.dates import format_date
from google.protobuf.message import Message
from markupsafe import Markup
from recapito.contacts.v1 import contact_roles_pb2, contacts_pb2, customers_pb2, groups_pb2, permissions_pb2
from recapito.documents.v1 import invoices_pb2, payments_pb2
from recapito.identity.v1 import accounts_pb2, links_pb2, policies_pb2, roles_pb2
from recapito.notifications.v1 import dispatches_pb2, messages_pb2
from recapito.type.v1 import type_pb2

from services.portal.views import markdown
from services.portal.views.formats import money_text, today
from services.portal.views.i18n import N_, language, locale, ngettext
from services.portal.views.i18n import gettext as _


@dataclass(frozen=True)
class State:
    """A word and the class of its colour; the word alone must say it."""

    text: str
    tone: str = ""

    @property
    def label(self) -> str:
        return _(self.text)


_Invoice = invoices_pb2.Invoice
_Message = messages_pb2.Message
_Decision = dispatches_pb2.Decision
_Link = links_pb2.Link
_Kind = customers_pb2.Customer
_Account = accounts_pb2.Account

MESSAGES: dict[int, State] = {
    _Message.QUEUED: State(N_("In coda")),
    _Message.CLAIMED: State(N_("In coda")),
    _Message.TRANSMITTING: State(N_("In partenza"), "info"),
    _Message.SENT: State(N_("Spedita"), "ok"),
    _Message.DEFERRED: State(N_("Rinviata"), "warn"),
    _Message.FAILED: State(N_("Non riuscita"), "bad"),
    _Message.UNCERTAIN: State(N_("Esito incerto"), "warn"),
    _Message.SUPPRESSED: State(N_("Non inviata")),
    _Message.CANCELLED: State(N_("Annullata")),
}
LINKS: dict[int, State] = {
    _Link.USABLE: State(N_("Valido"), "ok"),
    _Link.SPENT: State(N_("Usato")),
    _Link.EXPIRED: State(N_("Scaduto")),
    _Link.CANCELLED: State(N_("Annullato")),
}
LINK_PURPOSES: dict[int, str] = {
    _Link.SET_PASSWORD: N_("Link per creare la password"),
    _Link.RESET_PASSWORD: N_("Link per una nuova password"),
    _Link.INVITATION: N_("Invito"),
    _Link.MAGIC: N_("Link di accesso"),
    _Link.DISOWN: N_("Link per segnalare un accesso"),
}
ACCOUNTS: dict[int, State] = {
    _Account.INVITED: State(N_("Invitato"), "info"),
    _Account.ACTIVE: State(N_("Attivo"), "ok"),
    _Account.DISABLED: State(N_("Disattivato"), "bad"),
}
CLIENTS: dict[int, State] = {
    _Account.ACTIVE: State(N_("Attiva"), "ok"),
    _Account.DISABLED: State(N_("Disattivata"), "bad"),
}
POLICIES: dict[int, State] = {
    policies_pb2.Policy.DRAFT: State(N_("Bozza")),
    policies_pb2.Policy.CURRENT: State(N_("In vigore"), "ok"),
    policies_pb2.Policy.SUPERSEDED: State(N_("Sostituita")),
}
CUSTOMER_KINDS: dict[str, str] = {
    "COMPANY": N_("Azienda"),
    "PUBLIC_BODY": N_("Ente pubblico"),
    "ASSOCIATION": N_("Associazione"),
    "HOUSEHOLD": N_("Nucleo familiare"),
    "INDIVIDUAL": N_("Persona fisica"),
}
CATEGORIES: dict[str, str] = {
    "CLIENT": N_("Cliente"),
    "PROSPECT": N_("Potenziale cliente"),
    "SUPPLIER": N_("Fornitore"),
    "PARTNER": N_("Partner"),
    "MEMBER": N_("Socio"),
    "ASSISTED_PERSON": N_("Assistito"),
    "OTHER": N_("Altro"),
}
METHODS: dict[str, str] = {
    "BANK_TRANSFER": N_("Bonifico"),
    "CARD": N_("Carta"),
    "DIRECT_DEBIT": N_("Addebito diretto (SDD)"),
    "CASH": N_("Contanti"),
    "OTHER": N_("Altro"),
}
LANGUAGES: dict[str, str] = {"it": N_("Italiano"), "en": N_("Inglese")}
OVERLAPS: dict[str, str] = {"0": N_("per niente: smette subito"), "1": N_("un’ora"), "24": N_("un giorno"), "168": N_("sette giorni")}
DIRECTIONS: dict[str, str] = {"LTR": N_("da sinistra a destra"), "RTL": N_("da destra a sinistra")}
ROLES: dict[str, tuple[str, str]] = {
    "roles/administrator": (N_("Amministratore"), N_("Fa tutto, anche impostazioni e operatori.")),
    "roles/operator": (N_("Operatore"), N_("Lavora su clienti, contatti, fatture e invii.")),
    "roles/accountant": (N_("Contabile"), N_("Lavora su fatture e pagamenti.")),
    "roles/reader": (N_("Lettore"), N_("Vede e non cambia nulla.")),
    "roles/sees-all": (N_("Vede tutto"), N_("Non ha il limite dei gruppi; da solo non permette nulla.")),
}
# Sections of the portal, in the order of every table, with the notification types that point to them.
SECTIONS: dict[str, str] = {
    "invoices": N_("Fatture e note di credito"),
    "estimates": N_("Preventivi"),
    "contracts": N_("Contratti"),
    "proposals": N_("Proposte"),
    "support": N_("Assistenza"),
    "projects": N_("Progetti e attività"),
}
TYPES_OF_SECTION: dict[str, tuple[str, ...]] = {
    "invoices": ("invoice", "credit_note"),
    "estimates": ("estimate",),
    "contracts": ("contract",),
    "proposals": ("proposal",),
    "support": ("ticket",),
    "projects": ("project", "task"),
}
TYPES: dict[str, str] = {
    "invoice": N_("Fattura"),
    "credit_note": N_("Nota di credito"),
    "estimate": N_("Preventivo"),
    "proposal": N_("Proposta"),
    "contract": N_("Contratto"),
    "ticket": N_("Ticket"),
    "project": N_("Progetto"),
    "task": N_("Attività"),
}
_MANY: dict[str, str] = {  # the types in a line of text
    "invoice": N_("fatture"),
    "credit_note": N_("note di credito"),
    "estimate": N_("preventivi"),
    "proposal": N_("proposte"),
    "contract": N_("contratti"),
    "ticket": N_("ticket"),
    "project": N_("progetti"),
    "task": N_("attività"),
}
# Every kind of message below its type: those of no type are never stopped by a preference.
KINDS_OF_TYPE: dict[str, dict[str, str]] = {
    "invoice": {
        "invoice_issued": N_("Nuova fattura"),
        "invoice_due_reminder": N_("Promemoria di scadenza"),
        "invoice_overdue": N_("Fattura scaduta"),
        "invoice_payment_received": N_("Pagamento ricevuto"),
    },
    "credit_note": {"credit_note_issued": N_("Nuova nota di credito")},
    "estimate": {"estimate_available": N_("Nuovo preventivo"), "estimate_expiry_reminder": N_("Preventivo in scadenza")},
    "proposal": {"proposal_available": N_("Nuova proposta")},
    "contract": {
        "contract_available": N_("Nuovo contratto"),
        "contract_expiry_reminder": N_("Contratto in scadenza"),
        "contract_renewed": N_("Contratto rinnovato"),
    },
    "ticket": {
        "ticket_opened": N_("Ticket aperto"),
        "ticket_replied": N_("Nuova risposta a un ticket"),
        "ticket_updated": N_("Ticket aggiornato"),
        "ticket_closed": N_("Ticket chiuso"),
    },
    "project": {
        "project_assigned": N_("Nuovo progetto"),
        "project_updated": N_("Progetto aggiornato"),
        "project_file_uploaded": N_("Nuovo file in un progetto"),
    },
    "task": {"task_assigned": N_("Nuova attività"), "task_updated": N_("Attività aggiornata")},
}
_OTHER_KINDS: dict[str, str] = {
    "welcome": N_("Benvenuto"),
    "access_data": N_("Dati di accesso"),
    "set_password": N_("Crea la password"),
    "password_reset_requested": N_("Nuova password chiesta dalla persona"),
    "password_reset_by_operator": N_("Nuova password inviata da un operatore"),
    "password_changed": N_("Password cambiata"),
    "second_factor_changed": N_("Verifica in due passaggi modificata"),
    "new_sign_in": N_("Nuovo accesso"),
    "access_reported": N_("Accesso segnalato"),
    "operator_invited": N_("Invito a un operatore"),
    "sign_in_link": N_("Link di accesso"),
    "privacy_policy_updated": N_("Informativa sulla privacy aggiornata"),
}
_KINDS: dict[str, str] = {kind: title for kinds in KINDS_OF_TYPE.values() for kind, title in kinds.items()} | _OTHER_KINDS
_TYPE_OF_KIND: dict[str, str] = {kind: type_ for type_, kinds in KINDS_OF_TYPE.items() for kind in kinds}

# The recommended sets (R-NOT-17): all types not named are off.
PROFILES: dict[str, tuple[str, frozenset[str]]] = {
    "finance": (N_("Amministrazione"), frozenset({"invoice", "credit_note", "contract"})),
    "technical": (N_("Tecnico"), frozenset({"project", "task", "ticket"})),
    "management": (N_("Direzione"), frozenset({"estimate", "proposal", "contract"})),
}


@dataclass(frozen=True)
class Reason:
    """Why one person is told or not: a few words, what can be done, and the rule of the panel that decided."""

    text: str
    rule: int
    hint: str = ""


REASONS: dict[int, Reason] = {
    _Decision.SKIP_CONTACT_DELETED: Reason(N_("Contatto eliminato"), 1),
    _Decision.SKIP_CONTACT_ANONYMIZED: Reason(N_("Contatto reso anonimo"), 1),
    _Decision.SKIP_NOT_OF_CUSTOMER: Reason(N_("Non agisce per questo cliente"), 2, N_("Collega la persona al cliente")),
    _Decision.SKIP_ALREADY_TOLD: Reason(N_("Già avvisato di questo fatto"), 2),
    _Decision.SKIP_MAILBOX_NOT_NEEDED: Reason(N_("Casella del cliente non usata: ci sono contatti"), 3),
    _Decision.SKIP_MAILBOX_NOT_FOR_TYPE: Reason(
        N_("La casella del cliente riceve solo preventivi, fatture e ricevute"), 3, N_("Aggiungi un contatto")
    ),
    _Decision.SKIP_NO_ADDRESS: Reason(N_("Senza email"), 4, N_("Aggiungi l’indirizzo")),
    _Decision.SKIP_ADDRESS_SUPPRESSED: Reason(N_("Indirizzo bloccato: posta respinta"), 4, N_("Correggi l’indirizzo")),
    _Decision.SKIP_TEMPLATE_DISABLED: Reason(N_("Modello disattivato per tutti"), 5),
    _Decision.SKIP_TASK_WITHOUT_PROJECT: Reason(N_("Attività senza progetto del cliente"), 5),
    _Decision.SEND_CUSTOMER_MAILBOX: Reason(N_("Casella del cliente, nessun contatto"), 6, N_("Aggiungi un contatto")),
    _Decision.SKIP_NOT_ON_TICKET: Reason(N_("Non ha aperto né segue il ticket"), 7),
    _Decision.SKIP_TICKET_BLOCK: Reason(N_("Blocco automatico sui ticket"), 7, N_("Togli il blocco")),
    _Decision.SKIP_EVENT_OFF: Reason(N_("Questo avviso è spento"), 8, N_("Accendi l’avviso")),
    _Decision.SEND_EVENT_ON: Reason(N_("Questo avviso è attivo"), 8),
    _Decision.SKIP_PREFERENCE_OFF: Reason(N_("Notifica «%(type)s» spenta"), 9, N_("Accendi la notifica")),
    _Decision.SEND_PREFERENCE_ON: Reason(N_("Notifica «%(type)s» attiva"), 9),
    _Decision.SKIP_WELCOME_NOT_WANTED: Reason(N_("Benvenuto non voluto alla creazione"), 6),
    _Decision.SKIP_ENTRY_CLOSED: Reason(N_("Non può entrare nel portale"), 6, N_("Controlla l’accesso")),
    _Decision.SEND_WELCOME: Reason(N_("Benvenuto a un nuovo contatto"), 7),
    _Decision.SEND_OPERATOR_ACTION: Reason(N_("Chiesto da un operatore"), 7),
    _Decision.SEND_OWN_ACTION: Reason(N_("Chiesto dalla persona"), 7),
    _Decision.SEND_MANDATORY: Reason(N_("Comunicazione obbligatoria"), 7),
}
# The panel «Come si decide»: the first rule that fits decides. Grouped as people think of them; the order is that of the reasons.
RULES: tuple[str, ...] = (
    N_("Contatto eliminato o anonimo: no"),
    N_("Di un altro cliente, o già avvisato: no"),
    N_("Casella del cliente non prevista: no"),
    N_("Senza email o indirizzo bloccato: no"),
    N_("Modello spento, attività senza progetto: no"),
    N_("Cliente senza contatti: sì, alla sua casella"),
    N_("Estraneo al ticket, o blocco sui ticket: no"),
    N_("Scelta per questo avviso: sì o no"),
    N_("Scelta per il tipo: sì o no"),
)
ACCOUNT_RULES: tuple[str, ...] = (
    *RULES[:2],
    RULES[2],
    *RULES[3:5],
    N_("Benvenuto non voluto, accesso chiuso: no"),
    N_("Accesso, sicurezza e obblighi di legge: sì"),
)
WARNINGS: dict[int, str] = {
    contacts_pb2.Affiliation.NOTIFICATION_WITHOUT_PERMISSION: N_("Riceve email di una sezione che non può aprire nel portale."),
    contacts_pb2.Affiliation.NOTIFICATION_WITHOUT_EMAIL: N_("Ha notifiche attive ma nessuna email: non parte nulla."),
}
# Sentences of the timeline: %(title)s is the number or title of what it is about.
ACTIVITIES: dict[str, tuple[str, bool]] = {  # type of event -> sentence, and whether the person did it
    "recapito.identity.session.opened.v1": (N_("Accesso al portale"), True),
    "recapito.identity.policy.accepted.v1": (N_("Informativa sulla privacy accettata"), True),
    "recapito.documents.invoice.viewed.v1": (N_("Fattura %(title)s vista"), True),
    "recapito.documents.invoice.issued.v1": (N_("Fattura %(title)s emessa"), False),
    "recapito.notifications.message.sent.v1": (N_("Email spedita: %(title)s"), False),
    "recapito.contacts.primary_contact.changed.v1": (N_("Cambiato il contatto principale"), False),
}
ERRORS: dict[str, str] = {
    "REQUIRED": N_("Questo campo è obbligatorio"),
    "EMAIL_TAKEN": N_("L’email è già di un altro contatto: cercalo e collegalo, oppure cambia indirizzo"),
    "EMAIL_REQUIRED": N_("Con l’accesso o le notifiche attive serve un’email"),
    "STRING_EMAIL": N_("L’email non è completa. Esempio: nome@azienda.it"),
    "EMAIL_MALFORMED": N_("L’email non è completa. Esempio: nome@azienda.it"),
    "STRING_MAX_LEN": N_("Il testo è troppo lungo"),
    "STRING_PATTERN": N_("Il valore non ha la forma giusta"),
    "CONTROL_CHARACTER": N_("Il testo contiene caratteri invisibili: riscrivilo a mano"),
    "PHONE_INVALID": N_("Il numero non è completo. Esempio: +39 345 123 4567"),
    "VAT_NUMBER_INVALID": N_("La partita IVA non è valida: servono 11 cifre con quella di controllo giusta"),
    "TAX_CODE_INVALID": N_("Il codice fiscale non è valido: ricopialo dal documento"),
    "IBAN_INVALID": N_("L’IBAN non è valido: ricopialo"),
    "PERIOD_REVERSED": N_("Il periodo finisce prima di cominciare"),
    "OUT_OF_RANGE": N_("Scrivi un numero tra 1 e 30"),
    "INT32_GTE_LTE": N_("Scrivi un numero tra 1 e 30"),
    "NUMBER_INVALID": N_("Scrivi un numero. Esempio: 1.234,50"),
    "DAYS_INVALID": N_("Scrivi un numero di giorni tra 0 e 365"),
    "CURRENCY_INVALID": N_("Servono tre lettere. Esempio: EUR"),
    "COUNTRY_INVALID": N_("Servono due lettere. Esempio: IT"),
    "DATE_INVALID": N_("La data non esiste"),
    "DATES_REVERSED": N_("Il periodo finisce prima di cominciare"),
    "DATE_IN_FUTURE": N_("La data è nel futuro"),
    "GROUP_UNKNOWN": N_("Il gruppo non c’è più"),
    "PLACE_INVALID": N_("Scrivi un numero da 0 a 999"),
    "CONTACT_ROLE_UNKNOWN": N_("Il ruolo non c’è più: scegline un altro"),
    "GROUP_NOT_YOURS": N_("Scegli almeno uno dei tuoi gruppi, altrimenti non lo vedresti più"),
    "PERCENT_INVALID": N_("Scrivi una percentuale tra 0 e 100"),
    "AMOUNT_TOO_LARGE": N_("L’importo è troppo grande"),
    "AMOUNT_TOO_FINE": N_("Al massimo due decimali"),
    "AMOUNT_NOT_POSITIVE": N_("Scrivi un importo maggiore di zero"),
    "CURRENCY_DIFFERS": N_("La valuta non è quella della fattura"),
    "INVOICE_TOTAL_NEGATIVE": N_("Il totale della fattura è negativo"),
    "VAT_EXEMPTION_CODE_MISSING": N_("Con IVA 0 serve la natura, per esempio N4"),
    "VAT_EXEMPTION_CODE_UNEXPECTED": N_("La natura si indica solo con IVA 0"),
    "FOREIGN_TAX_ID_INVALID": N_("Il codice non ha la forma del paese indicato"),
    "SDI_CODE_INVALID": N_("Il codice destinatario ha 7 caratteri, 6 per gli enti pubblici"),
    "TIME_ZONE_UNKNOWN": N_("Fuso orario sconosciuto. Esempio: Europe/Rome"),
    "FORMAT_INVALID": N_("Servono {year} e {number}, per esempio INV-{year}-{number:6}"),
    "ROLE_UNKNOWN": N_("Il ruolo non esiste"),
    "REDIRECT_URI_INVALID": N_(
        "Ogni indirizzo comincia con https e non ha #; con http vale solo il proprio computer, come http://127.0.0.1:8000"
    ),
    "KEY_SET_INVALID": N_("Non sono chiavi pubbliche che accettiamo: serve un insieme JWK con Ed25519, P-256 o RSA da 2048 bit"),
    "KEY_IS_PRIVATE": N_("Qui c’è una chiave privata: togli le chiavi private e creane una nuova, perché questa è stata mostrata"),
    "POLICY_INCOMPLETE": N_("Manca il testo in una delle due lingue"),
    "HTML_NOT_ALLOWED": N_("Il testo contiene HTML: usa solo Markdown"),
    "PASSWORD_TOO_LONG": N_("La password è troppo lunga"),
    "TOO_MANY_REQUESTS": N_("Troppe richieste: riprova tra qualche minuto"),
    "NAME_TAKEN": N_("Questo nome è già usato"),
    "NAME_INVALID": N_("La scelta non è più disponibile"),
    "GROUP_LOOP": N_("Un gruppo non può stare sotto se stesso"),
    "GROUP_NOT_EMPTY": N_("Il gruppo contiene ancora clienti o contatti: spostali, poi eliminalo"),
    "CONTACT_IS_PRIMARY": N_("È il contatto principale. Scegli prima un altro contatto principale"),
    "ALREADY_AFFILIATED": N_("La persona agisce già per questo cliente"),
    "HOME_CUSTOMER": N_("È il cliente di partenza della persona: non si può scollegare"),
    "INVOICE_NOT_DRAFT": N_("La fattura è già emessa e non si cambia più"),
    "INVOICE_EMPTY": N_("La fattura non ha voci"),
    "INVOICE_IS_DRAFT": N_("La fattura è ancora una bozza: emettila, poi registra il pagamento"),
    "CUSTOMER_TAX_DATA_MISSING": N_("Mancano i dati fiscali del cliente: completali, poi emetti la fattura"),
    "ISSUER_TAX_DATA_MISSING": N_("Mancano i dati di chi emette: completali in Impostazioni, Fatturazione"),
    "PAYMENT_EXCEEDS_BALANCE": N_("Il pagamento supera quanto resta da pagare"),
    "ROLE_IN_USE": N_("Qualcuno ha ancora questo ruolo: dagli prima un altro ruolo"),
    "ROLE_BUILT_IN": N_("Questo ruolo fa parte di Recapito e non si cambia: creane uno tuo"),
    "UNKNOWN_CAPABILITY": N_("Una delle facoltà non esiste più: ricarica la pagina"),
    "MORE_CAPABILITIES": N_("Servono facoltà che tu non hai: chiedi a chi le ha"),
    "MORE_GROUPS": N_("Servono gruppi che tu non vedi: chiedi a chi li vede"),
    "LAST_ADMINISTRATOR": N_("È l’ultimo amministratore: nominane prima un altro"),
    "PASSWORD_TOO_SHORT": N_("Servono almeno 12 caratteri"),
    "PASSWORD_TOO_COMMON": N_("È una password troppo comune"),
    "WRONG_PASSWORD": N_("La password non è giusta"),
    "WRONG_CREDENTIALS": N_("Email o password non corrispondono"),
    "POLICY_PUBLISHED": N_("Questa versione è pubblicata e non si cambia più: creane un’altra"),
    "NO_EMAIL": N_("La persona non ha un’email"),
    "ACCESS_CLOSED": N_("La persona non può entrare nel portale: attiva prima l’accesso"),
    "ETAG_MISMATCH": N_("Un’altra persona ha salvato nel frattempo. I dati scritti sono ancora qui: confronta e salva di nuovo"),
    "REQUEST_ID_REUSED": N_("Questa pagina è già stata inviata. Controlla e premi di nuovo"),
    "NOT_FRESH": N_("Per sicurezza scrivi di nuovo la tua password"),
}


# What a value of the wrong form should look like, by the beginning of its field.
_FORMS: dict[str, str] = {
    "email": "STRING_EMAIL",
    "certified_email": "STRING_EMAIL",
    "phone": "PHONE_INVALID",
    "quantity": "NUMBER_INVALID",
    "unit_price": "NUMBER_INVALID",
    "discount_percent": "NUMBER_INVALID",
    "vat_rate_percent": "NUMBER_INVALID",
    "amount": "NUMBER_INVALID",
    "payment_term_days": "DAYS_INVALID",
    "position": "PLACE_INVALID",
    "start_date": "DATE_INVALID",
    "end_date": "DATE_INVALID",
    "due_date": "DATE_INVALID",
    "receive_date": "DATE_INVALID",
    "currency_code": "CURRENCY_INVALID",
    "region_code": "COUNTRY_INVALID",
}


def error(reason: str, field: str = "") -> str:
    """Return the sentence of a reason code; a rule about the form of a value is said in terms of the field of the form."""
    wanted = _FORMS.get(field.partition("-")[0], "")
    if wanted and reason in {"STRING_PATTERN", "STRING_EMAIL", "INT32_GTE_LTE", ""}:
        reason = wanted
    return _(ERRORS.get(reason, N_("Il valore non è valido")))


def invoice_state(invoice: _Invoice) -> State:
    """Return the word of an invoice: being overdue counts more than having been sent."""
    if invoice.state == _Invoice.PARTIALLY_PAID:
        return State(N_("Parziale, scaduta"), "bad") if invoice.overdue else State(N_("Parziale"), "warn")
    if invoice.overdue:
        return State(N_("Scaduta"), "bad")
    return {
        _Invoice.ISSUED: State(N_("Da inviare")),
        _Invoice.SENT: State(N_("Inviata"), "info"),
        _Invoice.PAID: State(N_("Pagata"), "ok"),
    }.get(invoice.state, State(N_("Bozza")))


def message_state(state: int) -> State:
    return MESSAGES.get(state, State(N_("In coda")))


def kind(name: str) -> str:
    """Return the title of a kind of message."""
    return _(_KINDS[name]) if name in _KINDS else name.replace("_", " ")


def notification_type(kind_name: str) -> str:
    """Return the word of the type that a kind belongs to; empty when no preference stops it."""
    type_ = _TYPE_OF_KIND.get(kind_name)
    return _(TYPES[type_]) if type_ else ""


def listed(names: Iterable[str]) -> str:
    """Return types and kinds in one line: "Fatture, contratti"."""
    line = ", ".join(_(_MANY[name]) if name in _MANY else kind(name) for name in names)
    return line[:1].upper() + line[1:]


def reason(decision: _Decision, kind_name: str) -> str:
    known = REASONS.get(decision.reason)
    return _(known.text, type=notification_type(kind_name)) if known else _Decision.Reason.Name(decision.reason)


def rules_of(kind_name: str) -> tuple[str, ...]:
    """Return the rules of the panel for this kind, in order."""
    return RULES if kind_name in _TYPE_OF_KIND else ACCOUNT_RULES


def activity(entry: contacts_pb2.Activity) -> str:
    """Return what a person did or got, in words; of an event unknown here, what it is about."""
    if entry.kind not in ACTIVITIES:
        return entry.title or entry.kind
    return _(ACTIVITIES[entry.kind][0], title=_(_KINDS[entry.title]) if entry.title in _KINDS else entry.title)


def mode_name(mode: int) -> str:
    return permissions_pb2.Permissions.Mode.Name(permissions_pb2.Permissions.Mode.ValueType(mode))


def method_name(payment: payments_pb2.Payment) -> str:
    return _(METHODS.get(payments_pb2.Payment.Method.Name(payment.method), N_("Altro")))


# --- what templates ask ---------------------------------------------------------------------------------------------------------------
MOVING = frozenset({_Message.QUEUED, _Message.CLAIMED, _Message.TRANSMITTING})
TROUBLED = frozenset({_Message.FAILED, _Message.UNCERTAIN})
_ADVICE: dict[int, str] = {
    _Message.FAILED: N_(
        "Il server di posta non l’ha accettata e non ci saranno altri tentativi: leggi la risposta e correggi l’indirizzo."
    ),
    _Message.UNCERTAIN: N_(
        "Il server di posta non ha risposto dopo l’ultimo byte: forse è partita, forse no. Chiedi alla persona prima di rimandarla."
    ),
    _Message.SUPPRESSED: N_("Non è stata inviata: %(reason)s."),
}
_POINTS: dict[int, str] = {
    contacts_pb2.ContactPoint.EMAIL: N_("Email secondaria"),
    contacts_pb2.ContactPoint.PHONE: N_("Telefono"),
    contacts_pb2.ContactPoint.MOBILE: N_("Cellulare"),
    contacts_pb2.ContactPoint.CERTIFIED_EMAIL: N_("PEC"),
}
_YOUNG = timedelta(minutes=2)


def translated(choices: Mapping[str, str]) -> dict[str, str]:
    return {value: _(text) for value, text in choices.items()}


def group_options(groups: Iterable[groups_pb2.Group], *, full: bool = False) -> dict[str, str]:
    """Return groups as choices: by the id that stands in an address, or by the full name."""
    return {group.name if full else group.name.rsplit("/", 1)[-1]: group.display_name for group in groups}


def group_names(names: Iterable[str], groups: Iterable[groups_pb2.Group]) -> str:
    """Return the names of the groups that this operator may see."""
    known = {group.name: group.display_name for group in groups}
    return ", ".join(sorted(known[name] for name in names if name in known))


def contact_role(role: contact_roles_pb2.ContactRole) -> str:
    return (role.label_en if language() == "en" else "") or role.label_it


def contact_role_options(roles: Iterable[contact_roles_pb2.ContactRole], *, full: bool = False) -> dict[str, str]:
    """Return roles as choices: by the id that stands in an address, or by the full name."""
    return {role.name if full else role.name.rsplit("/", 1)[-1]: contact_role(role) for role in roles}


def contact_role_name(name: str, roles: Iterable[contact_roles_pb2.ContactRole]) -> str:
    return next((contact_role(role) for role in roles if role.name == name), "")


def customer_kind(customer: _Kind) -> str:
    return _(CUSTOMER_KINDS.get(_Kind.Kind.Name(customer.kind), N_("Cliente")))


def category(value: _Kind.Category.ValueType) -> str:
    return _(CATEGORIES.get(_Kind.Category.Name(value), N_("Altro")))


def categories(customer: _Kind) -> str:
    return ", ".join(category(value) for value in customer.categories)


def facts_of(customer: _Kind) -> list[str]:
    """Return what tells a customer from another of the same name: tax ids and address."""
    tax = customer.tax_identity
    codes = f"{_('P. IVA')} {tax.vat_number}" if tax.vat_number else f"{_('C.F.')} {tax.tax_code}" if tax.tax_code else ""
    return [fact for fact in (codes, address(tax.address)) if fact]


def address(place: type_pb2.PostalAddress) -> str:
    town = " ".join(part for part in (place.postal_code, place.city) if part)
    if place.province:
        town = f"{town} ({place.province})".strip()
    return ", ".join(part for part in (place.street, town, place.region_code if place.region_code not in {"", "IT"} else "") if part)


def language_name(code: str) -> str:
    return _(LANGUAGES.get(code[:2], N_("Italiano")))


def direction_name(direction: int) -> str:
    name = "RTL" if direction == contacts_pb2.Contact.RTL else "LTR"
    return _(DIRECTIONS[name])


def access_state(contact: contacts_pb2.Contact, *, long: bool = False) -> State:
    """Return whether a contact may enter the portal today, as far as its card says; long: for a place without a heading."""
    access, day = contact.access, today().isoformat()
    if not access.enabled:
        return State(N_("Portale non attivo") if long else N_("Non attivo"))
    if access.end_date and access.end_date < day:
        return State(N_("Accesso scaduto") if long else N_("Scaduto"), "bad")
    if access.start_date and access.start_date > day:
        return State(N_("Accesso futuro") if long else N_("Dal giorno scelto"), "info")
    if not contact.HasField("last_access_time"):
        return State(N_("Invitato"), "info")
    return State(N_("Portale attivo") if long else N_("Attivo"), "ok")


def point_kind(point: contacts_pb2.ContactPoint) -> str:
    return _(_POINTS.get(point.kind, N_("Recapito")))


def warning(value: int) -> str:
    return _(WARNINGS.get(value, N_("Da verificare")))


def own_activity(entry: contacts_pb2.Activity) -> bool:
    """Whether the person did it, rather than the system or an operator."""
    return ACTIVITIES.get(entry.kind, ("", False))[1]


def part(message: Message, name: str) -> Any:
    """Return a field by its name."""
    return getattr(message, name)


def allowed(permissions: permissions_pb2.Permissions) -> dict[str, bool]:
    return {section: getattr(permissions, section) == permissions_pb2.Permissions.ALLOW for section in SECTIONS}


def positive(amount: str) -> bool:
    return _number(amount) > 0


def share(portion: str, whole: str) -> Decimal:
    """Return a share in whole percent; 0 of nothing."""
    total = _number(whole)
    return (_number(portion) * 100 / total).quantize(Decimal(1)) if total else Decimal(0)


def sums(invoices: Iterable[_Invoice]) -> list[str]:
    """Return what is owed on these invoices, one sum for each currency."""
    owed: dict[str, Decimal] = {}
    for invoice in invoices:
        owed[invoice.currency_code] = owed.get(invoice.currency_code, Decimal(0)) + _number(invoice.balance_amount)
    return [money_text(amount, currency) for currency, amount in sorted(owed.items())]


def month(first_day: str, *, year: bool = False) -> str:
    return str(format_date(date.fromisoformat(first_day), "MMM y" if year else "MMM", locale=locale()))


def young(invoice: _Invoice) -> bool:
    """Whether an invoice was issued so lately that its messages may still be on their way."""
    return invoice.HasField("issue_time") and datetime.now(UTC) - invoice.issue_time.ToDatetime(UTC) < _YOUNG


def line_labels(count: int) -> dict[str, str]:
    """Return how the summary of errors calls each field of the lines."""
    names = {
        "description": N_("descrizione"),
        "quantity": N_("quantità"),
        "unit": N_("unità"),
        "unit_price": N_("prezzo"),
        "discount_percent": N_("sconto"),
        "vat_rate_percent": N_("IVA"),
        "vat_exemption_code": N_("natura IVA"),
    }
    labels = {
        f"{name}-{number}": _("Voce %(number)s, %(field)s", number=number + 1, field=_(title))
        for number in range(count)
        for name, title in names.items()
    }
    return labels | {
        "due_date": _("Scadenza"),
        "currency_code": _("Valuta"),
        "notes": _("Note sul documento"),
        "internal_reference": _("Riferimento interno"),
    }


def is_send(decision: _Decision) -> bool:
    return decision.outcome == _Decision.SEND


def hint(decision: _Decision) -> str:
    """Return what can be done about a decision; empty for nothing."""
    known = REASONS.get(decision.reason)
    return _(known.hint) if known and known.hint else ""


def rule_number(decision: _Decision) -> int:
    known = REASONS.get(decision.reason)
    return known.rule if known else 0


def rule(reason_value: int, kind_name: str) -> str:
    """Return what one rule looks for, in the words of its outcome."""
    known = REASONS.get(reason_value)
    return _(known.text, type=notification_type(kind_name)) if known else _Decision.Reason.Name(_Decision.Reason.ValueType(reason_value))


def counts(dispatch: dispatches_pb2.Dispatch) -> list[tuple[State, int]]:
    """Return the messages of a dispatch by state, those that need somebody first."""
    by_state = {_Message.State.Value(name): count for name, count in dispatch.counts.items() if name in _Message.State.keys() and count}  # noqa: SIM118 - an enum wrapper
    return [(message_state(state), by_state[state]) for state in sorted(by_state, key=lambda state: (state not in TROUBLED, state))]


def told_counts(messages: Iterable[_Message]) -> str:
    """Return "2 spedite, 1 da controllare" of the messages that were to go out."""
    count = Counter(
        "sent" if message.state == _Message.SENT else "troubled" if message.state in TROUBLED else "open" for message in messages
    )
    parts = (
        ngettext("%(num)s email spedita", "%(num)s email spedite", count["sent"]) if count["sent"] else "",
        ngettext("%(num)s da controllare", "%(num)s da controllare", count["troubled"]) if count["troubled"] else "",
        ngettext("%(num)s in partenza", "%(num)s in partenza", count["open"]) if count["open"] else "",
    )
    return ", ".join(part for part in parts if part)


def message_advice(message: _Message) -> str:
    """Return what happened to an e-mail and what to do about it."""
    if not is_send(message.decision):
        return _(_ADVICE[_Message.SUPPRESSED], reason=reason(message.decision, message.kind))
    return _(_ADVICE.get(message.state, N_("Non serve fare nulla.")))


def link_purpose(purpose: int) -> str:
    return _(LINK_PURPOSES.get(purpose, N_("Link")))


def link_state(state: int) -> State:
    return LINKS.get(state, State(N_("Annullato")))


def is_usable(state: int) -> bool:
    return state == _Link.USABLE


def policy_state(state: int) -> State:
    return POLICIES.get(state, State(N_("Bozza")))


def is_draft_policy(policy: policies_pb2.Policy) -> bool:
    return policy.state == policies_pb2.Policy.DRAFT


def policy_text(policy: policies_pb2.Policy, code: str) -> Markup:
    return markdown.render(policy.text.en if code == "en" else policy.text.it)


def account_state(state: int) -> State:
    return ACCOUNTS.get(state, State(N_("Invitato"), "info"))


def client_state(state: int) -> State:
    return CLIENTS.get(state, State(N_("Mai usata"), "info"))


def is_invited(account: _Account) -> bool:
    return account.state == _Account.INVITED


def is_disabled(account: _Account) -> bool:
    return account.state == _Account.DISABLED


def role_name(role: roles_pb2.Role) -> str:
    return _(ROLES[role.name][0]) if role.name in ROLES else role.display_name


def role_hint(role: roles_pb2.Role) -> str:
    """Return what a built-in role is for; of the others only their holders know."""
    return _(ROLES[role.name][1]) if role.name in ROLES else ""


def role_options(roles: Iterable[roles_pb2.Role]) -> dict[str, str]:
    return {role.name: role_name(role) for role in roles}


def role_names(names: Iterable[str], roles: Iterable[roles_pb2.Role]) -> str:
    """Return the names of the roles that somebody has. roles: those that the reader may see, at least the ones that are not built in."""
    known = {name: _(said) for name, (said, _hint) in ROLES.items()} | role_options(roles)
    return ", ".join(known.get(name, "…") for name in names) or "—"


def _number(amount: str) -> Decimal:
    try:
        return Decimal(amount or 0)
    except InvalidOperation:
        return Decimal(0)
