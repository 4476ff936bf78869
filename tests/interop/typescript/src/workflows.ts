/** AddNode and DeleteNode. What AddNode has done is undone if it fails or is cancelled. */

import type { RetryPolicy } from '@temporalio/common';
import {
  ActivityCancellationType,
  CancellationScope,
  defineQuery,
  patched,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';

import type { Activities } from './activities';
import type { AddNodeInput, AddNodeOutput, DeleteNodeInput, DeleteNodeOutput, Stage } from './messages';

const retry: RetryPolicy = { initialInterval: '100ms', maximumInterval: '2s', nonRetryableErrorTypes: ['VMBroken'] };

const quick = proxyActivities<Activities>({ startToCloseTimeout: '10s', retry });
const waiting = proxyActivities<Activities>({
  startToCloseTimeout: '1m',
  heartbeatTimeout: '2s',
  // Whoever undoes must not meet an activity that is still at work.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
});

export const statusQuery = defineQuery<Stage>('status');

export async function AddNode(input: AddNodeInput): Promise<AddNodeOutput> {
  const { spec } = input;
  const { nodeId } = spec;
  let stage: Stage = 'creating VM';
  setHandler(statusQuery, () => stage);
  try {
    const { vmId } = await quick.CreateVM({ spec });
    stage = 'waiting for VM';
    await waiting.WaitForVMReady({ nodeId });
    // Runs from before this patch published without waiting for the cluster. They go on to do so.
    if (patched('wait-for-cluster')) {
      stage = 'waiting for cluster';
      await waiting.WaitForNodeToJoinCluster({ nodeId });
    }
    stage = 'publishing';
    const { attempt } = await quick.PublishVMJoined({ nodeId });
    stage = 'joined';
    return { vmId, publishAttempt: attempt };
  } catch (error) {
    // A cancelled scope starts nothing any more.
    await CancellationScope.nonCancellable(() => quick.DeleteVM({ nodeId }));
    stage = 'undone';
    throw error;
  }
}

/** Undoes AddNode, as far as it came. */
export async function DeleteNode(input: DeleteNodeInput): Promise<DeleteNodeOutput> {
  const { wasPresent } = await quick.DeleteVM(input);
  await quick.PublishVMDeleted(input);
  return { hadVm: wasPresent };
}
