"""Sizes, shapes and names: what keeps a file readable in one sitting.

Each rule is a function from a source to complaints. Exceptions stand here by name with a reason, and nowhere else; one
that is no longer needed fails too, so that no list keeps what it need not.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house import ENGINE, PACKAGE, ROOT, Source, dotted, lines_of, sample, sources, text_files
from tests.official import official_names

pytestmark = [pytest.mark.house, pytest.mark.timeout(60)]  # each reads all code, and the machine may be busy

Rule = Callable[[Source], list[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef

CODE = ("src", "tests", "tools", "examples", "benchmarks")
MOST_FUNCTION_LINES = 80
LONG_FUNCTION_LINES = 50
MOST_LONG_FUNCTIONS = 0.03
MOST_FILE_LINES = 600
MOST_TEST_FILE_LINES = 1_000
MOST_PARAMETERS = 5
MOST_PUBLIC_METHODS = 20
ROOM_DOC_LINES = range(10, 41)
BIG_MODULE_LINES = 100

LONG_FUNCTIONS: dict[str, str] = {}  # "path::function" -> reason
WIDE_FUNCTIONS: dict[str, str] = {  # "path::function" -> reason
    "src/mainspring/cli/codec.py::CodecClient._rpc_call": "overrides the service client's",
    "src/mainspring/server/engine/activity.py::start_attempt": "what a poll says of its worker, by keyword",
    "src/mainspring/server/engine/events.py::activity_task_failed": "one parameter per attribute of the event",
    "src/mainspring/server/engine/run.py::Run.load": "the fields of a stored run, by keyword",
    "src/mainspring/server/engine/workflow_task.py::start": "what a poll says of its worker, by keyword",
    "src/mainspring/_embedded/_open.py::embedded": "the options of one block, each by its own name",
    "tests/persistence/rows.py::changes": "the fields of a transition, by keyword",
    "src/mainspring/server/history/service.py::History.__init__": "all that the room needs of others, by keyword",
}
WIDE_CLASSES: dict[str, str] = {  # "path::class" -> reason
    "tests/simulation/program.py::Program": "a method for each kind of step",
    "src/mainspring/worker/_run_runtime.py::RunRuntime": "all that workflow code asks of its run is one door",
    "src/mainspring/server/persistence/sqlite/store.py::SqliteStore": "one method per method of Store",
}
PARTS_OF_OFFICIAL = {  # class -> the official class that it is a part of, or is under a plain name
    "ActivityCalls": "Client",
    "NexusCalls": "Client",
    "ClientBase": "Client",
    "ClientImpl": "_ClientImpl",
    "ScheduleCalls": "Client",
    "TypedActivityCalls": "Client",
    "UpdateCalls": "Client",
    "WorkflowCalls": "Client",
}
LONG_FILES: dict[str, str] = {}  # "path" -> reason

VAGUE_WORDS = {"helper", "helpers", "manager", "managers", "misc", "util", "utils", "utility", "utilities"}


def functions(source: Source) -> Iterator[tuple[str, Function]]:
    """Every function with its dotted name, those inside functions too."""

    def inside(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                yield prefix + child.name, child
            if isinstance(child, Function | ast.ClassDef):
                yield from inside(child, f"{prefix}{child.name}.")
            elif not isinstance(child, ast.expr):  # no function stands in an expression, and most nodes are of those
                yield from inside(child, prefix)

    return inside(source.tree, "")


def line_count(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def key(source: Source, name: str) -> str:
    return f"{source.path.as_posix()}::{name}"


def too_long_functions(source: Source) -> list[str]:
    return [
        source.at(node, f"{name} has {line_count(node)} lines, at most {MOST_FUNCTION_LINES} may be")
        for name, node in functions(source)
        if line_count(node) > MOST_FUNCTION_LINES and key(source, name) not in LONG_FUNCTIONS
    ]


def too_long_file(source: Source) -> list[str]:
    most = MOST_TEST_FILE_LINES if source.path.parts[0] == "tests" else MOST_FILE_LINES
    count = len(source.text.splitlines())
    if count <= most or source.path.as_posix() in LONG_FILES:
        return []
    return [source.at(count, f"{count} lines, at most {most} may be")]


def is_command_line(node: Function) -> bool:
    """A click command: its parameters are its flags, one each."""
    names = [dotted(mark.func) if isinstance(mark, ast.Call) else dotted(mark) for mark in node.decorator_list]
    return any(name.endswith((".command", ".group")) for name in names)


def parameter_count(node: Function) -> int:
    plain = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    bound = plain[:1] in (["self"], ["cls"])
    return len(plain) - bound + len(node.args.kwonlyargs)


def too_many_parameters(source: Source) -> list[str]:
    """More than five mean a struct; keyword-only ones count too, since the reader has to know them all."""
    return [
        source.at(
            node, f"{name} has {parameter_count(node)} parameters, at most {MOST_PARAMETERS} may be: pass a struct"
        )
        for name, node in functions(source)
        if parameter_count(node) > MOST_PARAMETERS
        and not is_command_line(node)
        and not is_official(source, name)
        and key(source, name) not in WIDE_FUNCTIONS
    ]


def public_methods(node: ast.ClassDef) -> list[str]:
    return [child.name for child in node.body if isinstance(child, Function) and not child.name.startswith("_")]


def is_official(source: Source, name: str) -> bool:
    """A function or class of the SDK that has the official SDK's name: its shape is the official one's."""
    owner, *rest = name.split(".")
    officially = ".".join([PARTS_OF_OFFICIAL.get(owner, owner), *rest])
    return source.is_of_the_package and "server" not in source.path.parts and officially in official_names()


def too_wide_classes(source: Source) -> list[str]:
    classes = [node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
    return [
        source.at(
            node, f"{node.name} has {len(public_methods(node))} public methods, at most {MOST_PUBLIC_METHODS} may be"
        )
        for node in classes
        if len(public_methods(node)) > MOST_PUBLIC_METHODS
        and not is_official(source, node.name)
        and key(source, node.name) not in WIDE_CLASSES
    ]


def vague_names(source: Source) -> list[str]:
    found = [
        source.at(1, f"{part!r} says nothing: name the file for what it does")
        for part in source.path.parts
        if VAGUE_WORDS & set(words(part.removesuffix(".py")))
    ]
    named = [node for node in ast.walk(source.tree) if isinstance(node, Function | ast.ClassDef)]
    return found + [
        source.at(node, f"{node.name!r} says nothing: name it for what it does")
        for node in named
        if VAGUE_WORDS & set(words(node.name)) and not is_official(source, node.name)
    ]


def words(name: str) -> list[str]:
    """snake_case and CamelCase, taken apart."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def silent_handlers(source: Source) -> list[str]:
    """`except X: pass`: say `with suppress(X)` where nothing is to be done, and never for all exceptions."""
    found: list[str] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and all(is_nothing(statement) for statement in node.body):
            found.append(source.at(node, "the exception is swallowed"))
        elif isinstance(node, ast.Call) and dotted(node.func) in {"suppress", "contextlib.suppress"}:
            names = {dotted(argument) for argument in node.args}
            if names & {"Exception", "BaseException"}:
                found.append(source.at(node, "all exceptions are swallowed"))
    return found


