"""Tables with row level security in memory: as much of PostgreSQL as a first table needs."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Claims = dict[str, Any]
BYPASS = ("service_role", "postgres")  # Roles whom policies do not concern.
PUBLIC = "public"


class StatementError(Exception):
    """What PostgreSQL refuses, with its SQLSTATE."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Policy:
    """Whom it concerns, what it is for, and the column that must hold the caller's id."""

    command: str
    roles: list[str]
    using: str
    check: str

    def concerns(self, role: str, command: str) -> bool:
        return self.command in ("all", command) and (role in self.roles or PUBLIC in self.roles)


@dataclass
class Table:
    """Columns with their defaults, rows, and who may do what with them."""

    columns: dict[str, str]  # Name -> default: an expression, `` for none.
    required: list[str]
    rows: list[Row] = field(default_factory=list)
    secured: bool = False
    policies: dict[str, Policy] = field(default_factory=dict)
    grants: dict[str, list[str]] = field(default_factory=dict)  # Role -> commands.

    @classmethod
    def load(cls, kept: dict[str, Any]) -> "Table":
        """From what `asdict` made of one."""
        policies = {name: Policy(**policy) for name, policy in kept["policies"].items()}
        return cls(**kept | {"policies": policies})

    def holds(self, role: str, claims: Claims, command: str, row: Row) -> bool:
        """Does a policy let a role see or write a row."""
        if not self.secured or role in BYPASS:
            return True
        return any(
            met(policy.check if command == "insert" else policy.using, claims, row)
            for policy in self.policies.values()
            if policy.concerns(role, command)
        )


def met(condition: str, claims: Claims, row: Row) -> bool:
    if condition == "true":
        return True
    return row.get(condition) is not None and row[condition] == claims.get("sub")


class Tables:
    """The schema `public`."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}

    # --- What PostgREST asks -------------------------------------------------------------------

    def select(self, name: str, role: str, claims: Claims) -> list[Row]:
        table = self._granted(name, role, "select")
        return [row for row in table.rows if table.holds(role, claims, "select", row)]

    def insert(self, name: str, role: str, claims: Claims, given: Row) -> Row:
        table = self._granted(name, role, "insert")
        unknown = sorted(given.keys() - table.columns.keys())
        if unknown:
            text = f"Could not find the '{unknown[0]}' column of '{name}' in the schema cache"
            raise StatementError(text, "PGRST204")
        defaults = {"auth.uid()": claims.get("sub"), "": None}
        row = {
            column: given.get(column, defaults.get(default, default))
            for column, default in table.columns.items()
        }
        if not table.holds(role, claims, "insert", row):
            text = f'new row violates row-level security policy for table "{name}"'
            raise StatementError(text, "42501")
        for column in table.required:
            if row[column] is None:
                text = f'null value in column "{column}" of relation "{name}" violates not-null'
                raise StatementError(f"{text} constraint", "23502")
        table.rows.append(row)
        return row

    def _granted(self, name: str, role: str, command: str) -> Table:
        table = self.tables.get(name)
        if table is None:
            text = f"Could not find the table 'public.{name}' in the schema cache"
            raise StatementError(text, "PGRST205")
        if role != "postgres" and command not in table.grants.get(role, ()):
            raise StatementError(f"permission denied for table {name}", "42501")
        return table

    # --- What postgres-meta runs ---------------------------------------------------------------

    def run(self, text: str) -> None:
        """Run statements one after the other; an unknown one says that it is not simulated."""
        for statement in filter(None, map(str.strip, text.split(";"))):
            words = " ".join(statement.split())
            for pattern, run in STATEMENTS:
                match = pattern.fullmatch(words)
                if match:
                    run(self, match)
                    break
            else:
                raise StatementError(f"The sandbox does not simulate: {words}", "0A000")

    def create(self, match: re.Match[str]) -> None:
        if match["name"] in self.tables:
            raise StatementError(f'relation "{match["name"]}" already exists', "42P07")
        columns: dict[str, str] = {}
        required = []
        for definition in re.split(r",\s*(?![^()]*\))", match["columns"]):
            name, _, rest = definition.strip().partition(" ")
            default = re.search(r"\bdefault (\S+)", rest)
            columns[name] = default[1] if default else ""
            if "not null" in rest:
                required.append(name)
        self.tables[match["name"]] = Table(columns, required)

    def drop(self, match: re.Match[str]) -> None:
        if self.tables.pop(match["name"], None) is None and not match["lenient"]:
            raise StatementError(f'table "{match["name"]}" does not exist', "42P01")

    def secure(self, match: re.Match[str]) -> None:
        self._known(match["name"]).secured = True

    def permit(self, match: re.Match[str]) -> None:
        using = condition(match["using"] or "true")
        self._known(match["name"]).policies[match["policy"]] = Policy(
            match["command"] or "all",
            listed(match["roles"] or PUBLIC),
            using,
            condition(match["check"]) if match["check"] else using,
        )

    def grant(self, match: re.Match[str]) -> None:
        grants = self._known(match["name"]).grants
        for role in listed(match["roles"]):
            grants[role] = sorted({*grants.get(role, ()), *listed(match["commands"])})

    def _known(self, name: str) -> Table:
        if name not in self.tables:
            raise StatementError(f'relation "public.{name}" does not exist', "42P01")
        return self.tables[name]


def listed(text: str) -> list[str]:
    return [word.strip().lower() for word in text.split(",")]


def condition(text: str) -> str:
    """`true`, or the column that is compared with the caller's id."""
    plain = re.sub(r"[()\s]|select", "", text.lower())
    match = re.fullmatch(r"(?:(\w+)=auth\.uid|auth\.uid=(\w+)|(true))", plain)
    if match is None:
        raise StatementError(f"The sandbox does not simulate the condition {text}", "0A000")
    return match[1] or match[2] or match[3]


def pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace("NAME", r"(?:public\.)?(?P<name>\w+)"), re.IGNORECASE)


STATEMENTS: tuple[tuple[re.Pattern[str], Callable[[Tables, re.Match[str]], None]], ...] = (
    (pattern(r"create table NAME \((?P<columns>.+)\)"), Tables.create),
    (pattern(r"drop table (?P<lenient>if exists )?NAME"), Tables.drop),
    (pattern(r"alter table NAME enable row level security"), Tables.secure),
    (
        pattern(
            r"create policy (?P<policy>\w+) on NAME(?: for (?P<command>\w+))?"
            r"(?: to (?P<roles>[\w, ]+?))?(?: using \((?P<using>.+?)\))?"
            r"(?: with check \((?P<check>.+)\))?"
        ),
        Tables.permit,
    ),
    (pattern(r"grant (?P<commands>[\w, ]+) on NAME to (?P<roles>[\w, ]+)"), Tables.grant),
    (pattern(r"notify pgrst(, 'reload \w+')?"), lambda _tables, _match: None),
)
