"""Reads one function of workflow code: what it calls that it must not, and which other functions it calls.

What stands in `with workflow.unsafe.sandbox_unrestricted():`, in the function given to `workflow.side_effect`, below
`if TYPE_CHECKING:` or `if not workflow.in_workflow():` is no workflow code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from mainspring.determinism._findings import Finding, FindingKind
from mainspring.determinism._names import Function, Module, Scope
from mainspring.determinism._rules import (
    ENVIRONMENT,
    LOOP_CALLS,
    MODULE_FUNCTIONS,
    OPEN_TO_READ,
    OPEN_TO_WRITE,
    PATH_READS,
    PATH_WRITES,
    READ_ONLY,
    Rule,
    is_for_writing,
)

ENVIRONMENTS = {"os.environ", "os.environb"}
CALLS = {name: rule for name, rule in (MODULE_FUNCTIONS | READ_ONLY).items() if name not in ENVIRONMENTS}
LOOPS = {"asyncio.get_running_loop", "asyncio.get_event_loop"}
SDKS = ("mainspring.", "temporalio.")
SCHEDULING = ("mainspring.workflow.", "temporalio.workflow.", "asyncio.")
OPENS = {"builtins.open", "io.open"}
SORTED = "give it an order that is the same in every process: `sorted(...)`, a list, or `dict.fromkeys(...)`"
SEED = "write `workflow.random()` or `workflow.new_random()`; a generator without a seed differs in every replay"


class Reading(ast.NodeVisitor):
    """See the module. `functions` and `methods`: what is called by a plain name and by `self.name`."""

    def __init__(self, module: Module, function: Function, name: str) -> None:
        self.findings: list[Finding] = []
        self.functions: list[Function] = []
        self.methods: list[str] = []
        self._module = module
        self._name = name
        self._scope = Scope(module, function)
        self._visit_all(function.body)

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _found(self, node: ast.expr | ast.stmt, name: str, rule: Rule | str, kind: FindingKind) -> None:
        instead = rule if isinstance(rule, str) else rule.instead
        self.findings.append(Finding(self._module.path, node.lineno, self._name, name, instead, kind))

    # -- what is no workflow code

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        self._visit_all(node.items)
        if not any(self._is_unrestricted(item.context_expr) for item in node.items):
            self._visit_all(node.body)

    visit_AsyncWith = visit_With  # noqa: N815 - ast's name

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        is_outside = self._is_outside(node.test)
        if is_outside is not True:
            self._visit_all(node.body)
        if is_outside is not False:
            self._visit_all(node.orelse)

    def _is_outside(self, test: ast.expr) -> bool | None:
        """Whether a condition holds only outside workflows; False: only within; None: it says neither."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self._is_outside(test.operand)
            return None if inner is None else not inner
        if isinstance(test, ast.Call):
            return False if self._is_of_sdk(test.func, "in_workflow") else None
        return True if (self._scope.resolve(test) or "").endswith("typing.TYPE_CHECKING") else None

    def _is_unrestricted(self, manager: ast.expr) -> bool:
        return isinstance(manager, ast.Call) and self._is_of_sdk(manager.func, "sandbox_unrestricted")

    def _is_of_sdk(self, node: ast.expr, name: str) -> bool:
        resolved = self._scope.resolve(node) or ""
        return resolved.startswith(SDKS) and resolved.endswith(f".{name}")

    # -- functions within

    def visit_FunctionDef(self, node: Function) -> None:
        self._visit_within(node, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's name

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_within(node, [node.body])

    def _visit_within(self, node: Function | ast.Lambda, body: Iterable[ast.AST]) -> None:
        outer = self._scope
        self._scope = Scope(self._module, node, outer)
        self._visit_all(body)
        self._scope = outer

    # -- calls

    def visit_Call(self, node: ast.Call) -> None:
        name = self._scope.resolve(node.func)
        if name is not None and self._is_of_sdk(node.func, "side_effect"):
            return
        self._judge(node, name)
        called = self._scope.function_called(node.func)
        if called is not None:
            self.functions.append(called)
        elif isinstance(node.func, ast.Attribute) and _is_own(node.func.value):
            self.methods.append(node.func.attr)
        self.generic_visit(node)

    def _judge(self, node: ast.Call, name: str | None) -> None:
        if name in OPENS:
            rule = OPEN_TO_WRITE if is_for_writing(_mode(node)) else OPEN_TO_READ
            self._found(node, "open()", rule, FindingKind.FORBIDDEN)
        elif name in CALLS:
            self._found(node, f"{name.removeprefix('builtins.')}()", CALLS[name], FindingKind.FORBIDDEN)
        elif name == "random.Random" and not node.args and not node.keywords:
            self._found(node, "random.Random()", SEED, FindingKind.UNREPEATABLE)
        elif name == "asyncio.as_completed" and node.args and self._is_unordered(node.args[0]):
            self._found(node, "asyncio.as_completed() of a set", SORTED, FindingKind.UNORDERED)
        elif name is not None and any(isinstance(one, ast.Starred) for one in node.args):
            self._judge_starred(node, name)
        elif isinstance(node.func, ast.Attribute):
            self._judge_method(node, node.func)

    def _judge_starred(self, node: ast.Call, name: str) -> None:
        starred = [one.value for one in node.args if isinstance(one, ast.Starred)]
        if name.startswith(SCHEDULING) and any(self._is_unordered(one) for one in starred):
            self._found(node, f"{name}() of a set", SORTED, FindingKind.UNORDERED)

    def _judge_method(self, node: ast.Call, method: ast.Attribute) -> None:
        maker = self._scope.resolve(method.value.func) if isinstance(method.value, ast.Call) else None
        if maker == "pathlib.Path" and method.attr in PATH_READS | PATH_WRITES:
            is_read = method.attr in PATH_READS and not is_for_writing(_mode(node, 0))
            rule = OPEN_TO_READ if is_read else OPEN_TO_WRITE
            self._found(node, f"Path.{method.attr}()", rule, FindingKind.FORBIDDEN)
        elif method.attr in LOOP_CALLS and (maker in LOOPS or method.attr == "run_in_executor"):
            self._found(node, f"loop.{method.attr}()", LOOP_CALLS[method.attr], FindingKind.FORBIDDEN)

    # -- the environment

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._judge_environment(node)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._judge_environment(node)

    def _judge_environment(self, node: ast.Attribute | ast.Name) -> None:
        name = self._scope.resolve(node)
        if name in ENVIRONMENTS:
            self._found(node, name, ENVIRONMENT, FindingKind.FORBIDDEN)

    # -- the order of sets

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._judge_order(node.iter, node.body)
        self.generic_visit(node)

    visit_AsyncFor = visit_For  # noqa: N815 - ast's name

    def visit_ListComp(self, node: ast.ListComp | ast.GeneratorExp) -> None:
        for generator in node.generators:
            self._judge_order(generator.iter, [node.elt])
        self.generic_visit(node)

    visit_GeneratorExp = visit_ListComp  # noqa: N815 - ast's name

    def _judge_order(self, iterated: ast.expr, body: Iterable[ast.AST]) -> None:
        if self._is_unordered(iterated) and any(self._schedules(node) for node in body):
            self._found(iterated, "a loop over a set", SORTED, FindingKind.UNORDERED)

    def _schedules(self, body: ast.AST) -> bool:
        return any(
            isinstance(node, ast.Await)
            or (isinstance(node, ast.Call) and (self._scope.resolve(node.func) or "").startswith(SCHEDULING))
            for node in ast.walk(body)
        )

    def _is_unordered(self, node: ast.expr) -> bool:
        """Whether it is a set, other than of numbers or of tasks, which have an order."""
        if isinstance(node, ast.SetComp):
            return not self._is_ordered(node.elt)
        if isinstance(node, ast.Set):
            return not all(self._is_ordered(one) for one in node.elts)
        if isinstance(node, ast.Call) and node.args:
            return self._scope.resolve(node.func) in {"builtins.set", "builtins.frozenset"}
        return False

    def _is_ordered(self, element: ast.expr) -> bool:
        if isinstance(element, ast.Constant):
            return isinstance(element.value, int)
        name = self._scope.resolve(element.func) if isinstance(element, ast.Call) else None
        return name in {"asyncio.create_task", "asyncio.ensure_future"} or (
            name is not None and name.startswith(SDKS) and ".start_" in name
        )


def _is_own(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


def _mode(call: ast.Call, at: int = 1) -> object:
    """The mode in a call of `open`, if it is written there."""
    given: Iterator[ast.expr] = (keyword.value for keyword in call.keywords if keyword.arg == "mode")
    value = next(given, call.args[at] if len(call.args) > at else None)
    return value.value if isinstance(value, ast.Constant) else None
