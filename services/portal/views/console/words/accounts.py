"""Words of accounts, links, policies and roles."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup
from recapito.identity.v1 import accounts_pb2, links_pb2, policies_pb2, roles_pb2

from services.portal.views import markdown
from services.portal.views.console.words.state import State
from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

_Link = links_pb2.Link
_Account = accounts_pb2.Account

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
OVERLAPS: dict[str, str] = {"0": N_("per niente: smette subito"), "1": N_("un’ora"), "24": N_("un giorno"), "168": N_("sette giorni")}
ROLES: dict[str, tuple[str, str]] = {
    "roles/administrator": (N_("Amministratore"), N_("Fa tutto, anche impostazioni e operatori.")),
    "roles/operator": (N_("Operatore"), N_("Lavora su clienti, contatti, fatture e invii.")),
    "roles/accountant": (N_("Contabile"), N_("Lavora su fatture e pagamenti.")),
    "roles/reader": (N_("Lettore"), N_("Vede e non cambia nulla.")),
    "roles/sees-all": (N_("Vede tutto"), N_("Non ha il limite dei gruppi; da solo non permette nulla.")),
}


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
