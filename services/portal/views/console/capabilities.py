"""The capabilities of operators in plain words, in the order of every page that shows them; Italian is the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.portal.views.i18n import N_


@dataclass(frozen=True)
class Capability:
    """id: as the access rules of the contract name it. title: what its holder may do. hint: what else that means; "" for nothing."""

    id: str
    title: str
    hint: str = ""


CAPABILITIES: Mapping[str, tuple[Capability, ...]] = {
    N_("Clienti e contatti"): (
        Capability("contacts.read", N_("Vedere clienti e contatti")),
        Capability("contacts.write", N_("Creare e modificare clienti e contatti"), N_("Anche permessi, notifiche e accesso al portale.")),
        Capability("contacts.delete", N_("Eliminare contatti")),
        Capability(
            "contacts.anonymize",
            N_("Anonimizzare contatti"),
            N_("Cancella i dati della persona in tutto Recapito: non si torna indietro. Può anche scaricarli."),
        ),
        Capability(
            "contacts.see_all",
            N_("Vedere tutti i gruppi"),
            N_("Toglie il limite dei gruppi. Da sola non permette nulla: serve anche una facoltà per vedere."),
        ),
        Capability("contacts.notes", N_("Leggere le note su clienti e contatti")),
        Capability("contacts.notes.write", N_("Scrivere note"), N_("E cambiare o eliminare le proprie.")),
        Capability("contacts.notes.others", N_("Cambiare ed eliminare le note degli altri")),
        Capability(
            "contacts.import",
            N_("Importare contatti da un file"),
            N_("Crea e modifica contatti e clienti, anche molti insieme."),
        ),
        Capability("contacts.export", N_("Esportare i contatti in un file"), N_("Solo quelli che può vedere.")),
        Capability("contacts.settings", N_("Gestire organizzazione, gruppi, ruoli dei contatti e valori iniziali")),
    ),
    N_("Fatture e pagamenti"): (
        Capability("documents.read", N_("Vedere fatture e pagamenti")),
        Capability("documents.write", N_("Preparare, modificare ed eliminare bozze di fattura")),
        Capability("documents.issue", N_("Emettere fatture"), N_("La fattura riceve il numero e non si cambia più.")),
        Capability("documents.payments", N_("Registrare pagamenti")),
        Capability("documents.settings", N_("Gestire i dati di chi emette, l’IBAN e la numerazione")),
    ),
    N_("Email"): (
        Capability("notifications.read", N_("Vedere le email, chi le riceve e perché")),
        Capability("notifications.send", N_("Scegliere a chi inviare")),
        Capability("notifications.settings", N_("Decidere se le email possono dire quando sono state aperte")),
    ),
    N_("Accessi e operatori"): (
        Capability("identity.read", N_("Vedere operatori, ruoli e accessi")),
        Capability(
            "identity.access",
            N_("Aiutare le persone a entrare"),
            N_("Manda link, imposta una password provvisoria, chiude le sessioni, spiega perché qualcuno non entra."),
        ),
        Capability(
            "identity.accounts",
            N_("Gestire operatori e ruoli"),
            N_("Nessuno può dare una facoltà che non ha."),
        ),
        Capability("identity.policies", N_("Scrivere e pubblicare l’informativa sulla privacy")),
        Capability("identity.settings", N_("Decidere come si entra")),
        Capability("identity.audit", N_("Vedere il registro di chi ha fatto che cosa")),
    ),
}
