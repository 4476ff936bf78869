"""`TemporalReportedProblems`: a run whose workflow tasks keep failing says so in its search attributes.

Set after a number of problems in a row (limit `workflow_task_problems_count`, 0 = never), removed by the next
completed task. Reference: FEATURES 4.1; tests/differential/test_workflow_tasks.py.
"""

from __future__ import annotations

from mainspring.server.engine import search_attributes
from mainspring.server.engine.run import Run
from mainspring.server.engine.spelling import camel_case

ATTRIBUTE = "TemporalReportedProblems"


def note(run: Run, problem: tuple[str, str]) -> None:
    """One more workflow task failed or timed out."""
    state = run.state
    state.failures_in_a_row += 1
    threshold = run.limits.workflow_task_problems_count
    if threshold and state.failures_in_a_row >= threshold:
        category, cause = problem
        state.last_problem = (f"category={category}", f"cause={category}{_detail(category, cause)}")
        search_attributes.put_keywords(run, ATTRIBUTE, list(state.last_problem))


def _detail(category: str, cause: str) -> str:
    if category == "WorkflowTaskTimedOut":
        return f"Cause{cause}"
    return "Cause" + camel_case(cause)


def clear(run: Run) -> None:
    """A workflow task completed."""
    state = run.state
    state.failures_in_a_row = 0
    if state.last_problem:
        state.last_problem = ()
        search_attributes.remove(run, ATTRIBUTE)
