"""One license through its life, as a vendor's back office and a customer's application see it.

    API_KEY=lgr_live_… python3 examples/python/license_life.py     (.ledger/demo.json has a key)
"""

import os

from ledger import Client, Problem

BASE_URL = os.environ.get("LEDGER_URL", "http://127.0.0.1:8080")
vendor = Client(BASE_URL, f"Bearer {os.environ['API_KEY']}")
application = Client(BASE_URL)


def expect(what, seen, wanted):
    if seen != wanted:
        raise SystemExit(f"{what}: {seen} instead of {wanted}")
    print(f"{what}: {seen}")


def code_for(device):
    return application.post("/v1/licenses/validate", device)["code"]


issued = vendor.post(
    "/v1/licenses",
    {"tier": "PRO", "products": ["local_cli"], "limits": {"activations": 1}, "reason": {"code": "PURCHASE"}},
)
license_path = f"/v1/licenses/{issued['license']['id']}"
expect("issued", issued["license"]["status"], "ACTIVE")

laptop = {"licenseKey": issued["licenseKey"], "product": "local_cli", "fingerprint": "laptop"}
desktop = {**laptop, "fingerprint": "desktop"}
expect("validated before activation", code_for(laptop), "NOT_ACTIVATED")
activated = application.post("/v1/licenses/activate", {**laptop, "name": "My laptop"})
expect("activated", activated["changed"], True)
expect("validated", code_for(laptop), "VALID")

try:
    application.post("/v1/licenses/activate", desktop)
    refusal = "activated"
except Problem as problem:
    refusal = problem.code
expect("a second device", refusal, "ACTIVATION_LIMIT_EXCEEDED")
swapped = application.post(
    "/v1/licenses/swap", {**desktop, "release": {"activationId": activated["activation"]["id"]}}
)
expect("swapped", swapped["changed"], True)
expect("the first device now", code_for(laptop), "NOT_ACTIVATED")
expect("the second device now", code_for(desktop), "VALID")

vendor.post(f"{license_path}/suspend", {"reason": {"code": "PAYMENT"}})
expect("suspended", code_for(desktop), "SUSPENDED")
vendor.post(f"{license_path}/reinstate", {"reason": {"code": "PAYMENT"}})
expect("reinstated", code_for(desktop), "VALID")
renewed = vendor.post(f"{license_path}/renew", {"duration": "P1Y", "reason": {"code": "PAYMENT"}})
expect("renewed, term", renewed["license"]["term"]["number"], 2)
vendor.post(f"{license_path}/revoke", {"reason": {"code": "CHARGEBACK"}})
expect("revoked", code_for(desktop), "REVOKED")
