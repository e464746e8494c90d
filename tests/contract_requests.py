"""Checks a request that we send against the portal's contract in this repository.

Path, declared parameters and their types, required ones, and the body's schema. A parameter or a
property that the contract does not know is a breach too: the portal's schemas never forbid one,
so a misspelt name would be ignored in silence. `with` may be spelt in each of the three ways that
sources give (behaviour.md section 2).
"""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from tests.contract_checker import METHODS, PREFIX, Breach, Contract


class RequestChecker:
    def __init__(self) -> None:
        self.contract = Contract()
        self._operations = [
            (path, method, operation, methods.get("parameters", ()))
            for path, methods in self.contract.document["paths"].items()
            for method, operation in methods.items()
            if method in METHODS and path != "/{client-endpoint-url}"
        ]

    def check(self, request: httpx.Request) -> str:
        """The id of the operation that is asked for; raises Breach."""
        operation, path_values, parameters = self._operation(request)
        name = operation["operationId"]
        query = self._with_commas(
            parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True)
        )
        self._check_query(name, query, parameters)
        for parameter in parameters:
            if parameter["in"] == "path":
                self._check_value(name, parameter, path_values[parameter["name"]])
        self._check_body(name, request, operation)
        if not request.headers.get("authorization", "").startswith("Bearer "):
            raise Breach(f"{name}: no bearer token")
        return name

    def _operation(self, request: httpx.Request) -> tuple[dict[str, Any], dict[str, str], list]:
        raw = request.url.raw_path.decode().split("?")[0].removeprefix(PREFIX)
        for path, method, operation, shared in self._operations:
            names = re.findall(r"{(.*?)}", path)
            pattern = re.sub(r"\\{.*?\\}", "([^/]+)", re.escape(path))
            found = re.fullmatch(pattern, raw)
            if found and method == request.method.lower():
                values = dict(zip(names, map(unquote, found.groups()), strict=True))
                parameters = [*shared, *operation.get("parameters", ())]
                return operation, values, [self.contract._follow(each) for each in parameters]
        raise Breach(f"no operation {request.method} {raw}")

    @staticmethod
    def _with_commas(query: list) -> list:
        """`with[]=a&with[]=b` and `with=a&b` as `with=a,b`."""
        scopes = [value for key, value in query if key in {"with", "with[]"}]
        scopes += [key for key, value in query if "." in key and not value]
        others = [(key, value) for key, value in query if "." not in key and key != "with[]"]
        others = [(key, value) for key, value in others if key != "with"]
        return others + ([("with", ",".join(scopes))] if scopes else [])

    def _check_query(self, name: str, query: list, parameters: list) -> None:
        declared = {each["name"]: each for each in parameters if each["in"] == "query"}
        given = dict(query)
        if len(given) < len(query):
            raise Breach(f"{name}: a parameter is given twice")
        unknown = given.keys() - declared.keys()
        missing = {key for key, each in declared.items() if each.get("required")} - given.keys()
        if unknown or missing:
            raise Breach(f"{name}: unknown {sorted(unknown)}, missing {sorted(missing)}")
        for key, value in given.items():
            self._check_value(name, declared[key], value)

    def _check_value(self, name: str, parameter: dict[str, Any], value: str) -> None:
        schema = parameter["schema"]
        typed: Any = value
        if schema["type"] == "array":  # style form, explode false: a,b
            typed = value.split(",")
        elif schema["type"] == "integer":
            typed = int(value) if re.fullmatch("-?[0-9]+", value) else value
        self.contract.check_schema(f"{name}: {parameter['name']}", typed, schema)

    def _check_body(self, name: str, request: httpx.Request, operation: dict[str, Any]) -> None:
        declared = operation.get("requestBody")
        if not request.content:
            if declared and declared.get("required"):
                raise Breach(f"{name}: a body is required")
            return
        if not declared:
            raise Breach(f"{name}: a body where none is documented")
        if request.headers["content-type"] != "application/json":
            raise Breach(f"{name}: the body is {request.headers['content-type']}")
        body = json.loads(request.content)
        schema = declared["content"]["application/json"]["schema"]
        self.contract.check_schema(name, body, schema)
        self._refuse_unknown(name, body, schema)

    def _refuse_unknown(self, where: str, body: Any, schema: dict[str, Any]) -> None:
        schema = self.contract._follow(schema)
        if isinstance(body, list):
            for each in body:
                self._refuse_unknown(where, each, schema.get("items", {}))
        if not isinstance(body, dict):
            return
        known = self._properties(schema)
        if body.keys() - known.keys():
            raise Breach(f"{where}: unknown {sorted(body.keys() - known.keys())}")
        for key, value in body.items():
            self._refuse_unknown(f"{where}.{key}", value, known[key])

    def _properties(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Also those of the alternatives: a nullable reference is one of two."""
        found = dict(schema.get("properties", {}))
        for each in schema.get("anyOf", ()):
            found |= self._properties(self.contract._follow(each))
        return found


class CheckedTransport(httpx.BaseTransport):
    """Lets through to a portal only what the contract knows, and back only what it allows.

    Whoever asks may swallow the breach, so it is kept as well. The token endpoint and the portal's
    public files are no part of the contract.
    """

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self._checker = RequestChecker()
        self.sent: list[str] = []  # operation ids, and "token"
        self.breaches: list[str] = []
        self.is_held_to_contract = True  # False: a test makes the portal break it

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith(PREFIX):
            self.sent.append("token" if "/oauth/" in request.url.path else request.url.path)
            return self._inner.handle_request(request)
        request.read()
        self.sent.append(self._held(self._checker.check, request))
        answer = self._inner.handle_request(request)
        answer.read()
        answer.request = request
        if self.is_held_to_contract:
            self._held(self._checker.contract.check, answer)
        return answer

    def notified(self, body: bytes) -> None:
        """Holds a pushed notification to the contract; what a fault script broke or renamed on
        purpose, and a ping, are none.
        """
        try:
            told = json.loads(body)
        except ValueError:
            return
        events = self._checker.contract.document["x-notification-schemas"]
        if self.is_held_to_contract and isinstance(told, dict) and told.get("name") in events:
            self._held(self._checker.contract.check_notification, told)

    def _held(self, check: Callable[[Any], Any], what: Any) -> Any:
        try:
            return check(what)
        except Breach as breach:
            self.breaches.append(str(breach))
            raise
