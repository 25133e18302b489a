"""Validates the license when the application starts, and lets it run offline for as long as the last answer allows.

    LEDGER_URL=http://127.0.0.1:8080 LICENSE_KEY=LL-… python3 examples/python/validate_at_startup.py

Exit codes: 0 it may run, 1 nobody answered, 3 it may not, 4 expired.
"""

import datetime
import json
import os
import socket
import sys
import uuid

from codes import reaction_to
from ledger import Client, Unreachable

CACHE = os.environ.get("LICENSE_CACHE", ".license-cache.json")


def cached():
    """The last good answer, while it allows running without the server. It is not signed: whoever can edit it can extend it."""
    try:
        with open(CACHE, encoding="utf-8") as file:
            answer = json.load(file)
    except (OSError, ValueError):
        return None
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    until = answer.get("offlineGraceUntil")
    return answer if until is not None and now < until else None


def validate():
    client = Client(os.environ.get("LEDGER_URL", "http://127.0.0.1:8080"), tries=2, timeout_seconds=5)
    nonce = str(uuid.uuid4())
    answer = client.post(
        "/v1/licenses/validate",
        {
            "licenseKey": os.environ["LICENSE_KEY"],
            "product": os.environ.get("PRODUCT", "local_cli"),
            # Something that stays the same on this machine. Only an HMAC of it is stored by the server.
            "fingerprint": os.environ.get("FINGERPRINT", socket.gethostname()),
            "nonce": nonce,
        },
    )
    # A proxy that plays back an older answer does not know this request's nonce.
    if answer["nonce"] != nonce:
        raise RuntimeError("The answer is not to this request.")
    if answer["valid"]:
        with open(CACHE, "w", encoding="utf-8") as file:
            json.dump(answer, file)
    return answer


def main():
    try:
        answer = validate()
    except Unreachable as error:
        answer = cached()
        if answer is None:
            print(error, file=sys.stderr)
            return 1
        print(f"Nobody answers; the last answer is good until {answer['offlineGraceUntil']}.")
    runs, say = reaction_to(answer["code"], answer["valid"])
    print(answer["code"] + (f": {say}" if say else ""))
    return 0 if runs else 4 if answer["code"] == "EXPIRED" else 3


if __name__ == "__main__":
    sys.exit(main())
