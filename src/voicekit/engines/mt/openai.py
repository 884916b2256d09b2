"""Translation by a server with an OpenAI-compatible API: a local vLLM or llama.cpp, or one on the network.

    POST <base-url>/chat/completions    GET <base-url>/models

Lines are sent with numbers and must come back as JSON with the same numbers. An invalid answer is requested once more,
then each line separately. The server is untrusted: its answers are limited in size and validated.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import time
from collections.abc import Sequence
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from voicekit.engines.protocols import Line, ProgressCallback
from voicekit.errors import EngineError, UsageError
from voicekit.redact import redact_urls
from voicekit.text.controls import without_controls

MAX_BYTES = 8 << 20
"""Largest answer in bytes."""

MAX_GROWTH, ALLOWANCE = 10, 500
"""Most characters of a translation: so many times those of the source, and so many more. Others are no translation."""

RETRIES = 2
"""Retries if the server is busy or fails (429, 5xx)."""

MAX_WAIT = 10.0
"""Longest wait before a retry, seconds."""

_SYSTEM = (
    "You translate subtitles. Translate each line of `lines` from {source} to {target} (BCP-47 codes), naturally and "
    "briefly, one translation for each line. `before` holds the lines spoken before, for context: do not translate "
    "them. Marks such as {marks} stand for names and numbers: keep each of them exactly once, unchanged. Answer with "
    'JSON only, in this form: {{"lines": [{{"id": 1, "text": "..."}}]}}. No explanations.'
)


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    id: int
    text: str


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    lines: list[_Line]


class OpenAI:
    """Engine `openai`.

    The API key in VOICEKIT_API_KEY or OPENAI_API_KEY is sent over https, or to this machine, and only to a server that
    the user named: in an argument or in OPENAI_BASE_URL.

    Args:
        base_url: Of the API; usually ends in /v1.
        model: Name on the server.
        timeout: Seconds without data from the server.
        may_send_key: Whether the user named the server.

    Attributes:
        no_key_because: Why there is a key that is not sent; empty if it is sent, or if there is none.

    Raises:
        UsageError: `base_url` is not a valid URL, or the key has invalid characters.
    """

    uses_context = True
    batch_size = 20

    def __init__(self, base_url: str, model: str, timeout: float, may_send_key: bool = True) -> None:
        self.name = model
        self.url = redact_urls(base_url)
        try:
            parsed = httpx.URL(base_url)
        except httpx.InvalidURL as error:
            raise UsageError(f"{self.url!r} is not a valid URL: {error}", "Give http://localhost:8000/v1") from error
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise UsageError(f"{self.url!r} is not a valid URL", "Give --base-url http://localhost:8000/v1")
        key = os.environ.get("VOICEKIT_API_KEY") or os.environ.get("OPENAI_API_KEY")
        self.no_key_because = _reason_to_keep_key(parsed, may_send_key) if key else ""
        key = None if self.no_key_because else key
        try:
            headers = {"Accept-Encoding": "identity"}  # a compressed answer can be of any size
            headers |= {"Authorization": f"Bearer {key}"} if key else {}
            self.client = httpx.Client(
                base_url=parsed, headers=headers, timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
                follow_redirects=False, trust_env=not _is_loopback(parsed.host),
            )  # fmt: skip
        except (UnicodeError, ValueError):
            raise UsageError("the API key contains invalid characters", "Set VOICEKIT_API_KEY again") from None
        self.timeout = timeout

    def served(self) -> str:
        """Return the name of the server's first model. Raises EngineError if the server does not list any."""
        try:
            return str(json.loads(self._request("GET", "models"))["data"][0]["id"])
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            raise EngineError(f"{self.url} does not list its models", "Name one with --model") from None

    def translate(self, lines: Sequence[Line], source: str, target: str, progress: ProgressCallback) -> list[str]:
        """Translate each line.

        Raises:
            EngineError: The server cannot be reached, refuses, is too slow, or does not answer with a translation.
        """
        translations = self._ask(lines, source, target) or self._ask(lines, source, target, is_retry=True)
        if translations is None and len(lines) > 1:
            translations = []
            for line in lines:
                translation = self._ask([line], source, target)
                if translation is None:
                    raise self._invalid_answer(line)
                translations += translation
                progress(len(translations) / len(lines))
        if translations is None:
            raise self._invalid_answer(lines[0])
        progress(1.0)
        return translations

    def _invalid_answer(self, line: Line) -> EngineError:
        return EngineError(
            f"{self.url}: model {self.name} twice gave no valid translation of {line.text[:60]!r}",
            "Use a model that follows instructions, or another --engine",
        )

    def _ask(self, lines: Sequence[Line], source: str, target: str, is_retry: bool = False) -> list[str] | None:
        """Request the translations; None if the answer does not contain all of them."""
        content = {
            "before": list(lines[0].before),
            "lines": [{"id": number, "text": line.text} for number, line in enumerate(lines, 1)],
        }
        system = _SYSTEM.format(source=source, target=target, marks="_1_, Xq1 or (1)")
        if is_retry:
            system += f" Your last answer could not be read. Give exactly {len(lines)} lines, ids 1 to {len(lines)}."
        answer = self._request(
            "POST",
            "chat/completions",
            {
                "model": self.name,
                "messages": [
                    {"role": "system", "content": system},
                    {"role": "user", "content": json.dumps(content, ensure_ascii=False)},
                ],
                "temperature": 0,
                "seed": 0,
                "response_format": {"type": "json_object"},
            },
        )
        try:
            text = json.loads(answer)["choices"][0]["message"]["content"]
            parsed = _Answer.model_validate_json(_extract_json(str(text)))
        except (ValueError, KeyError, IndexError, TypeError, RecursionError, ValidationError):
            return None
        by_id = {line.id: " ".join(without_controls(line.text).split()) for line in parsed.lines}
        if len(parsed.lines) != len(lines) or sorted(by_id) != list(range(1, len(lines) + 1)):
            return None
        for number, line in enumerate(lines, 1):
            if line.text.strip() and not by_id[number]:
                return None
            if len(by_id[number]) > MAX_GROWTH * len(line.text) + ALLOWANCE:
                return None
        return [by_id[number] for number in range(1, len(lines) + 1)]

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        """Return the body of the answer. Raises EngineError; its message never contains the API key."""
        for attempt in range(RETRIES + 1):
            try:
                status, headers, data = self._send(method, path, body)
            except httpx.TimeoutException:
                raise EngineError(
                    f"{self.url} did not answer within {self.timeout:g} s", "Raise --timeout, or use a smaller model"
                ) from None
            except httpx.HTTPError as error:
                raise EngineError(
                    f"cannot reach {self.url}: {type(error).__name__}", "Is the server running? Check --base-url"
                ) from None
            if status == 200:
                return data
            if (status == 429 or status >= 500) and attempt < RETRIES:
                time.sleep(min(MAX_WAIT, _seconds(headers.get("retry-after"), 0.5 * 2**attempt)))
                continue
            raise self._refusal(status, data)
        raise AssertionError("unreachable")

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, httpx.Headers, bytes]:
        """Send a request and read at most MAX_BYTES, for at most twice the timeout: a server may send very slowly."""
        started = time.monotonic()
        with self.client.stream(method, path, json=body) as response:
            data = bytearray()
            if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
                raise EngineError(f"{self.url} compresses its answers, which was not asked for", "Use another server")
            for block in response.iter_raw(1 << 16):
                data += block
                if len(data) > MAX_BYTES:
                    raise EngineError(
                        f"{self.url} answers with over {MAX_BYTES >> 20} MiB", "Check that it is a language model"
                    )
                if time.monotonic() - started > 2 * self.timeout:
                    raise httpx.ReadTimeout("too slow")
            return response.status_code, response.headers, bytes(data)

    def _refusal(self, status: int, data: bytes) -> EngineError:
        reason = ""
        try:
            error = json.loads(data)["error"]
            reason = f": {str(error['message'] if isinstance(error, dict) else error)[:200]}"
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        remedies = {
            400: "Check --model; the server may not know response_format",
            401: "Set VOICEKIT_API_KEY",
            403: "Set VOICEKIT_API_KEY to a key that may use this model",
            404: "Check --base-url (it usually ends with /v1) and --model",
            429: "The server is busy or your quota is used up: try later",
        }
        remedy = remedies.get(status, "See the server's log" if status >= 500 else "Check --base-url")
        if status in (401, 403) and self.no_key_because:
            remedy = f"The API key was not sent: {self.no_key_because}"
        return EngineError(f"{self.url} answers {status}{_without_key(reason)}", remedy)