def is_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def loose_dicts(source: Source) -> list[str]:
    """`dict[str, Any]`: a record has a struct. The SDK's public signatures are the official ones, which have such."""
    if source.is_of_the_package and "server" not in source.path.parts:
        return []
    return [
        source.at(node, "dict[str, Any]: write a msgspec.Struct")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Subscript)
        and dotted(node.value) in {"dict", "Mapping", "MutableMapping", "defaultdict"}
        and isinstance(node.slice, ast.Tuple)
        and dotted(node.slice.elts[-1]) in {"Any", "typing.Any"}
    ]


def comments(source: Source) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def loose_ends(source: Source) -> list[str]:
    """A TODO belongs to an issue: `TODO(#12): ...`."""
    return [
        source.at(line, f"no issue number: {text}")
        for line, text in comments(source)
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\): \S)", text)
    ]


IGNORE = re.compile(r"(type: ignore|pyright: ignore|noqa|pragma: no cover)")
GOOD_IGNORE = re.compile(
    r"type: ignore\[[\w-]+(, ?[\w-]+)*\] +# *\w"
    r"|pyright: ignore\[\w+(, ?\w+)*\][ #-]+\w"
    r"|noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*[ #-]+\w"
)


def unexplained_ignores(source: Source) -> list[str]:
    """Each switch of a checker names the code and, after another `#`, the reason."""
    return [
        source.at(line, f"say which code is ignored, and why: {text}")
        for line, text in comments(source)
        if IGNORE.search(text) and not GOOD_IGNORE.search(text)
    ]


