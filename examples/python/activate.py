"""Activates this device; where all activations are in use, puts it in the place of the one named in SWAP.

    LICENSE_KEY=LL-… FINGERPRINT=laptop-2 python3 examples/python/activate.py

Exit codes: 0 activated, 1 nobody answered, 3 refused, 5 all activations are in use.
"""

import os
import socket
import sys

from ledger import Client, Problem, Unreachable


def main():
    client = Client(os.environ.get("LEDGER_URL", "http://127.0.0.1:8080"))
    device = {
        "licenseKey": os.environ.get("LICENSE_KEY", ""),
        "product": os.environ.get("PRODUCT", "local_cli"),
        "fingerprint": os.environ.get("FINGERPRINT", socket.gethostname()),
        "name": socket.gethostname(),
        "platform": sys.platform,
    }
    try:
        if "SWAP" in os.environ:
            answer = client.post("/v1/licenses/swap", {**device, "release": {"activationId": os.environ["SWAP"]}})
        else:
            answer = client.post("/v1/licenses/activate", device)
    except Unreachable as error:
        print(error, file=sys.stderr)
        return 1
    except Problem as problem:
        print(problem, file=sys.stderr)
        if problem.code != "ACTIVATION_LIMIT_EXCEEDED":
            return 3
        print("Release one of these, or set SWAP to its id:", problem.body["activations"], file=sys.stderr)
        return 5
    used = answer["limits"]["activations"]
    # `changed` is also true when an active device got another name, platform or version.
    how = "Activated" if client.last_status == 201 else "Was activated already"
    print(f"{how}: {answer['activation']['id']}, {used['used']} of {used['max']} in use.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
