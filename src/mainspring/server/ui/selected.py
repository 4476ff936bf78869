"""Actions on selected rows of the list: a preview of how many and which, then one call for each, a few at a time.

POST /workflows/selected   act=terminate, run=["id","run id"] ...   the preview; all=1 and a filter: of all it finds
POST /workflows/act        the same with what the action needs      what became of each
"""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from temporalio.api.common.v1 import WorkflowExecution

from mainspring.server.ui import acting, actions, arguments, codec, errors
from mainspring.server.ui.actions import FOR_MANY, Action, Target
from mainspring.server.ui.arguments import Argument, WrongField
from mainspring.server.ui.codec import Recoded
from mainspring.server.ui.matching import MOST, matching
from mainspring.server.ui.page import Fields, Page, Visit
from mainspring.server.ui.service import CodecFailed, Refused

_MOST_SHOWN: Final = 200
_AT_A_TIME: Final = 8
_KEY: Final = msgspec.json.Decoder(tuple[str, str])


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """One selected run."""

    key: str
    workflow_id: str
    run_id: str
    href: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The question before anything is done."""

    action: Action
    chosen: tuple[Chosen, ...]
    values: dict[str, str]
    arguments: tuple[Argument, ...]
    request_id: str
    wrong: WrongField | None = None
    note: str = ""  # if there are more than are chosen


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one call; `error` is empty if it succeeded."""

    run: Chosen
    error: str


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all."""

    action: Action
    done_count: int
    count: int
    outcomes: tuple[Outcome, ...]  # those that were refused first; not all if there are many


async def preview(visit: Visit) -> Page:
    """Ask before anything is done."""
    action = _action(visit)
    if not visit.form.one("all"):
        return _preview_page(visit, action, _chosen(visit), None)
    found = await matching(visit)
    if not found.runs:
        raise HTTPException(400, "No workflow matches any more.")
    chosen = tuple(_one(visit, key_of(run.execution)) for run in found.runs)
    return _preview_page(visit, action, chosen, None, note=found.note)


async def act(visit: Visit) -> Page:
    """Carry it out on each, whatever becomes of the others."""
    action, chosen = _action(visit), _chosen(visit)
    if visit.form.one("more"):
        return _preview_page(visit, action, chosen, None)
    try:
        # The forms differ in ids alone: if one is good, all are, and what they say is encoded once.
        sealed = await codec.sealed(visit, action.build(_target(visit, chosen[0]), _own_form(visit.form, chosen[0])))
    except CodecFailed as error:
        return _preview_page(visit, action, chosen, WrongField("text-0", str(error)))
    except WrongField as wrong:
        return _preview_page(visit, action, chosen, wrong)
    turns = asyncio.Semaphore(_AT_A_TIME)
    outcomes = await asyncio.gather(*(_outcome(visit, action, each, sealed, turns) for each in chosen))
    done_count = sum(not outcome.error for outcome in outcomes)
    told = sorted(outcomes, key=lambda outcome: not outcome.error)[:_MOST_SHOWN]
    model = Outcomes(action=action, done_count=done_count, count=len(outcomes), outcomes=tuple(told))
    return Page("selected_done.html", model, title=f"{action.label}: {done_count} done", section="workflows")


async def _outcome(visit: Visit, action: Action, run: Chosen, sealed: Recoded, turns: asyncio.Semaphore) -> Outcome:
    async with turns:
        request = sealed.message(action.build(_target(visit, run), _own_form(visit.form, run)))
        try:
            await visit.service.call(request, action.reply_type)
        except Refused as refused:
            return Outcome(run=run, error=f"{errors.code_name(refused.code)}: {refused.message}")
    return Outcome(run=run, error="")


def _own_form(form: Fields, run: Chosen) -> Fields:
    """The form with a request id of the run's own, the same each time the form is sent."""
    own_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{form.one('request_id')} {run.key}"))
    return Fields([("request_id", own_id), *form.items()])


def _target(visit: Visit, run: Chosen) -> Target:
    return Target(visit.namespace, run.workflow_id, run.run_id)


def _action(visit: Visit) -> Action:
    action = actions.ACTIONS.get(visit.form.one("act"))
    if action is None or action not in FOR_MANY:
        raise HTTPException(400, "There is no such action on many workflows.")
    acting.check_served(visit, action)
    return action


def key_of(execution: WorkflowExecution) -> str:
    """A run as the field `run` of a form names it."""
    return json.dumps([execution.workflow_id, execution.run_id])


def _chosen(visit: Visit) -> tuple[Chosen, ...]:
    keys = list(dict.fromkeys(visit.form.all("run")))
    if not keys:
        raise HTTPException(400, "No workflow is selected. Go back and tick some.")
    if len(keys) > MOST:
        raise HTTPException(400, f"At most {MOST:,} workflows can be acted on at once; {len(keys)} are selected.")
    return tuple(_one(visit, key) for key in keys)


def _one(visit: Visit, key: str) -> Chosen:
    try:
        workflow_id, run_id = _KEY.decode(key)
    except msgspec.MsgspecError as error:
        raise HTTPException(400, "The form names a run that cannot be read.") from error
    href = visit.link("/run", id=workflow_id, run=run_id)
    return Chosen(key=key, workflow_id=workflow_id, run_id=run_id, href=href)


def _preview_page(
    visit: Visit, action: Action, chosen: tuple[Chosen, ...], wrong: WrongField | None, *, note: str = ""
) -> Page:
    form = visit.form
    model = Preview(
        action=action,
        chosen=chosen,
        values={field.name: form.one(field.name) for field in action.fields},
        arguments=tuple(arguments.again(form, (), more=bool(form.one("more")))) if action.takes_input else (),
        request_id=form.one("request_id") or str(uuid.uuid4()),
        wrong=wrong,
        note=note,
    )
    count = f"{len(chosen):,} workflow{'' if len(chosen) == 1 else 's'}"
    return Page(
        "selected.html",
        model,
        title=f"{action.label} {count}?",
        section="workflows",
        status=200 if wrong is None else 400,
    )
