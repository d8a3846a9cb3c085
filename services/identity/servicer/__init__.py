"""gRPC in: one servicer for each resource."""

from services.identity.servicer.accounts import Accounts
from services.identity.servicer.audit import Audit, refusals
from services.identity.servicer.factors import Factors
from services.identity.servicer.links import Links
from services.identity.servicer.policies import Policies
from services.identity.servicer.privacy import Privacy
from services.identity.servicer.roles import Roles
from services.identity.servicer.sessions import Sessions
from services.identity.servicer.settings import Settings
from services.identity.servicer.tokens import KeyRing, Tokens

__all__ = ["Accounts", "Audit", "Factors", "KeyRing", "Links", "Policies", "Privacy", "Roles", "Sessions", "Settings", "Tokens", "refusals"]
