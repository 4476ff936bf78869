"""The pages of an action on one run: ask, carry out, show what was sent and what was answered.

GET  /run/act?act=terminate&id=...&run=...   the form
POST /run/act                                the answer, or the form again with what is wrong
"""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
from google.protobuf import json_format
from google.protobuf.message import Message
from starlette.exceptions import HTTPException
from temporalio.api.common.v1 import Payload, Payloads

from mainspring.server.ui import actions, arguments, codec, errors
from mainspring.server.ui.actions import Action, Target
from mainspring.server.ui.arguments import Argument, WrongField
from mainspring.server.ui.page import Fields, Page, Visit
from mainspring.server.ui.payload_walk import payloads_in
from mainspring.server.ui.payload_words import payload_words
from mainspring.server.ui.permissions import REFUSAL, changes_nothing
from mainspring.server.ui.service import CodecFailed, Refused

TIMEOUT_S: float = 15.0  # for workers to answer queries and updates
_MOST_TEXT: Final = 200_000


class ActionForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form of an action, empty or with what was written."""

    action: Action
    target: Target
    run_href: str
    values: dict[str, str]
    arguments: tuple[Argument, ...]
    request_id: str
    wrong: WrongField | None = None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent, and what the server answered."""

    headline: str
    is_good: bool
    message: str  # of an error; else empty
    results: tuple[str, ...]  # payloads of the answer as text
    payload_note: str  # of the codec server
    sent_name: str
    sent: str
    answer: str
    back_href: str
    back_label: str
    again_href: str


async def ask(visit: Visit) -> Page:
    """The form."""
    action, target = _action(visit.query), _target(visit, visit.query)
    check_served(visit, action)
    return _form_page(visit, action, target, visit.query, None)


async def act(visit: Visit) -> Page:
    """Carry it out."""
    action, target = _action(visit.form), _target(visit, visit.form)
    check_served(visit, action)
    if visit.form.one("more"):
        return _form_page(visit, action, target, visit.form, None)
    try:
        request = action.build(target, visit.form)
        if action.takes_input:
            request = (await codec.sealed(visit, request)).message(request)
    except CodecFailed as error:
        return _form_page(visit, action, target, visit.form, WrongField("text-0", str(error)))
    except WrongField as wrong:
        return _form_page(visit, action, target, visit.form, wrong)
    run_href = visit.link("/run", id=target.workflow_id, run=target.run_id)
    is_gone = action.name == "delete"
    return await answered(
        visit,
        request,
        action.reply_type,
        label=action.label,
        back=(visit.link("/workflows"), "To the workflows") if is_gone else (run_href, "To the run"),
    )


async def answered(
    visit: Visit, request: Message, reply_type: type[Message], *, label: str, back: tuple[str, str]
) -> Page:
    """Send a request, and show both sides. `back`: where to go from there, address and label."""
    error: Refused | None = None
    reply: Message | None = None
    try:
        reply = await visit.service.call(request, reply_type, TIMEOUT_S)
    except Refused as refused:
        error = refused
    payloads = [] if reply is None else _results(reply)
    results = await codec.opened(visit, [Payloads(payloads=payloads)])
    model = Answered(
        headline=f"{label}: done" if error is None else f"{label}: {errors.code_name(error.code).lower()}",
        is_good=error is None,
        message="" if error is None else error.message,
        results=tuple(payload_words(payload) for payload in results.payloads(payloads)),
        payload_note=results.note,
        sent_name=request.DESCRIPTOR.name,
        sent=message_text(request),
        answer="" if reply is None else message_text(reply),
        back_href=back[0],
        back_label=back[1],
        again_href=visit.link("/run/act", act=visit.form.one("act"), id=visit.form.one("id"), run=visit.form.one("run"))
        if visit.form.one("act")
        else "",
    )
    status = 200 if error is None else errors.error_page(error).status
    return Page("answered.html", model, title=model.headline, section="workflows", status=status)


def message_text(message: Message, most_characters: int = _MOST_TEXT) -> str:
    """A message of the API as JSON, payloads in base64, cut if it is very long."""
    text = json_format.MessageToJson(message, preserving_proto_field_name=True, indent=2, ensure_ascii=False)
    return text if len(text) <= most_characters else f"{text[:most_characters]}\n… {len(text):,} characters in all"


def _results(reply: Message) -> list[Payload]:
    """The payloads in a reply that are its point: the result of a query or an update."""
    return [payload for _, payload in payloads_in(reply)]


def _action(fields: Fields) -> Action:
    action = actions.ACTIONS.get(fields.one("act"))
    if action is None:
        raise HTTPException(400, "There is no such action.")
    return action


def check_served(visit: Visit, action: Action) -> None:
    """Raises: HTTPException: it cannot be done from here."""
    if visit.is_read_only and not changes_nothing(action.rpc):
        raise HTTPException(403, REFUSAL)
    if not visit.service.serves(action.rpc):
        raise HTTPException(501, f"This server does not serve {action.rpc}.")


def _target(visit: Visit, fields: Fields) -> Target:
    workflow_id = fields.one("id")
    if not workflow_id:
        raise HTTPException(400, "The address names no workflow.")
    return Target(visit.namespace, workflow_id, fields.one("run"))


def _form_page(visit: Visit, action: Action, target: Target, fields: Fields, wrong: WrongField | None) -> Page:
    model = ActionForm(
        action=action,
        target=target,
        run_href=visit.link("/run", id=target.workflow_id, run=target.run_id),
        values={field.name: fields.one(field.name) for field in action.fields},
        arguments=tuple(arguments.again(fields, (), more=bool(fields.one("more")))) if action.takes_input else (),
        request_id=fields.one("request_id") or str(uuid.uuid4()),
        wrong=wrong,
    )
    title = f"{action.label} {target.workflow_id}"
    return Page("action.html", model, title=title, section="workflows", status=200 if wrong is None else 400)
