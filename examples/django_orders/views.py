"""Start an order, and show it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from django_orders.engine import TASK_QUEUE, engine
from django_orders.workflows import send_order
from mainspring.client import WorkflowExecutionStatus
from mainspring.exceptions import WorkflowAlreadyStartedError
from mainspring.service import RPCError, RPCStatusCode


@csrf_exempt  # called by programs, not by forms
@require_POST
def place(request: HttpRequest, order_id: str) -> JsonResponse:
    wait = engine()
    item = request.POST.get("item")
    if not item:
        return JsonResponse({"error": "what is the item?"}, status=400)
    try:
        wait(wait.client.start_workflow(send_order, item, id=order_id, task_queue=TASK_QUEUE))
    except WorkflowAlreadyStartedError:
        return JsonResponse({"error": "the order was placed before"}, status=409)
    return JsonResponse({"order": order_id}, status=202)


@require_GET
def show(request: HttpRequest, order_id: str) -> JsonResponse:
    """How far the order is; with `?wait=1`, when it has ended."""
    wait = engine()
    handle = wait.client.get_workflow_handle_for(send_order, order_id)
    try:
        if request.GET.get("wait") == "1":
            wait(handle.result())
        described = wait(handle.describe())
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        raise Http404("no such order") from error
    is_complete = described.status == WorkflowExecutionStatus.COMPLETED
    return JsonResponse(
        {
            "order": order_id,
            "status": described.status.name if described.status else None,
            "result": wait(handle.result()) if is_complete else None,
        }
    )
