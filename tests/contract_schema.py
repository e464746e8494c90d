"""The portal's contract as a schema that schemathesis can walk.

The document says in prose, or under x- keys, what a walk must know: that is written here into a
copy of it. What may be sent (paths, parameters, bodies) stays as it is.
"""

from copy import deepcopy
from typing import Any

from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.openapi import from_dict
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks

from tests.contract_checker import METHODS, PREFIX, Contract

NOT_ROUTED = "/{client-endpoint-url}"  # our own address, which the portal pushes to
COMMON = ("401", "405", "429")  # any operation may answer these; 5xx is what must never come
ERRORS = {
    "anyOf": [
        {"type": "array", "items": {"type": "string"}},
        {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    ]
}
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
FAILURES = FailureGroup


def operations(app: Any) -> list[APIOperation]:
    """The 43 calls, to be made in process at `app`."""
    document = deepcopy(Contract().document)
    del document["paths"][NOT_ROUTED]
    document["servers"] = [{"url": f"http://sandbox.test{PREFIX}"}]
    for methods in document["paths"].values():
        for method in methods.keys() & set(METHODS):
            _add_common(document, methods[method]["responses"])
    schemas = document["components"]["schemas"]
    # x-note of Error: two examples carry an object where the schema says a list.
    schemas["Error"]["properties"]["errors"] = ERRORS
    # x-undeclared-values: three events have callbacks and no place in the list of names.
    name = schemas["Notification"]["properties"]["name"]
    name["enum"] += name["x-undeclared-values"]
    schema = from_dict(document)
    schema.app = app
    return [each.ok() for each in schema.get_all_operations()]


def _add_common(document: dict[str, Any], responses: dict[str, Any]) -> None:
    for status in COMMON:
        responses.setdefault(status, document["x-common-responses"][status])


def cases(operation: APIOperation, *, is_allowed: bool) -> SearchStrategy[Case]:
    """Requests that the contract allows, or ones that it forbids."""
    mode = GenerationMode.POSITIVE if is_allowed else GenerationMode.NEGATIVE
    return operation.as_strategy(generation_mode=mode)
