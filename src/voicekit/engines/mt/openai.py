"""Translation by a server that speaks the protocol of OpenAI: a local vLLM or llama.cpp, or one on the network.

    POST <base-url>/chat/completions    GET <base-url>/models

Lines go with numbers, and come back as JSON with the same numbers. What does not parse is asked for once more; then
each line alone. A server is untrusted: its answer is read to a limit, validated, and never run or followed.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from voicekit.engines.protocols import Line, OnProgress
from voicekit.errors import EngineError, UsageError
from voicekit.redact import without_secrets

BIGGEST = 8 << 20
"""Bytes of an answer."""

RETRIES = 2
"""Times that a server which is busy or failing (429, 5xx) is asked again."""

PATIENCE = 10.0
"""Seconds waited for a busy server, at most, each time."""

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
    """Engine `openai`. The key comes from VOICEKIT_API_KEY or OPENAI_API_KEY and is told to nobody but the server."""

    uses_context = True
    batch_size = 20

    def __init__(self, base_url: str, model: str, timeout: float) -> None:
        """`timeout`: seconds of silence of the server. Raises UsageError for what is no address."""
        self.name = model
        self.where = without_secrets(base_url)
        try:
            parsed = httpx.URL(base_url)
        except httpx.InvalidURL as error:
            raise UsageError(f"{self.where!r} is no address: {error}", "Give http://localhost:8000/v1") from error
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise UsageError(f"{self.where!r} is no address", "Give --base-url http://localhost:8000/v1")
        key = os.environ.get("VOICEKIT_API_KEY") or os.environ.get("OPENAI_API_KEY")
        try:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            self.client = httpx.Client(
                base_url=parsed, headers=headers, timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
                follow_redirects=False, trust_env=parsed.host not in ("localhost", "127.0.0.1", "::1"),
            )  # fmt: skip
        except (UnicodeError, ValueError):
            raise UsageError("the API key holds characters that no key has", "Set VOICEKIT_API_KEY anew") from None
        self.timeout = timeout

    def served(self) -> str:
        """The name of the first model that the server has. Raises EngineError where it tells none."""
        try:
            found = str(json.loads(self._read("GET", "models"))["data"][0]["id"])
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            raise EngineError(f"{self.where} does not say what models it has", "Name one with --model") from None
        return found

    def translate(self, lines: Sequence[Line], source: str, target: str, progress: OnProgress) -> list[str]:
        """The translation of each line.

        Raises:
            EngineError: the server cannot be reached, refuses, is too slow, or answers with what is no translation.
        """
        found = self._ask(lines, source, target) or self._ask(lines, source, target, again=True)
        if found is None and len(lines) > 1:
            found = []
            for line in lines:
                alone = self._ask([line], source, target)
                if alone is None:
                    raise self._unfit(line)
                found += alone
                progress(len(found) / len(lines))
        if found is None:
            raise self._unfit(lines[0])
        progress(1.0)
        return found

    def _unfit(self, line: Line) -> EngineError:
        return EngineError(
            f"{self.where}: model {self.name} gave no readable translation of {line.text[:60]!r}, asked again too",
            "Use a model that follows instructions, or another --engine",
        )

    def _ask(self, lines: Sequence[Line], source: str, target: str, again: bool = False) -> list[str] | None:
        """The translations; None where the answer does not hold all of them."""
        content = {
            "before": list(lines[0].before),
            "lines": [{"id": number, "text": line.text} for number, line in enumerate(lines, 1)],
        }
        system = _SYSTEM.format(source=source, target=target, marks="_1_, Xq1 or (1)")
        if again:
            system += f" Your last answer could not be read. Give exactly {len(lines)} lines, ids 1 to {len(lines)}."
        answer = self._read(
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
            parsed = _Answer.model_validate_json(_json_in(str(text)))
        except (ValueError, KeyError, IndexError, TypeError, RecursionError, ValidationError):
            return None
        by_id = {line.id: " ".join(line.text.split()) for line in parsed.lines}
        if len(parsed.lines) != len(lines) or sorted(by_id) != list(range(1, len(lines) + 1)):
            return None
        if any(line.text.strip() and not by_id[number] for number, line in enumerate(lines, 1)):
            return None
        return [by_id[number] for number in range(1, len(lines) + 1)]

    def _read(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        """The body of the answer. Raises EngineError, never with the key in it."""
        for attempt in range(RETRIES + 1):
            try:
                status, headers, data = self._send(method, path, body)
            except httpx.TimeoutException:
                raise EngineError(
                    f"{self.where} did not answer within {self.timeout:g} s",
                    "Give it longer with --timeout, or a smaller model",
                ) from None
            except httpx.HTTPError as error:
                raise EngineError(
                    f"cannot reach {self.where}: {type(error).__name__}", "Is the server running? Check --base-url"
                ) from None
            if status == 200:
                return data
            if (status == 429 or status >= 500) and attempt < RETRIES:
                time.sleep(min(PATIENCE, _seconds(headers.get("retry-after"), 0.5 * 2**attempt)))
                continue
            raise self._refusal(status, data)
        raise AssertionError("unreachable")

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, httpx.Headers, bytes]:
        """Read to BIGGEST, and for no longer than twice the timeout: a server may drip."""
        began = time.monotonic()
        with self.client.stream(method, path, json=body) as response:
            data = bytearray()
            for piece in response.iter_bytes():
                data += piece
                if len(data) > BIGGEST:
                    raise EngineError(
                        f"{self.where} answers with over {BIGGEST >> 20} MiB", "Is it really a language model?"
                    )
                if time.monotonic() - began > 2 * self.timeout:
                    raise httpx.ReadTimeout("drips")
            return response.status_code, response.headers, bytes(data)

    def _refusal(self, status: int, data: bytes) -> EngineError:
        said = ""
        try:
            error = json.loads(data)["error"]
            said = f": {str(error['message'] if isinstance(error, dict) else error)[:200]}"
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
        return EngineError(f"{self.where} answers {status}{_without_key(said)}", remedy)


def _json_in(text: str) -> str:
    """The JSON object in an answer: models like to wrap it in words or a code fence, or to think aloud before it."""
    plain = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL)
    start, end = plain.find("{"), plain.rfind("}")
    return plain[start : end + 1] if 0 <= start < end else plain


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
