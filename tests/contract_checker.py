"""Checks an HTTP answer, or a notification, against the portal's contract in this repository.

A status must be listed for the operation or be one that any operation may give
(x-common-responses); a body must fit the schema of its status and media type. OpenAPI 3.0's
`nullable` is honoured, and so are values that an enum forgot (x-undeclared-values). The
contract's own note allows `errors` to be an object (field path -> messages), which two of its
examples are, although the schema says a list of strings.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml
from openapi_schema_validator import OAS30Validator, oas30_format_checker

CONTRACT = Path(__file__).parent.parent / "docs/reference/docplanner/openapi.yaml"
PREFIX = "/api/v3/integration"
METHODS = ("get", "put", "post", "patch", "delete")


class Breach(AssertionError):
    """The answer is not one that the contract allows."""


@cache
def _document() -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = yaml.load(CONTRACT.read_text(), Loader=loader)
    _allow_undeclared(found)
    return found


def _allow_undeclared(node: Any) -> None:
    """Values that the source uses but forgot in its enum: three events have callbacks only."""
    if isinstance(node, list):
        for each in node:
            _allow_undeclared(each)
    elif isinstance(node, dict):
        if "x-undeclared-values" in node:
            node["enum"] = [*node["enum"], *node["x-undeclared-values"]]
        for each in node.values():
            _allow_undeclared(each)


def follow(node: dict[str, Any]) -> dict[str, Any]:
    """What a reference stands for; the node itself if it is none."""
    while "$ref" in node:
        found: Any = _document()
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def _whole(node: Any) -> Any:
    """A schema with every reference in its place: it is looked at thousands of times."""
    if isinstance(node, list):
        return [_whole(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {key: _whole(value) for key, value in follow(node).items()}


@cache
def _validator(schema: str) -> OAS30Validator:
    return OAS30Validator(_whole(json.loads(schema)), format_checker=oas30_format_checker)


class Contract:
    def __init__(self) -> None:
        self.document = _document()
        self._operations = [
            (self._pattern(path), method, operation)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
            if method in METHODS and path != "/{client-endpoint-url}"
        ]

    @staticmethod
    def _pattern(path: str) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(path)))

    def operation_ids(self) -> set[str]:
        return {operation["operationId"] for _pattern, _method, operation in self._operations}

    def operation_of(self, method: str, path: str) -> dict[str, Any]:
        """The operation of a request; a literal path wins over a templated one."""
        where = path.removeprefix(PREFIX)
        found = [
            operation
            for pattern, its_method, operation in self._operations
            if its_method == method.lower() and pattern.fullmatch(where)
        ]
        if not found:
            raise Breach(f"no operation {method} {where}")
        return found[0]

    def check(self, answer: httpx.Response) -> str:
        """The id of the operation that answered; raises Breach."""
        request = answer.request
        operation = self.operation_of(request.method, urlsplit(str(request.url)).path)
        listed = self._response(operation, answer.status_code)
        name = f"{operation['operationId']} {answer.status_code}"
        content = listed.get("content")
        if not content:
            self._check_bare(name, answer)
        else:
            media_type = answer.headers.get("content-type")
            if media_type not in content:
                raise Breach(f"{name}: {media_type} is not {' or '.join(content)}")
            self.check_schema(name, answer.json(), content[media_type]["schema"])
        limited = answer.headers.get("x-ratelimit-remaining") == "0"  # the common 429, not its own
        for header in listed.get("headers", {}):
            of_limiter = header.startswith("X-RateLimit")  # absent when the limiter is off
            if header not in answer.headers and not of_limiter and not limited:
                raise Breach(f"{name}: header {header} is missing")
        return operation["operationId"]

    def _response(self, operation: dict[str, Any], status: int) -> dict[str, Any]:
        common = self.document["x-common-responses"]
        listed = operation["responses"].get(str(status)) or common.get(str(status))
        if listed is None and status >= 500:
            listed = common["5XX"]
        if listed is None:
            raise Breach(f"{operation['operationId']}: status {status} is not listed")
        return self._follow(listed)

    def _follow(self, node: dict[str, Any]) -> dict[str, Any]:
        return follow(node)

    def _check_bare(self, name: str, answer: httpx.Response) -> None:
        """Success without a schema has no body; an error without one may carry the usual body."""
        if answer.is_success and answer.content:
            raise Breach(f"{name}: a body where none is documented")
        if answer.content:
            self.check_schema(name, answer.json(), {"$ref": "#/components/schemas/Error"})

    def check_schema(self, name: str, body: Any, schema: dict[str, Any]) -> None:
        if schema == {"$ref": "#/components/schemas/Error"}:
            body = self._errors_as_list(body)
        found = _validator(json.dumps(schema)).iter_errors(body)
        wrong = [f"{error.json_path}: {error.message}" for error in found]
        if wrong:
            raise Breach(f"{name}: {'; '.join(wrong)}")

    @staticmethod
    def _errors_as_list(body: Any) -> Any:
        errors = body.get("errors") if isinstance(body, dict) else None
        if not isinstance(errors, dict):
            return body
        return body | {"errors": [text for texts in errors.values() for text in texts]}

    def check_notification(self, body: dict[str, Any]) -> None:
        """A pushed or pulled notification against the payload schema of its event."""
        if set(body) != {"name", "data", "created_at"}:
            raise Breach(f"a notification has name, data and created_at, not {sorted(body)}")
        schemas = self.document["x-notification-schemas"]
        if body["name"] not in schemas:
            raise Breach(f"unknown event {body['name']}")
        self.check_schema(body["name"], body, schemas[body["name"]])
        self.check_examples_parts(body)

    def check_examples_parts(self, body: dict[str, Any]) -> None:
        """Every schema leaves all properties optional: the parts of the example must be there."""
        for example in self.document["components"]["examples"].values():
            value = example["value"]
            if value.get("name") == body["name"]:
                missing = value["data"].keys() - body["data"].keys()
                if missing:
                    raise Breach(f"{body['name']}: {', '.join(sorted(missing))} missing")

    def example(self, name: str) -> Any:
        return self.document["components"]["examples"][name]["value"]
