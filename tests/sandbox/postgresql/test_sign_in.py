"""The sandbox's own client at the door of an engine, as the logins of pods use it."""

import asyncio
import uuid

import pytest
from psycopg import sql

from sandbox.engines.postgresql import client, process
from sandbox.engines.postgresql.errors import StatementError
from tests.sandbox.postgresql.conftest import Lab, Server

PASSWORD = "it's a \u00e9 password"


def signed_in(lab: Lab, server: Server, user: str, password: str) -> bool:
    """Does the engine let somebody in; its own refusal is an error."""
    (folder,) = (lab.state / "postgresql").glob(f"{server.name}-*")
    socket = process.socket_folder(folder) / process.SOCKET
    return asyncio.run(client.execute(socket, user, password, "postgres", "SELECT 1")) == [("1",)]


@pytest.fixture(params=["scram-sha-256", "md5"])
def user(server: Server, request: pytest.FixtureRequest) -> str:
    """A login whose password the engine keeps in this form."""
    name = f"pod_{uuid.uuid4().hex[:8]}"
    with server.connect() as session:
        session.execute(f"SET password_encryption = '{request.param}'")
        literal = sql.Literal(PASSWORD).as_string(session)
        session.execute(f"CREATE ROLE {name} LOGIN PASSWORD {literal}")
    return name


def test_a_login_is_let_in_however_its_password_is_kept_and_refused_with_another(
    lab: Lab, server: Server, user: str
) -> None:
    assert signed_in(lab, server, user, PASSWORD)
    with pytest.raises(StatementError, match="password authentication failed"):
        signed_in(lab, server, user, f"{PASSWORD}!")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("NOLOGIN", "is not permitted to log in"),
        ("PASSWORD NULL", "password authentication failed"),
    ],
)
def test_a_login_that_is_not_accepted_any_more_is_refused(
    lab: Lab, server: Server, user: str, change: str, refusal: str
) -> None:
    with server.connect() as session:
        session.execute(f"ALTER ROLE {user} {change}")

    with pytest.raises(StatementError, match=refusal):
        signed_in(lab, server, user, PASSWORD)
