"""What the token endpoint reads, and the discovery document."""

from __future__ import annotations

from collections.abc import Sequence

from recapito.identity.v1 import tokens_pb2

from services.identity.domain.clients import OPENID_SCOPES, Credentials


def credentials(given: tokens_pb2.IssueTokenRequest | tokens_pb2.RevokeTokenRequest) -> Credentials:
    if isinstance(given, tokens_pb2.RevokeTokenRequest):
        return Credentials(given.client_id, given.client_secret)
    return Credentials(given.client_id, given.client_secret, given.client_assertion_type, given.client_assertion)


def discovery(issuer: str, portal_url: str, grants: Sequence[str]) -> dict[str, object]:
    """Return the discovery document of OpenID Connect. Customers' people sign in at its authorization endpoint, operators at the other."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{portal_url}/area/authorize",
        "operator_authorization_endpoint": f"{portal_url}/console/authorize",
        "token_endpoint": f"{issuer}/oauth2/token",
        "revocation_endpoint": f"{issuer}/oauth2/revoke",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "scopes_supported": list(OPENID_SCOPES),
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "email", "name", "locale"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(grants),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["Ed25519"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": ["Ed25519", "EdDSA", "ES256", "PS256", "RS256"],
        "authorization_response_iss_parameter_supported": True,
    }
