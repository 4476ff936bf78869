"""Where Mainspring answers otherwise than the real server, and means to. Each entry says why.

A difference blanks what its pattern matches in the lines of both normal forms before they are compared; a pattern that
matches a whole line drops the line. It names the scenarios that it concerns, so that it hides nothing elsewhere.
"""

from __future__ import annotations

import fnmatch
import re

import msgspec


class Difference(msgspec.Struct, frozen=True):
    """One difference that is meant."""

    scenarios: str  # a shell pattern over "feature::scenario"
    pattern: str  # a regular expression, searched in each line
    reason: str

    def concerns(self, scenario: str) -> bool:
        return fnmatch.fnmatchcase(scenario, self.scenarios)

    def blank(self, line: str) -> str:
        return re.sub(self.pattern, "", line)


MEANT: list[Difference] = [
    *(
        Difference(
            scenario,
            r" ?(current_retry_interval=\S+ ?)?(last_attempt_complete_time=…)?",
            "an attempt that timed out is over, too: the real server does not say when, and counts from 1970",
        )
        for scenario in ("describe::an_activity_whose_attempt_timed_out", "activities::a_timeout_is_tried_again*")
    ),
    *(
        Difference(
            scenario,
            r" pending_workflow_task=\{[^}]*\}",
            "nobody will take the workflow task of a closed run: the real server goes on to show it",
        )
        for scenario in (
            "describe::a_run_that_timed_out",
            "ending::a_run_is_terminated",
            "describe::request_ids_of_a_signal_that_starts",
            "start::a_run_timeout_ends_the_run",
            "start_policies::*",
        )
    ),
    *(
        Difference(
            scenario,
            r"(?<=event_type=WORKFLOW_EXECUTION_STARTED )event_id=\d",
            "a run's started event is its first: the real server names the signal that came with it",
        )
        for scenario in ("describe::request_ids_of_a_signal_that_starts", "signals::a_signal_starts_a_run")
    ),
    *(
        Difference(
            scenario,
            r' TaskQueue=(name:"\w+"\s+kind:\w+|\w+)',
            "the real server shows the message as its language prints it, with spaces that change from build to build",
        )
        for scenario in ("children::a_bad_command_fails_the_task[[]queue]", "continue_as_new::a_bad_command*")
    ),
    *(
        Difference(
            f"queries::an_answer_that_says_little[[]{name}]",
            r"^QueryWorkflow workflow -> .*$",
            "an answer without a type is a failure: the real server lets the caller wait until its deadline",
        )
        for name in ("empty", "message")
    ),
    Difference(
        "update_polls::each_stage[[]closed_before_it_was_sent]",
        r'(?<=^PollWorkflowExecutionUpdate -> NOT_FOUND )".*"(?= NotFoundFailure)',
        "an update that was aborted is not there: the real server says why while it has the run in memory",
    ),
    Difference(
        "query_waits::a_run_is_terminated_before_its_first_task",
        r"^QueryWorkflow workflow -> .*$",
        "a query that waits learns that its run has closed: the real server lets it wait until its deadline",
    ),
    Difference(
        "history::pages[[]1]",
        r"^GetWorkflowExecutionHistory workflow -> {history=0 events}$| next_page_token=…",
        "the last page says that it is the last: the real server needs an empty one for that, if pages fit exactly",
    ),
    Difference(
        "describe_queues::*",
        r"(requests|rate)_per_second=(1000|100000)\b",
        "a queue whose workers ask for no rate has none: the real server has a limit of its own",
    ),
    Difference(
        "describe_queues::*",
        r"(?<=\{)((read|ack)_level=\d+ )+| ((read|ack)_level=\d+|task_id_block=\{[^}]*\})",
        "tasks have no ids that come in blocks",
    ),
    Difference(
        "http::the_life_of_a_workflow",
        r"^ pendingWorkflowTask: .*$",
        "nobody will take the workflow task of a closed run: the real server goes on to show it",
    ),
    Difference(
        "http::a_payload_by_its_value*",
        r'"data": "", ',
        "a whole payload without data is shown with it: without, it would be read as a value, there as here",
    ),
    Difference(
        "http::the_form_of_an_answer[[]application/json+no-payload-shorthand--?pretty]",
        r"input is .* in",
        "whole payloads stay whole if lines are to be broken: the real server forgets the one for the other",
    ),
    Difference(
        "describe_queues::*",
        r" owner_host_name=\"[^\"]*\"",
        "there is one process, the one that was asked",
    ),
]
