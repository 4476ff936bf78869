"""SQL stands in `.sql` files beside its store, each query under its name, and gives rows in an order that is certain.

    -- name: due_runs
    -- Runs whose earliest deadline has come, the longest overdue first. Index: runs_by_wake_at.
    SELECT ... ORDER BY wake_at, run_id LIMIT :limit;

A SELECT that can give several rows has ORDER BY, and LIMIT or a bound that its comment states (`Bound: ...`). One that
gives at most one row says so (`One row`, `At most one`), unless it only counts. Python holds no SQL but for pragmas and
transactions; the visibility compiler alone puts statements together.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house import PACKAGE, ROOT, Source, lines_of, sample, sources

pytestmark = pytest.mark.house

PERSISTENCE = PACKAGE / "server/persistence"
WRITES_SQL = {PACKAGE / "server/visibility/compiler.py"}
SCHEMA_FILES = {"schema.sql"}
SCHEMA_FOLDERS = {"migrations"}

KEYWORDS = set(
    re.findall(
        r"\w+",
        """
        and as asc begin between by case cast collate commit conflict count create current delete desc distinct
        do else end except exists from group having in index insert into is join left like limit max min not
        null offset on or order over partition primary references replace returning rollback select set sum
        table then union unique update using values when where with
        """,
    )
)
CLOCKS = re.compile(
    r"\b(now|unixepoch|julianday|strftime|datetime|getdate)\s*\(|\bcurrent_(time|date|timestamp)\b", re.IGNORECASE
)
OTHER_PARAMETERS = re.compile(r"\?|\$\d|\$\w|%\(|%s|@\w")
ONE_ROW = re.compile(r"\b(one row|at most one)\b", re.IGNORECASE)
STATED_BOUND = re.compile(r"\bbound: \w", re.IGNORECASE)


class Query(NamedTuple):
    """One named statement."""

    path: Path
    line: int
    name: str
    comment: str  # what stands between the name and the statement
    statement: str  # without comments; strings blanked

    def at(self, what: str) -> str:
        return f"{self.path.as_posix()}:{self.line} ({self.name}): {what}"


def queries(text: str, path: Path = Path("sample.sql")) -> list[Query]:
    """The named statements of a file, in its order. What stands before the first name belongs to none."""
    parts = re.split(r"^-- name:(.*)$", text, flags=re.MULTILINE)
    line = parts[0].count("\n") + 1
    found: list[Query] = []
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        rows = body.strip("\n").splitlines()
        head = [row for row in rows if row.startswith("--")]
        statement = re.sub(r"--.*", "", "\n".join(rows))
        statement = re.sub(r"'(?:[^']|'')*'", "''", statement).strip()
        found.append(Query(path, line, name.strip(), " ".join(row.lstrip("- ") for row in head), statement))
        line += body.count("\n")
    return found


def query_files(folder: Path) -> list[Path]:
    return [
        path.relative_to(ROOT)
        for path in sorted((ROOT / folder).rglob("*.sql"))
        if path.name not in SCHEMA_FILES and path.parent.name not in SCHEMA_FOLDERS
    ]


def stores() -> list[Path]:
    """The folders that hold a store's SQL."""
    return sorted({path.parent for path in query_files(PERSISTENCE)})


def all_queries() -> Iterator[Query]:
    for path in query_files(PACKAGE):
        yield from queries((ROOT / path).read_text("utf-8"), path)


def without_name_or_meaning(query: Query) -> list[str]:
    found: list[str] = []
    if not re.fullmatch(r"[a-z][a-z0-9_]*", query.name):
        found.append(query.at("the name is not snake_case"))
    if len(query.comment.split()) < 3:
        found.append(query.at("a line after the name says what the query means"))
    if query.statement.count(";") > 1 or not query.statement.endswith(";"):
        found.append(query.at("one statement stands under a name, and ends in a semicolon"))
    return found


