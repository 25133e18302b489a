"""Signs in, keeps the tokens in a file, and goes on with them the next time; an expired access token is renewed on the way.

    EMAIL=owner@demo.example PASSWORD=… python3 examples/python/refresh_tokens.py
"""

import json
import os
import tempfile

from ledger import Client, Problem

BASE_URL = os.environ.get("LEDGER_URL", "http://127.0.0.1:8080")
FILE = os.environ.get("TOKEN_FILE", ".ledger-tokens.json")


def keep(answer):
    """A refresh token works once: the new one must be on disk before anything else is done with it."""
    tokens = {"accessToken": answer["accessToken"], "refreshToken": answer["refreshToken"]}
    # Written beside it, for this user alone, and renamed: whenever this is interrupted, the file is the old one or the new one.
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


def sign_in():
    body = {"email": os.environ["EMAIL"], "password": os.environ["PASSWORD"]}
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
            # Sent twice within 10 seconds it is the same renewal, later it ends the session: all tries must come before.
            client = Client(BASE_URL, timeout_seconds=2.5)
            return who_am_i(keep(client.post("/v1/auth/refresh", {"refreshToken": tokens["refreshToken"]})))
        except Problem as problem:
            if problem.status != 401:
                raise
    # The session has ended, by time or by somebody: only the password helps.
    return who_am_i(sign_in())


if __name__ == "__main__":
    print(f"Signed in as {signed_in()['user']['email']}.")