def undocumented_module(source: Source) -> list[str]:
    doc = ast.get_docstring(source.tree)
    if not source.is_of_the_package:
        return []
    if not doc:
        return [source.at(1, "no module docstring")]
    big = len(source.text.splitlines()) > BIG_MODULE_LINES
    return [source.at(1, "a big module says more than one line")] if big and len(doc.splitlines()) < 3 else []


def room_page(source: Source) -> list[str]:
    """The `__init__.py` of a room of the server is its page."""
    is_room = source.path.name == "__init__.py" and source.path.parent.parent == PACKAGE / "server"
    length = len((ast.get_docstring(source.tree) or "").splitlines())
    if not is_room or length in ROOM_DOC_LINES:
        return []
    return [source.at(1, f"a room's page has 10 to 40 lines, this one {length}")]


def sleeps(source: Source) -> list[str]:
    """A unit test has a virtual clock, `run_once()` or a signal to wait for; `sleep(0)` only lets others run."""
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    return [
        source.at(call, "a unit test does not sleep")
        for call in calls
        if dotted(call.func) in {"time.sleep", "asyncio.sleep", "sleep"} and not is_zero(call)
    ]


def is_zero(call: ast.Call) -> bool:
    return len(call.args) > 0 and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


RULES: list[Rule] = [
    too_long_functions,
    too_long_file,
    too_many_parameters,
    too_wide_classes,
    vague_names,
    silent_handlers,
    loose_dicts,
    loose_ends,
    unexplained_ignores,
    undocumented_module,
    room_page,
]


@pytest.mark.parametrize("rule", RULES)
def test_no_file_breaks(rule: Rule) -> None:
    found = [complaint for source in sources(*CODE) for complaint in rule(source)]
    assert not found, lines_of(found)


def test_no_unit_test_sleeps() -> None:
    rooms = [path.name for path in (ROOT / PACKAGE / "server").iterdir() if path.is_dir()]
    units = [source for source in sources("tests") if source.path.parts[1] in rooms]
    found = [complaint for source in units for complaint in sleeps(source)]
    assert not found, lines_of(found)


@pytest.mark.parametrize("folder", CODE)
def test_few_functions_are_longer_than_fifty_lines(folder: str) -> None:
    lengths = {key(source, name): line_count(node) for source in sources(folder) for name, node in functions(source)}
    long = sorted(name for name, length in lengths.items() if length > LONG_FUNCTION_LINES)
    assert len(long) <= max(1, MOST_LONG_FUNCTIONS * len(lengths)), lines_of(long)


def test_every_folder_of_the_package_is_a_package() -> None:
    folders = {source.path.parent for source in sources("src")} - {Path("src")}
    assert not [folder for folder in folders if not (ROOT / folder / "__init__.py").exists()]


