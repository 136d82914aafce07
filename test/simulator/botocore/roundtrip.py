"""Do botocore and the simulator's codec mean the same bytes? Every operation, requests and responses.

Usage: roundtrip.py URL. The server at URL decodes what botocore serialized (POST /decode) and encodes what botocore
will parse (POST /encode/SERVICE/OPERATION). Values travel as JSON with {"$date": seconds} and {"$blob": base64}.
Prints one JSON document.
"""

import base64
import datetime
import http.client
import json
import sys
import urllib.parse

import botocore
import botocore.exceptions
import botocore.parsers
import botocore.serialize
import botocore.session

SERVICES = {"ec2": "ec2", "ssm": "ssm", "tagging": "resourcegroupstaggingapi", "sts": "sts"}
# Deep enough for the deepest shape that is not recursive; recursive ones end here.
MAX_DEPTH = 12
AN_INSTANT = 1_790_000_000
# What XML, form encoding and JSON must escape, and text beyond one byte and beyond 16 bits.
AWKWARD = " <&>\"' +%=;/?#\\ é 𝄞 {{x}} "


def sample(shape, path, ancestors=()):
    """A value that fills every member of the shape; None where a recursive shape would go on for ever."""
    if shape.name in ancestors or len(ancestors) > MAX_DEPTH:
        return None
    kind = shape.type_name
    inside = ancestors + ((shape.name,) if kind == "structure" else ())
    if kind == "structure":
        members = {}
        for name, member in shape.members.items():
            value = sample(member, f"{path}.{name}", inside)
            if value is not None:
                members[name] = value
            if members and shape.is_tagged_union:
                break
        return members or None
    if kind == "list":
        values = [sample(shape.member, f"{path}.{i}", inside) for i in (1, 2)]
        return None if None in values else values
    if kind == "map":
        keys = (shape.key.enum or [f"key 1{AWKWARD}", "key 2"])[:2]
        values = {key: sample(shape.value, f"{path}.{i}", inside) for i, key in enumerate(keys)}
        return None if None in values.values() else values
    return scalar(shape, kind, path)


def scalar(shape, kind, path):
    if kind == "string":
        return shape.enum[0] if getattr(shape, "enum", None) else f"{path}{AWKWARD}"
    if kind == "boolean":
        return len(path) % 2 == 0
    if kind == "integer":
        return -len(path)
    if kind == "long":
        return 2**53 - 1
    if kind in ("float", "double"):
        return 0.25
    if kind == "timestamp":
        return datetime.datetime.fromtimestamp(AN_INSTANT, datetime.timezone.utc)
    if kind == "blob":
        return bytes(range(256))
    raise ValueError(f"no sample for {kind} at {path}")


def plain(value):
    """The value as JSON can carry it."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime.datetime):
        return {"$date": int(value.timestamp())}
    if isinstance(value, (bytes, bytearray)):
        return {"$blob": base64.b64encode(bytes(value)).decode()}
    return value


def difference(wanted, got, path=""):
    """Where two plain values differ, in words; None when they do not."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key in sorted(set(wanted) | set(got)):
            if key not in got:
                return f"{path}.{key} is missing"
            if key not in wanted:
                return f"{path}.{key} is too much"
            found = difference(wanted[key], got[key], f"{path}.{key}")
            if found:
                return found
        return None
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return next(filter(None, (difference(a, b, f"{path}.{i}") for i, (a, b) in enumerate(zip(wanted, got)))), None)
    return None if wanted == got and type(wanted) is type(got) else f"{path}: wanted {wanted!r}, got {got!r}"


class Server:
    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)

    def post(self, path, body, headers):
        self.connection.request("POST", path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def check_request(server, service, model, operation):
    wanted = sample(operation.input_shape, operation.name) if operation.input_shape else None
    serializer = botocore.serialize.create_serializer(model.resolved_protocol, include_validation=False)
    request = serializer.serialize_to_request(wanted or {}, operation)
    body = request["body"]
    if isinstance(body, dict):
        body = urllib.parse.urlencode(body).encode()
    scope = f"AWS4-HMAC-SHA256 Credential=key/20261121/us-west-2/{service}/aws4_request"
    status, _, reply = server.post("/decode", body, {**request["headers"], "authorization": scope})
    got = json.loads(reply)
    if status != 200:
        return str(got)
    if (got["service"], got["operation"]) != (service, operation.name):
        return f"taken for {got['service']}.{got['operation']}"
    return difference(plain(wanted or {}), got["input"])


def check_response(server, service, model, operation):
    wanted = sample(operation.output_shape, operation.name) if operation.output_shape else None
    status, headers, body = server.post(
        f"/encode/{service}/{operation.name}", json.dumps(plain(wanted or {})).encode(), {}
    )
    if status != 200:
        return body.decode()
    parser = botocore.parsers.create_parser(model.resolved_protocol)
    response = {"status_code": 200, "headers": headers, "body": body}
    got = parser.parse(response, operation.output_shape) or {}
    got.pop("ResponseMetadata", None)
    return difference(plain(wanted or {}), plain(got))


def main(url):
    server = Server(url)
    session = botocore.session.get_session()
    known = json.loads(server.post("/operations", b"", {})[2])
    report = {"botocore": botocore.__version__, "checked": {}, "onlySdk": {}, "onlyBotocore": {}, "differences": []}
    for service, name in SERVICES.items():
        model = session.get_service_model(name)
        both = [one for one in model.operation_names if one in known[service]]
        report["checked"][service] = len(both)
        report["onlySdk"][service] = sorted(set(known[service]) - set(model.operation_names))
        report["onlyBotocore"][service] = sorted(set(model.operation_names) - set(known[service]))
        for one in both:
            operation = model.operation_model(one)
            for direction, check in (("request", check_request), ("response", check_response)):
                try:
                    found = check(server, service, model, operation)
                except botocore.exceptions.BotoCoreError as error:
                    found = str(error)
                if found:
                    report["differences"].append(f"{service} {one} {direction}: {found}")
    json.dump(report, sys.stdout)


main(sys.argv[1])
