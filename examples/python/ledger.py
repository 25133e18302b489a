"""A small client of License Ledger: Python 3.9 and newer, standard library only."""

import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Problem(Exception):
    """The API refused a request: `code` says why, `body` is the whole answer (RFC 9457)."""

    def __init__(self, status, body):
        super().__init__(f"{body['code']}: {body['detail']}")
        self.status = status
        self.code = body["code"]
        self.body = body


class Unreachable(Exception):
    """Nobody answered, however often it was tried. What was asked for may have happened."""


class Client:
    def __init__(self, base_url, authorization=None, tries=4, timeout_seconds=10):
        self.base_url = base_url.rstrip("/")
        self.authorization = authorization
        self.tries = tries
        self.timeout_seconds = timeout_seconds

    def get(self, path, **query):
        given = {name: value for name, value in query.items() if value is not None}
        return self._send("GET", path + ("?" + urllib.parse.urlencode(given) if given else ""), None)

    def post(self, path, body):
        return self._send("POST", path, body)

    def _send(self, method, path, body):
        headers = {"Accept": "application/json"}
        if self.authorization is not None:
            headers["Authorization"] = self.authorization
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
            # The same key on every try: what was done once is not done again.
            headers["Idempotency-Key"] = str(uuid.uuid4())
        for attempt in range(1, self.tries + 1):
            request = urllib.request.Request(self.base_url + path, data, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=self.timeout_seconds) as response:
                    text = response.read()
                    return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                wait_seconds = self._refused(error, attempt)
            except OSError as error:
                if attempt == self.tries:
                    raise Unreachable(f"{method} {path} was not answered: {error}") from error
                wait_seconds = pause(attempt)
            time.sleep(wait_seconds)

    def _refused(self, error, attempt):
        """How many seconds to wait before trying again; raises Problem where that would not help."""
        try:
            body = json.loads(error.read())
        except ValueError:
            body = {}
        if "code" not in body:
            body = {"code": f"HTTP_{error.code}", "detail": "This is no answer of License Ledger."}
        later = error.code in (429, 503) or body["code"] == "IDEMPOTENCY_IN_FLIGHT"
        if not later or attempt == self.tries:
            raise Problem(error.code, body)
        try:
            wait_seconds = float(error.headers.get("Retry-After", ""))
        except ValueError:
            wait_seconds = pause(attempt)
        if wait_seconds > 30:
            raise Problem(error.code, body)
        return wait_seconds


def pause(attempt):
    """Doubled each time and spread, so that clients which failed together do not come back together."""
    return 0.2 * 2 ** (attempt - 1) * (0.5 + random.random())