def _reason_to_keep_key(server: httpx.URL, is_named_by_user: bool) -> str:
    """Return why a server must not get the key; empty if it may."""
    with contextlib.suppress(httpx.InvalidURL):
        usual = httpx.URL(os.environ.get("OPENAI_BASE_URL", ""))
        is_named_by_user |= (usual.scheme, usual.host, usual.port) == (server.scheme, server.host, server.port)
    if not is_named_by_user:
        return "a file names the server. Give it with --base-url, or set OPENAI_BASE_URL"
    if server.scheme != "https" and not _is_loopback(server.host):
        return "the connection is not encrypted. Use https, or a tunnel to localhost"
    return ""


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _extract_json(text: str) -> str:
    """Return the JSON object in an answer without the prose, code fence or reasoning that models add."""
    plain = _without_reasoning(text)
    start, end = plain.find("{"), plain.rfind("}")
    return plain[start : end + 1] if 0 <= start < end else plain


def _without_reasoning(text: str) -> str:
    """Remove everything from <think> to </think>, in linear time."""
    kept, at = [], 0
    while (start := text.find("<think>", at)) >= 0 and (end := text.find("</think>", start)) >= 0:
        kept.append(text[at:start])
        at = end + len("</think>")
    return "".join([*kept, text[at:]])


def _seconds(text: str | None, default: float) -> float:
    try:
        return max(0.0, float(text)) if text else default
    except ValueError:
        return default


def _without_key(text: str) -> str:
    for name in ("VOICEKIT_API_KEY", "OPENAI_API_KEY"):
        if key := os.environ.get(name):
            text = text.replace(key, "***")
    return text
