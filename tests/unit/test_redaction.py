import base64
import io
import json
import logging
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tasks import redaction
from tasks.errors import ToolError

PASSWORD = "Xk3vQ9mWtR7bN2cY8dZ5fH1jL4pS6gAaBbCcDdEe"
ODD = "p@ss:w/rd&m=re"
KEYS = json.dumps(
    {
        "jwt-secret": "aab8f5d2c7e94310aab8f5d2c7e94310",
        "jwt-keys": json.dumps(
            [{"kty": "EC", "kid": "2026-11-23T09:00", "d": "c2lnbmluZy1rZXktZA"}]
        ),
    }
)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a handler of the process writes while it knows three secrets."""
    for name, value in {"pg-auth": PASSWORD, "smtp": ODD, "jwt-set": KEYS}.items():
        redaction.remember(name, value)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("tests.redaction")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    redaction.watch_logs()
    yield stream
    logger.removeHandler(handler)


def say(text: str, *args: object) -> None:
    logging.getLogger("tests.redaction").info(text, *args)


@pytest.mark.parametrize(
    "text",
    [
        PASSWORD,
        f"postgres://auth:{PASSWORD}@host:5432/db?sslmode=require",
        f'{{"password": "{PASSWORD}"}}',
        f"PGPASSWORD={PASSWORD} psql",
        base64.b64encode(PASSWORD.encode()).decode(),
        f"The password is {PASSWORD}.",
    ],
    ids=["alone", "address", "json", "assignment", "base64", "sentence"],
)
def test_a_value_is_named_in_place_of_being_shown(log: io.StringIO, text: str) -> None:
    say(text)

    assert PASSWORD not in log.getvalue()
    assert base64.b64encode(PASSWORD.encode()).decode() not in log.getvalue()
    assert "[pg-auth]" in log.getvalue()


@pytest.mark.parametrize(
    "form", [ODD, quote(ODD, safe=""), f"'{ODD}'"], ids=["as is", "url", "quoted"]
)
def test_a_value_with_signs_that_part_words_is_found_as_a_whole(
    log: io.StringIO, form: str
) -> None:
    say("It said %s again", form)

    assert "[smtp]" in log.getvalue()
    assert form.strip("'") not in log.getvalue()


def test_parts_of_json_are_hidden_and_names_in_it_are_not(log: io.StringIO) -> None:
    say("jwt-secret aab8f5d2c7e94310aab8f5d2c7e94310 with d=c2lnbmluZy1rZXktZA of 2026-11-23T09:00")

    assert log.getvalue() == "jwt-secret [jwt-set] with d=[jwt-set] of 2026-11-23T09:00\n"


def test_a_traceback_is_read_too(log: io.StringIO) -> None:
    try:
        int(PASSWORD)
    except ValueError:
        logging.getLogger("tests.redaction").exception("It failed")

    assert "invalid literal for int() with base 10: '[pg-auth]'" in log.getvalue()


def test_what_is_no_secret_stays_to_the_letter(log: io.StringIO) -> None:
    text = "foundation: 3 of 43 done; slowest: module.net.azurerm_subnet.this[0] (1 s) at https://x.y/z?a=b"

    say(text)

    assert log.getvalue() == f"{text}\n"


def test_an_error_is_clean_before_prefect_keeps_it(log: io.StringIO) -> None:  # noqa: ARG001
    error = ToolError(f"psql said {PASSWORD}", f"Try {ODD}")

    redaction.cleanse(error)

    assert str(error) == "psql said [pg-auth]\nNext: Try [smtp]"
    assert error.args == ("psql said [pg-auth]", "Try [smtp]")


def test_no_value_is_kept_in_memory(log: io.StringIO) -> None:  # noqa: ARG001
    kept = repr(vars(redaction))

    assert PASSWORD not in kept
    assert ODD not in kept
