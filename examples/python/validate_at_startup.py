"""Validates the license when the application starts, and lets it run offline for as long as the last answer allows.

    LEDGER_URL=http://127.0.0.1:8080 LICENSE_KEY=LL-… python3 examples/python/validate_at_startup.py

Exit codes: 0 it may run, 1 nobody answered, 3 it may not, 4 expired.
"""

import datetime
import hashlib
import json
import os
import socket
import sys
import uuid

from codes import reaction_to
from ledger import Client, Problem, Unreachable

CACHE = os.environ.get("LICENSE_CACHE", ".license-cache.json")
KEY = os.environ.get("LICENSE_KEY", "")
PRODUCT = os.environ.get("PRODUCT", "local_cli")
# Something that stays the same on this machine and differs from others. Only an HMAC of it is stored by the server.
FINGERPRINT = os.environ.get("FINGERPRINT", socket.gethostname())
# An answer is good for what was asked only.
ASKED = hashlib.sha256(f"{KEY}\n{PRODUCT}\n{FINGERPRINT}\n".encode()).hexdigest()


class NotOurs(Exception):
    """The answer is not to this request."""


def cached():
    """The last good answer, while it allows running without the server. It is not signed: whoever can edit it can extend it."""
    try:
        with open(CACHE, encoding="utf-8") as file:
            kept = json.load(file)
        if kept["asked"] != ASKED:
            return None
        answer = kept["answer"]
        until = answer["offlineGraceUntil"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return answer if until is not None and now < until else None


def keep(answer):
    """A license that is not valid any more must not become so by pulling the plug."""
    if answer["valid"]:
        with open(CACHE, "w", encoding="utf-8") as file:
            json.dump({"asked": ASKED, "answer": answer}, file)
    elif os.path.exists(CACHE):
        os.remove(CACHE)


def ask(client):
    nonce = str(uuid.uuid4())
    body = {"licenseKey": KEY, "product": PRODUCT, "fingerprint": FINGERPRINT, "nonce": nonce}
    answer = client.post("/v1/licenses/validate", body)
    # A proxy that plays back an older answer does not know this request's nonce.
    if answer.get("nonce") != nonce:
        raise NotOurs("The answer is not to this request.")
    keep(answer)
    return answer


def validate():
    client = Client(os.environ.get("LEDGER_URL", "http://127.0.0.1:8080"), tries=2, timeout_seconds=5)
    answer = ask(client)
    # A license that was not validated for too long is told so once; the next validation is in time.
    if answer["code"] == "CHECK_IN_OVERDUE":
        answer = ask(client)
    return answer


def says_nothing(error):
    """A server in trouble, or somebody else's page in its place, says nothing about the license."""
    if isinstance(error, Problem):
        return error.status >= 500 or error.status == 429 or error.code.startswith("HTTP_")
    return isinstance(error, Unreachable)


def main():
    try:
        answer = validate()
    except (Problem, Unreachable, NotOurs) as error:
        answer = cached() if says_nothing(error) else None
        if answer is None:
            print(error, file=sys.stderr)
            return 3 if isinstance(error, Problem) and not says_nothing(error) else 1
        print(f"Nobody answers; the last answer is good until {answer['offlineGraceUntil']}.")
    runs, say = reaction_to(answer["code"], answer["valid"])
    print(answer["code"] + (f": {say}" if say else ""))
    return 0 if runs else 4 if answer["code"] == "EXPIRED" else 3


if __name__ == "__main__":
    sys.exit(main())
