/** The activities: each does one thing to the world, through the provider. */

import { ApplicationFailure, Context, heartbeat, sleep } from '@temporalio/activity';

import type { CreateVMOutput, DeleteVMOutput, NodeSpec, PublishOutput, WaitOutput } from './messages';
import type { FakeProvider, VMState } from './provider';

const POLL_INTERVAL_MS = 100;

export type Activities = ReturnType<typeof createActivities>;

export function createActivities(provider: FakeProvider) {
  return {
    async CreateVM(input: { spec: NodeSpec }): Promise<CreateVMOutput> {
      return { vmId: provider.createVM(input.spec) };
    },

    async WaitForVMReady(input: { nodeId: string }): Promise<WaitOutput> {
      return waitFor(provider, input.nodeId, (state) => state === 'ready' || state === 'joined');
    },

    async WaitForNodeToJoinCluster(input: { nodeId: string }): Promise<WaitOutput> {
      return waitFor(provider, input.nodeId, (state) => state === 'joined');
    },

    /** Fails on each first attempt, so that the server has something to retry. */
    async PublishVMJoined(input: { nodeId: string }): Promise<PublishOutput> {
      const { attempt } = Context.current().info;
      if (attempt === 1) throw ApplicationFailure.retryable('the event bus is busy', 'Busy');
      provider.publish(input.nodeId, 'VMJoined');
      return { attempt };
    },

    async DeleteVM(input: { nodeId: string }): Promise<DeleteVMOutput> {
      return { wasPresent: provider.deleteVM(input.nodeId) };
    },

    async PublishVMDeleted(input: { nodeId: string }): Promise<void> {
      provider.publish(input.nodeId, 'VMDeleted');
    },
  };
}

/** Poll until the VM is as wanted. Heartbeats with the number of polls; the next attempt counts on from there. */
async function waitFor(
  provider: FakeProvider,
  nodeId: string,
  isWanted: (state: VMState) => boolean,
): Promise<WaitOutput> {
  const earlier: unknown = Context.current().info.heartbeatDetails;
  let pollCount = typeof earlier === 'number' ? earlier : 0;
  for (;;) {
    pollCount += 1;
    heartbeat(pollCount);
    const state = provider.state(nodeId);
    if (isWanted(state)) return { pollCount };
    if (state === 'broken' || state === 'gone') {
      throw ApplicationFailure.nonRetryable(`the VM is ${state}`, 'VMBroken');
    }
    await sleep(POLL_INTERVAL_MS); // rejects when the activity is cancelled
  }
}
