"""Signs in and stores the tokens in a file. The next run uses them, and renews an expired access token.

    EMAIL=owner@demo.example PASSWORD=… python3 examples/python/refresh_tokens.py
"""

import json
import os
import tempfile

from ledger import Client, Problem

BASE_URL = os.environ.get("LEDGER_URL", "http://127.0.0.1:8080")
FILE = os.environ.get("TOKEN_FILE", ".ledger-tokens.json")


def keep(answer):
    """Stores the tokens of an answer. A renewal returns no device token: the file keeps that of the last login."""
    tokens = {"accessToken": answer["accessToken"], "refreshToken": answer["refreshToken"]}
    tokens["deviceToken"] = answer.get("deviceToken") or device_token()
    # A refresh token works once, so the file must have the next one before anything else happens. The file is written
    # under another name and then renamed. So it is always complete, and only this user may read it.
    handle, fresh = tempfile.mkstemp(prefix=os.path.basename(FILE) + ".", dir=os.path.dirname(FILE) or ".")
    with open(handle, "w", encoding="utf-8") as file:
        json.dump(tokens, file)
    os.replace(fresh, FILE)
    return tokens


def kept():
    try:
        with open(FILE, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def device_token():
    return (kept() or {}).get("deviceToken")


def sign_in():
    """Sends the device token of the last login. So this device can sign in while others guess passwords."""
    body = {"email": os.environ["EMAIL"], "password": os.environ["PASSWORD"]}
    if device_token():
        body["deviceToken"] = device_token()
    return keep(Client(BASE_URL).post("/v1/auth/login", body))


def who_am_i(tokens):
    return Client(BASE_URL, f"Bearer {tokens['accessToken']}").get("/v1/auth/me")


def signed_in():
    tokens = kept() or sign_in()
    try:
        return who_am_i(tokens)
    except Problem as problem:
        if problem.status != 401:
            raise
        expired = problem.code == "TOKEN_EXPIRED"
    if expired:
        try:
            # A renewal can be repeated for 10 seconds. Later the used token ends the session, so all attempts must
            # come before.
            client = Client(BASE_URL, timeout_seconds=2.5)
            return who_am_i(keep(client.post("/v1/auth/refresh", {"refreshToken": tokens["refreshToken"]})))
        except Problem as problem:
            if problem.status != 401:
                raise
    # The session has ended: only the password opens another one.
    return who_am_i(sign_in())


if __name__ == "__main__":
    print(f"Signed in as {signed_in()['user']['email']}.")
