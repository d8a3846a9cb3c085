"""The contract as the gateway needs it: routes, JSON <-> protobuf, and the OpenAPI document."""
