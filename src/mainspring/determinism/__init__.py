"""What keeps workflow code repeatable: guards while it runs, and a reading of it when it is registered.

    worker/_loop.Running(loop)  ->  Guards.enter / leave      time, chance, files, threads, ... are seen by the guards
    workflow.defn               ->  registered_class(...)     forbidden calls are found in the source, by file and line
    check_module("app.py")      ->  [Finding]                 the same, for a whole file and no worker

There is no sandbox: workflow code runs in the modules that everybody imports. While a run is activated, the functions
of the standard library that workflow code must not reach are replaced by ours, which look whether the caller's event
loop is a workflow's. Clocks and chance then give the workflow's own time and numbers, the same in every replay; what
waits, acts or reads the machine raises `ForbiddenCallError`, which says what to write in its place.

Whose call it is decides: logging, imports, tracebacks, debuggers and what is let through (`let_through`) have the real
thing, since they are no workflow's logic; other libraries may read files and the environment, but not act.
Inside `workflow.unsafe.sandbox_unrestricted()` and `workflow.side_effect` everything is real.

`strict()` makes findings at registration errors.

May import: `exceptions`, and of `workflow` the runtime, its errors and marks. `docs/decisions/0012` says why it is so.
Start reading at `_rules.py` (what is guarded, and what to write instead), then `_guards.py`.
"""

from mainspring.determinism._debugger import debugger_is_attached
from mainspring.determinism._errors import ForbiddenCallError, NondeterminismWarning, UnorderedWarning, strict
from mainspring.determinism._findings import Finding, FindingKind
from mainspring.determinism._modules import check_module
from mainspring.determinism._places import let_through

__all__ = [
    "Finding",
    "FindingKind",
    "ForbiddenCallError",
    "NondeterminismWarning",
    "UnorderedWarning",
    "check_module",
    "debugger_is_attached",
    "let_through",
    "strict",
]