def quiet_keywords(query: Query) -> list[str]:
    bare = re.sub(r":\w+|\b\w+\.\w+|\"[^\"]*\"", "", query.statement)
    quiet = sorted(
        {word for word in re.findall(r"[a-z]+\b(?!_)", bare) if word in KEYWORDS and stands_alone(word, bare)}
    )
    return [query.at(f"keywords are upper case: {', '.join(quiet)}")] if quiet else []


def stands_alone(word: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){word}(?![\w.])", text) is not None


def other_parameters(query: Query) -> list[str]:
    found = [query.at(f"parameters are :named, not {match}") for match in OTHER_PARAMETERS.findall(query.statement)]
    if "::" in query.statement:
        found.append(query.at("write CAST(x AS t): a colon means nothing but a parameter"))
    return found


def clocks(query: Query) -> list[str]:
    return [query.at("`now` is a parameter, never SQL's clock")] if CLOCKS.search(query.statement) else []


def unbounded_rows(query: Query) -> list[str]:
    if not query.statement.upper().startswith(("SELECT", "WITH")) or not re.search(r"\bSELECT\b", query.statement):
        return []
    if ONE_ROW.search(query.comment) or only_counts(query.statement):
        return []
    found: list[str] = []
    if not re.search(r"\bORDER BY\b", query.statement):
        found.append(query.at("rows come in no certain order: ORDER BY with a unique tail, or say `One row`"))
    if not re.search(r"\bLIMIT\b", query.statement) and not STATED_BOUND.search(query.comment):
        found.append(query.at("no LIMIT, and the comment states no bound (`Bound: ...`)"))
    return found


def only_counts(statement: str) -> bool:
    """Aggregates without GROUP BY, and EXISTS: always one row."""
    if re.search(r"\bGROUP BY\b", statement):
        return False
    return (
        re.match(r"SELECT\s+(COUNT|MIN|MAX|SUM|TOTAL|EXISTS|COALESCE\s*\(\s*(MIN|MAX|SUM))\s*\(?", statement)
        is not None
    )


Rule = Callable[[Query], list[str]]
RULES: list[Rule] = [without_name_or_meaning, quiet_keywords, other_parameters, clocks, unbounded_rows]


def sql_in_python(source: Source) -> list[str]:
    """Statements in strings; docstrings may show some."""
    if source.path in WRITES_SQL or not source.is_of_the_package:
        return []
    docs = {id(doc) for node in ast.walk(source.tree) for doc in docstring_of(node)}
    return [
        source.at(node, f"SQL belongs in a .sql file: {node.value.strip()[:40]!r}")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docs
        and re.match(
            r"\s*(SELECT\s|INSERT\s+(INTO|OR)\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+\w+\s)", node.value
        )
    ]


def docstring_of(node: ast.AST) -> list[ast.Constant]:
    body: list[ast.stmt] = getattr(node, "body", []) if isinstance(getattr(node, "body", None), list) else []
    values = [statement.value for statement in body if isinstance(statement, ast.Expr)]
    return [value for value in values if isinstance(value, ast.Constant)]


