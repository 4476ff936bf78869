"""Files in, complaints out."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from mainspring.cli.check.calls import wrong_calls
from mainspring.cli.check.definitions import wrong_definitions
from mainspring.cli.check.program import Complaint, Program
from mainspring.cli.migrate_imports import read
from mainspring.determinism import Finding, check_module
from mainspring.determinism._names import Module


def complaints_of(files: Sequence[Path]) -> list[Complaint]:
    """All that is wrong with the files, by file and line; a file that is no Python is one complaint."""
    modules: list[Module] = []
    found: list[Complaint] = []
    for file in files:
        try:
            modules.append(Module(str(file), ast.parse(read(file).text)))
            found += map(of_finding, check_module(file))
        except SyntaxError as error:
            found.append(Complaint(str(file), error.lineno or 1, "syntax", f"SyntaxError: {error.msg}"))
        except (OSError, ValueError, RecursionError) as error:
            found.append(Complaint(str(file), 1, "unreadable", f"cannot be read: {error}"))
    program = Program(modules)
    found += [*wrong_definitions(program), *wrong_calls(program)]
    return sorted(dict.fromkeys(found))


def of_finding(finding: Finding) -> Complaint:
    message = f"{finding.name} in workflow code ({finding.function}): {finding.instead}"
    return Complaint(finding.path, finding.line, finding.kind.value, message)
