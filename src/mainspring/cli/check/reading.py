"""Files in, complaints out."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mainspring.cli.check.calls import wrong_calls
from mainspring.cli.check.definitions import wrong_definitions
from mainspring.cli.check.program import Complaint, Program
from mainspring.cli.migrate_imports import read
from mainspring.determinism import Finding
from mainspring.determinism._allowed import allowed_codes
from mainspring.determinism._modules import findings_in
from mainspring.determinism._names import Module


def complaints_of(files: Sequence[Path]) -> list[Complaint]:
    """All that is wrong with the files, by file and line, and that no comment allows.

    A file that is no Python is one complaint, as is a comment that allows what is not there.
    """
    modules: list[Module] = []
    found: list[Complaint] = []
    allowed: dict[str, Mapping[int, frozenset[str]]] = {}
    for file in files:
        try:
            text = read(file).text
            modules.append(Module(str(file), ast.parse(text)))
            found += map(of_finding, findings_in(str(file), text))
            allowed[str(file)] = allowed_codes(text)
        except SyntaxError as error:
            found.append(Complaint(str(file), error.lineno or 1, "syntax", f"SyntaxError: {error.msg}"))
        except (OSError, ValueError, RecursionError) as error:
            found.append(Complaint(str(file), 1, "unreadable", f"cannot be read: {error}"))
    program = Program(modules)
    found += [*wrong_definitions(program), *wrong_calls(program)]
    return sorted(not_allowed(dict.fromkeys(found), allowed))


def not_allowed(found: Iterable[Complaint], allowed: Mapping[str, Mapping[int, frozenset[str]]]) -> Iterator[Complaint]:
    """What is left of the complaints, and the comments that allow nothing: they would hide what comes to be there."""
    unused = {(path, line, code) for path, lines in allowed.items() for line, codes in lines.items() for code in codes}
    for complaint in found:
        place = complaint.path, complaint.line, complaint.code
        if complaint.code in allowed.get(complaint.path, {}).get(complaint.line, ()):
            unused.discard(place)
        else:
            yield complaint
    for path, line, code in unused:
        yield Complaint(path, line, "unused-allow", f"nothing here is to be allowed as {code!r}: take the comment out")


def of_finding(finding: Finding) -> Complaint:
    message = f"{finding.name} in workflow code ({finding.function}): {finding.instead}"
    return Complaint(finding.path, finding.line, finding.kind.value, message)
