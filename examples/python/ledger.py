"""A small client of License Ledger: Python 3.9 and newer, standard library only."""

import http.client
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


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the credential elsewhere: it is answered like any other refusal."""

    def redirect_request(self, *_arguments):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


class Client:
    def __init__(self, base_url, authorization=None, tries=4, timeout_seconds=10):
        self.base_url = base_url.rstrip("/")
        self.authorization = authorization
        self.tries = tries
        self.timeout_seconds = timeout_seconds
        # The HTTP status of the last successful answer.
        self.last_status = None

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
                with OPENER.open(request, timeout=self.timeout_seconds) as response:
                    answer = answer_of(response.status, response.read())
                    self.last_status = response.status
                    return answer
            except urllib.error.HTTPError as error:
                wait_seconds = self._refused(error, attempt)
            # A connection that breaks off in the middle of an answer is no OSError.
            except (OSError, http.client.HTTPException) as error:
                if attempt == self.tries:
                    raise Unreachable(f"{method} {path} was not answered: {error!r}") from error
                wait_seconds = pause(attempt)
            time.sleep(wait_seconds)

    def _refused(self, error, attempt):
        """How many seconds to wait before trying again; raises Problem where that would not help."""
        try:
            problem = problem_of(error.code, error.read())
        except (OSError, http.client.HTTPException):
            problem = problem_of(error.code, b"")
        later = error.code in (429, 502, 503, 504) or problem.code in ("IDEMPOTENCY_IN_FLIGHT", "CONCURRENT_MODIFICATION")
        if not later or attempt == self.tries:
            raise problem
        try:
            wait_seconds = float(error.headers.get("Retry-After", ""))
        except ValueError:
            wait_seconds = pause(attempt)
        if wait_seconds > 30:
            raise problem
        return wait_seconds


def answer_of(status, text):
    """The answer's object, None for a 204; anything else, as of a captive portal, is a Problem."""
    if status == 204:
        return None
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise problem_of(status, b"")
    return answer


def problem_of(status, text):
    """A refusal; an answer that is none of the API's, as of a proxy, becomes one with the code of its status."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict) or body.get("status") != status or not {"code", "detail", "requestId"} <= body.keys():
        body = {"code": f"HTTP_{status}", "detail": f"The answer has status {status} and is none of License Ledger's."}
    return Problem(status, body)


def pause(attempt):
    """Doubled each time and spread, so that clients which failed together do not come back together."""
    return 0.2 * 2 ** (attempt - 1) * (0.5 + random.random())
