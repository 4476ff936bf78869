"""The check of a whole file, which need not be importable, nor have a worker."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType

from mainspring.determinism._allowed import allowed_codes
from mainspring.determinism._findings import Finding
from mainspring.determinism._names import module_of
from mainspring.determinism._workflows import check_class, check_function, methods_in, workflows_in


def check_module(module: ModuleType | str | Path) -> list[Finding]:
    """Read all workflows of a module, given itself or as the path of its file; nothing of it is run.

    What a comment allows, as `# mainspring: allow[forbidden]` in the line of a finding, is not told.

    Raises:
        OSError: The file cannot be read.
        SyntaxError: It is not Python.
    """
    if isinstance(module, ModuleType):
        path, text = module.__file__ or module.__name__, inspect.getsource(module)
    else:
        path, text = str(module), Path(module).read_text("utf-8")
    allowed = allowed_codes(text)
    return [one for one in findings_in(path, text) if one.kind.value not in allowed.get(one.line, ())]


def findings_in(path: str, text: str) -> list[Finding]:
    """All that is found in the text of a module, allowed or not. Raises: SyntaxError: it is not Python."""
    names = module_of(path, text)
    if names is None:
        raise SyntaxError(f"{path} is not Python")
    findings: list[Finding] = []
    for workflow in workflows_in(names):
        if isinstance(workflow, str):
            findings += check_class(methods_in(names, workflow))
        else:
            findings += check_function(names, workflow)
    return sorted(dict.fromkeys(findings), key=lambda one: (one.path, one.line))
