"""Start AddNode or DeleteNode for a node. The workflow id is the node id, so at most one runs at a time."""

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from node_provisioner.messages import AddNodeInput, AddNodeOutput, DeleteNodeInput, DeleteNodeOutput
from node_provisioner.workflows import AddNode, DeleteNode

TASK_QUEUE = "node_provisioner"


async def start_add_node(client: Client, request: AddNodeInput) -> WorkflowHandle[AddNode, AddNodeOutput]:
    """Add a node that may have been added before: then its VM is found, and nothing is done twice.

    Raises:
        WorkflowAlreadyStartedError: AddNode or DeleteNode runs for this node. It goes on undisturbed.
    """
    return await client.start_workflow(
        AddNode.run,
        request,
        id=request.node_id,
        task_queue=TASK_QUEUE,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )


async def start_delete_node(client: Client, node_id: str) -> WorkflowHandle[DeleteNode, DeleteNodeOutput]:
    """Delete a node, in whatever state it is. An AddNode that still runs for it is terminated in the same instant."""
    return await client.start_workflow(
        DeleteNode.run,
        DeleteNodeInput(node_id=node_id),
        id=node_id,
        task_queue=TASK_QUEUE,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
    )