def test_exceptions_are_still_needed() -> None:
    by_path = {source.path.as_posix(): source for source in sources(*CODE)}
    needed = {path for path, source in by_path.items() if len(source.text.splitlines()) > MOST_FILE_LINES}
    for source in by_path.values():
        needed |= {key(source, name) for name, node in functions(source) if line_count(node) > MOST_FUNCTION_LINES}
        needed |= {key(source, name) for name, node in functions(source) if parameter_count(node) > MOST_PARAMETERS}
        classes = [node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
        needed |= {key(source, node.name) for node in classes if len(public_methods(node)) > MOST_PUBLIC_METHODS}
    listed = {*LONG_FUNCTIONS, *WIDE_FUNCTIONS, *WIDE_CLASSES, *LONG_FILES}
    assert listed <= needed


MACHINE_PATH = re.compile(r"(?<![\w.])/(work|root|farm|Users|home/(?!user/|you/)\w+)/|\b[A-Z]:\\Users\\")


def machine_paths(text: str) -> list[str]:
    return [match.group() for match in MACHINE_PATH.finditer(text)]


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = [
        f"{path}: {match}"
        for path in text_files()
        if path.name != Path(__file__).name
        for match in machine_paths((ROOT / path).read_text("utf-8"))
    ]
    assert not found, lines_of(found)


@pytest.mark.parametrize(
    "text", ["see /work/main/x", "/root/.cache/pip", "'/home/ada/src'", r"C:\Users\ada", "(/Users/ada/x)"]
)
def test_a_path_of_a_machine_is_found(text: str) -> None:
    assert machine_paths(text)


@pytest.mark.parametrize("text", ["docs/work/x", "/var/lib/mainspring/app.db", "the /home page", "a/root/b"])
def test_other_paths_are_not_complained_of(text: str) -> None:
    assert not machine_paths(text)


BODY = "    x = 1\n"


@pytest.mark.parametrize(
    "rule, code",
    [
        (too_long_functions, "def f() -> None:\n" + BODY * MOST_FUNCTION_LINES),
        (too_long_functions, "class A:\n  def f(self) -> None:\n" + BODY * MOST_FUNCTION_LINES),
        (too_long_file, "x = 1\n" * (MOST_FILE_LINES + 1)),
        (too_many_parameters, "def f(a, b, c, *, d, e, f): ..."),
        (too_many_parameters, "class A:\n    async def f(self, a, b, c, d, e, f): ..."),
        (too_wide_classes, "class A:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(21))),
        (vague_names, "class RunManager: ..."),
        (vague_names, "def parse_helper(): ..."),
        (silent_handlers, "try:\n    x = 1\nexcept OSError:\n    pass"),
        (silent_handlers, "try:\n    x = 1\nexcept:\n    ..."),
        (silent_handlers, "with suppress(Exception):\n    x = 1"),
        (loose_dicts, "def f(options: dict[str, Any]) -> None: ..."),
        (loose_dicts, "def f(options: Mapping[str, typing.Any]) -> None: ..."),
        (loose_ends, "x = 1  # TODO: later"),
        (loose_ends, "# FIXME #12"),
        (unexplained_ignores, "x = 1  # type: ignore"),
        (unexplained_ignores, "x = 1  # type: ignore[assignment]"),
        (unexplained_ignores, "x = 1  # noqa"),
        (unexplained_ignores, "x = 1  # noqa: E501"),
        (undocumented_module, "x = 1"),
        (undocumented_module, '"""One line."""\n' + "x = 1\n" * BIG_MODULE_LINES),
        (sleeps, "import time\ntime.sleep(0.1)"),
        (sleeps, "async def f(): await asyncio.sleep(delay)"),
    ],
)
def test_a_bad_sample_is_found(rule: Rule, code: str) -> None:
    assert rule(sample(code))


@pytest.mark.parametrize(
    "rule, code",
    [
        (too_long_functions, "def f() -> None:\n" + BODY * (MOST_FUNCTION_LINES - 1)),
        (too_many_parameters, "class A:\n    def f(self, a, b, c, d, e): ..."),
        (too_many_parameters, "@server.command('start-dev')\ndef start_dev(a, b, c, d, e, f): ..."),
        (vague_names, "@contextmanager\ndef transaction(): ..."),
        (silent_handlers, "try:\n    x = 1\nexcept OSError:\n    log.exception('x')"),
        (silent_handlers, "with suppress(KeyError):\n    x = 1"),
        (loose_dicts, "records: dict[str, bytes] = {}"),
        (loose_ends, "# TODO(#12): drop this with the old format"),
        (unexplained_ignores, "x = 1  # type: ignore[assignment]  # the stub lacks it"),
        (unexplained_ignores, "x = 1  # noqa: E501  # a URL"),
        (sleeps, "async def f(): await asyncio.sleep(0)"),
    ],
)
def test_a_good_sample_is_not_complained_of(rule: Rule, code: str) -> None:
    assert not rule(sample(code))


def test_a_room_without_its_page_is_found() -> None:
    assert room_page(sample('"""One line."""', (PACKAGE / "server/matching/__init__.py").as_posix()))
    assert not room_page(sample('"""One line."""', (ENGINE / "deep/__init__.py").as_posix()))


def test_a_vague_file_name_is_found() -> None:
    assert vague_names(sample("x = 1", "src/mainspring/server/history/run_utils.py"))
    assert not vague_names(sample("x = 1", "src/mainspring/server/history/run.py"))
