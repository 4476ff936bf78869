"""Add and delete nodes. The workflow id is the node id, so at most one workflow runs for a node at a time.

The later order wins: `delete_node` ends an `add_node` that still runs and the other way round, while a second order of
the same kind joins the first.
"""

from typing import Any

from mainspring.client import Client, ConflictChoice, WorkflowHandle
from node_provisioner.messages import AddNodeInput, AddNodeOutput, DeleteNodeInput, DeleteNodeOutput, NodeStatus
from node_provisioner.workflows import STATUS, add_node, delete_node

TASK_QUEUE = "node_provisioner"


async def start_add_node(client: Client, request: AddNodeInput) -> WorkflowHandle[Any, AddNodeOutput]:
    """Add a node that may have been added before: then its VM is found, and nothing is done twice."""
    return await client.start_workflow(
        add_node,
        request,
        id=request.node_id,
        task_queue=TASK_QUEUE,
        conflict=ConflictChoice.TERMINATE_IF_OTHER_TYPE,
    )


async def start_delete_node(client: Client, node_id: str) -> WorkflowHandle[Any, DeleteNodeOutput]:
    """Delete a node, in whatever state it is. An `add_node` that still runs for it is terminated."""
    return await client.start_workflow(
        delete_node,
        DeleteNodeInput(node_id=node_id),
        id=node_id,
        task_queue=TASK_QUEUE,
        conflict=ConflictChoice.TERMINATE_IF_OTHER_TYPE,
    )


async def status_of(client: Client, node_id: str) -> NodeStatus:
    """Where the latest run of the node is, whether it still runs or has closed."""
    status: NodeStatus = await client.get_workflow_handle(node_id).query(STATUS, result_type=NodeStatus)
    return status