def unused(names: set[str], code: list[Source]) -> set[str]:
    """Queries whose name stands in no string of the code."""
    strings = {
        node.value
        for source in code
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return names - strings


@pytest.mark.parametrize("rule", RULES)
def test_no_query_breaks(rule: Rule) -> None:
    found = [complaint for query in all_queries() for complaint in rule(query)]
    assert not found, lines_of(found)


def test_sql_stands_in_sql_files() -> None:
    found = [complaint for source in sources("src") for complaint in sql_in_python(source)]
    assert not found, lines_of(found)


@pytest.mark.parametrize("store", stores(), ids=str)
def test_each_name_is_given_once_and_used(store: Path) -> None:
    named = [query.name for path in query_files(store) for query in queries((ROOT / path).read_text("utf-8"), path)]
    code = [source for source in sources("src") if source.path.is_relative_to(store)]
    assert not [name for name, count in Counter(named).items() if count > 1]
    assert not unused(set(named), code)


def test_stores_on_databases_have_the_same_names() -> None:
    names = [
        {query.name for path in query_files(store) for query in queries((ROOT / path).read_text("utf-8"), path)}
        for store in stores()
    ]
    assert all(each == names[0] for each in names)


@pytest.mark.parametrize("store", stores(), ids=str)
def test_migrations_are_numbered_without_gaps(store: Path) -> None:
    migrations = sorted((ROOT / store / "migrations").glob("*.sql"))
    numbers = [path.name.split("_")[0] for path in migrations]
    assert numbers == [f"{number:04}" for number in range(1, len(migrations) + 1)]


GOOD = """
-- Runs: one row each.

-- name: due_runs
-- Runs whose deadline has come, the longest overdue first. Index: runs_by_wake_at.
SELECT run_id, wake_at FROM runs
 WHERE wake_at <= :now AND kind <> 'select ?' -- strictly
 ORDER BY wake_at, run_id
 LIMIT :limit;

-- name: load_run
-- The run with this id. One row.
SELECT state FROM runs WHERE run_id = :run_id;

-- name: records_of_run
-- All that is pending. Bound: what the limits of a run allow.
SELECT kind, key, blob FROM pending WHERE run_id = :run_id ORDER BY kind, key;

-- name: count_tasks
-- How many tasks wait in the queue.
SELECT COUNT(*) FROM tasks WHERE queue = :queue;

-- name: update_run
-- Compare-and-set of the version.
UPDATE runs SET version = version + 1 WHERE run_id = :run_id AND version = :version RETURNING version;
"""


def test_good_queries_are_read_whole_and_not_complained_of() -> None:
    found = queries(GOOD)
    assert [query.name for query in found] == ["due_runs", "load_run", "records_of_run", "count_tasks", "update_run"]
    assert found[0].line == 4
    assert "strictly" not in found[0].statement
    assert not [complaint for query in found for rule in RULES for complaint in rule(query)]


@pytest.mark.parametrize(
    "rule, old, new",
    [
        (without_name_or_meaning, "-- name: due_runs", "-- name: Due-Runs"),
        (without_name_or_meaning, "-- Compare-and-set of the version.\n", ""),
        (without_name_or_meaning, "RETURNING version;", "; DELETE FROM runs;"),
        (without_name_or_meaning, "RETURNING version;", ""),
        (quiet_keywords, "SELECT state FROM", "select state FROM"),
        (quiet_keywords, "ORDER BY wake_at", "order by wake_at"),
        (other_parameters, "= :version", "= ?"),
        (other_parameters, "= :version", "= $1"),
        (other_parameters, "= :version", "= %(version)s"),
        (other_parameters, "COUNT(*)", "COUNT(*)::int"),
        (clocks, ":now", "unixepoch()"),
        (clocks, ":now", "CURRENT_TIMESTAMP"),
        (unbounded_rows, " ORDER BY wake_at, run_id\n", ""),
        (unbounded_rows, " LIMIT :limit", ""),
        (unbounded_rows, " One row.", ""),
        (unbounded_rows, " Bound: what the limits of a run allow.", ""),
        (unbounded_rows, "WHERE queue = :queue", "GROUP BY queue"),
    ],
)
def test_a_bad_query_is_found(rule: Rule, old: str, new: str) -> None:
    assert old in GOOD
    assert [complaint for query in queries(GOOD.replace(old, new)) for complaint in rule(query)]


@pytest.mark.parametrize(
    "code",
    [
        'rows = db.execute("SELECT run_id FROM runs")',
        'db.execute("""\n    INSERT INTO runs VALUES (1)""")',
        'db.execute(f"DELETE FROM {table}")',
        'db.execute("CREATE TABLE runs (id)")',
    ],
)
def test_sql_in_python_is_found(code: str) -> None:
    assert sql_in_python(sample(code))


def test_pragmas_docstrings_and_the_compiler_are_not_complained_of() -> None:
    assert not sql_in_python(
        sample('def f():\n    """SELECT is what this is about."""\n    db.execute("BEGIN IMMEDIATE")')
    )
    assert not sql_in_python(sample('text = "SELECT x FROM y"', min(WRITES_SQL).as_posix()))


def test_an_unused_query_is_found() -> None:
    assert unused({"due_runs", "load_run"}, [sample('SQL["due_runs"]')]) == {"load_run"}
