"""The network policies allow exactly the flows of files/catalogue.yaml; routes send each path to who answers it."""

from __future__ import annotations

from collections.abc import Iterator

from services.gateway.wire.contract import contract
from tests.chart.rendering import CATALOGUE, Object, of_kind

COMPONENT = "app.kubernetes.io/component"
GRPC, HTTP, ADMIN = (CATALOGUE["ports"][name] for name in ("grpc", "http", "admin"))


def rules(policy: Object, direction: str) -> Iterator[tuple[int, set[str]]]:
    """Give each port with the components that may use it; "anyone" where no peer is named."""
    for rule in policy["spec"].get(direction, []):
        peers = rule.get("from" if direction == "ingress" else "to")
        named = {peer.get("podSelector", {}).get("matchLabels", {}).get(COMPONENT, "others") for peer in peers} if peers else {"anyone"}
        for port in rule["ports"]:
            yield port["port"], named


def test_without_a_rule_nothing_goes_in_or_out() -> None:
    policies = of_kind("minimal", "NetworkPolicy")
    default = policies["default"]["spec"]
    assert default["policyTypes"] == ["Ingress", "Egress"]
    assert default["podSelector"]["matchLabels"].keys() == {"app.kubernetes.io/name", "app.kubernetes.io/instance"}, (
        "every pod of the release"
    )
    assert list(rules(policies["default"], "ingress")) == [(ADMIN, {"anyone"})]
    assert list(rules(policies["default"], "egress")) == [(53, {"anyone"}), (53, {"anyone"})]


def test_calls_are_those_of_the_table_seen_from_both_ends() -> None:
    policies = of_kind("minimal", "NetworkPolicy")
    wanted = {(service, called) for service, entry in CATALOGUE["services"].items() for called in entry["calls"]}
    out = {
        (service, called)
        for service in CATALOGUE["services"]
        for port, named in rules(policies[service], "egress")
        for called in named
        if port == GRPC
    }
    into = {
        (caller, service)
        for service in CATALOGUE["services"]
        for port, named in rules(policies[service], "ingress")
        for caller in named
        if port == GRPC
    }
    assert out == into == wanted


def test_each_service_reaches_what_it_uses_and_nothing_else() -> None:
    ports = {"database": 5432, "broker": 5671, "mail": 587, "storage": 443}
    for service, entry in CATALOGUE["services"].items():
        used = {port for port, _ in rules(of_kind("minimal", "NetworkPolicy")[service], "egress")} - {GRPC}
        assert used == {ports[what] for what in entry["uses"] if what != "web"}, service
    with_providers = {port for port, _ in rules(of_kind("external-secrets", "NetworkPolicy")["identity"], "egress")}
    assert 443 in with_providers, "identity asks OpenID providers, when there are some"
    own_store = {port for port, _ in rules(of_kind("operators", "NetworkPolicy")["documents"], "egress")}
    assert {9000, 5672} <= {int(port) for port in own_store}


def test_peers_can_be_narrowed() -> None:
    policies = of_kind("tls", "NetworkPolicy")
    for service in CATALOGUE["services"]:
        assert all(named != {"anyone"} for direction in ("ingress", "egress") for _, named in rules(policies[service], direction)), service
    assert all(named == {"others"} for direction in ("ingress", "egress") for _, named in rules(policies["default"], direction))
    assert (HTTP, {"test", "others"}) in list(rules(policies["portal"], "ingress"))
    assert (GRPC, {"others"}) in list(rules(policies["contacts"], "ingress")), "what values add"
    assert of_kind("one-node", "NetworkPolicy") == {}


def backends(case: str) -> dict[tuple[str, str], str]:
    """Return the Service behind each host and path, from Ingresses or HTTPRoutes."""
    found = {}
    for ingress in of_kind(case, "Ingress").values():
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                found[rule["host"], path["path"]] = path["backend"]["service"]["name"]
    for route in of_kind(case, "HTTPRoute").values():
        for rule in route["spec"]["rules"]:
            found[route["spec"]["hostnames"][0], rule["matches"][0]["path"]["value"]] = rule["backendRefs"][0]["name"]
    return {where: name.removeprefix("r-recapito-").removeprefix("clienti-") for where, name in found.items()}


def behind(routes: dict[tuple[str, str], str], host: str, path: str) -> str:
    fitting = [prefix for at, prefix in routes if at == host and (path == prefix or path.startswith(prefix.rstrip("/") + "/"))]
    return routes[host, max(fitting, key=len)]


def test_every_path_of_the_contract_leads_to_the_gateway_and_pages_to_the_portal() -> None:
    paths = {route.path.text.replace("{name=", "").replace("}", "") for route in contract().routes}
    assert len(paths) > 100
    for case, api in (("one-node", "clienti.example.it"), ("gateway-api", "clienti.example.it"), ("tls", "api.example.it")):
        routes = backends(case)
        assert {behind(routes, api, path) for path in paths} == {"gateway"}
        for page in ("/", "/area/", "/console/", "/static/x.css"):
            assert behind(routes, "clienti.example.it", page) == "portal"


def test_the_console_may_have_an_allow_list_of_its_own() -> None:
    ingresses = of_kind("tls", "Ingress")
    allowed = "nginx.ingress.kubernetes.io/whitelist-source-range"
    assert allowed in ingresses["console"]["metadata"]["annotations"]
    assert allowed not in ingresses["web"]["metadata"]["annotations"]
    (path,) = ingresses["console"]["spec"]["rules"][0]["http"]["paths"]
    assert path["path"] == "/console"
    assert ingresses["web"]["spec"]["tls"] == ingresses["console"]["spec"]["tls"]
