/** What the workflows must have done, as seen by the client and by the provider. */

import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';

import { Client, WorkflowExecutionAlreadyStartedError, WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';

import { NodeSpec, Stage, TASK_QUEUE } from './messages';
import type { FakeProvider } from './provider';
import { AddNode, DeleteNode, statusQuery } from './workflows';

export class Checks {
  constructor(
    private readonly client: Client,
    private readonly provider: FakeProvider,
  ) {}

  all(): Record<string, () => Promise<void>> {
    return {
      'AddNode runs its four activities in order and retries one': () => this.addNode(),
      'a second AddNode of a node is refused while the first runs': () => this.addNodeTwice(),
      'DeleteNode terminates the AddNode that runs and undoes it': () => this.deleteWhileAdding(),
      'a broken VM fails AddNode, which undoes what it did': () => this.brokenVM(),
      'a cancelled AddNode undoes what it did': () => this.cancelled(),
    };
  }

  private async addNode(): Promise<void> {
    const adding = await this.startAdd({ nodeId: 'ts-added', bootMs: 300, joinMs: 300 });
    assert.deepEqual(await adding.result(), { vmId: 'ts-added-vm-1', publishAttempt: 2 });
    const names = ['CreateVM', 'WaitForVMReady', 'WaitForNodeToJoinCluster', 'PublishVMJoined'];
    assert.deepEqual(await scheduledActivities(adding), names);
    assert.equal(await adding.query(statusQuery), 'joined');
    this.expectSeen('ts-added', { exists: true, events: ['VMJoined'] });
  }

  private async addNodeTwice(): Promise<void> {
    const spec = { nodeId: 'ts-twice', bootMs: 1_000, joinMs: 100 };
    const adding = await this.startAdd(spec);
    await assert.rejects(this.startAdd(spec), WorkflowExecutionAlreadyStartedError);
    await adding.result();
    this.expectSeen('ts-twice', { exists: true, events: ['VMJoined'] });
  }

  private async deleteWhileAdding(): Promise<void> {
    const adding = await this.startAdd({ nodeId: 'ts-deleted', bootMs: 600_000, joinMs: 0 });
    await reaches(adding, 'waiting for VM');
    const deleting = await this.client.workflow.start(DeleteNode, {
      workflowId: 'ts-deleted',
      taskQueue: TASK_QUEUE,
      workflowIdConflictPolicy: 'TERMINATE_EXISTING',
      args: [{ nodeId: 'ts-deleted' }],
    });
    assert.deepEqual(await deleting.result(), { hadVm: true });
    assert.equal(await this.statusOf(adding), 'TERMINATED');
    this.expectSeen('ts-deleted', { exists: false, events: ['VMDeleted'] });
  }

  private async brokenVM(): Promise<void> {
    const adding = await this.startAdd({ nodeId: 'ts-broken', bootMs: 200, joinMs: 0, isBroken: true });
    const failure = await failureOf(adding);
    assert.ok(failure instanceof ActivityFailure, `expected an ActivityFailure, got ${failure}`);
    assert.ok(failure.cause instanceof ApplicationFailure && failure.cause.type === 'VMBroken');
    assert.equal(await this.statusOf(adding), 'FAILED');
    assert.equal(await adding.query(statusQuery), 'undone');
    this.expectSeen('ts-broken', { exists: false, events: [] });
  }

  private async cancelled(): Promise<void> {
    const adding = await this.startAdd({ nodeId: 'ts-cancelled', bootMs: 100, joinMs: 600_000 });
    await reaches(adding, 'waiting for cluster');
    await adding.cancel();
    const failure = await failureOf(adding);
    assert.ok(failure instanceof CancelledFailure, `expected a CancelledFailure, got ${failure}`);
    assert.equal(await this.statusOf(adding), 'CANCELLED');
    this.expectSeen('ts-cancelled', { exists: false, events: [] });
  }

  private startAdd(spec: NodeSpec) {
    return this.client.workflow.start(AddNode, {
      workflowId: spec.nodeId,
      taskQueue: TASK_QUEUE,
      workflowIdConflictPolicy: 'FAIL',
      args: [{ spec }],
    });
  }

  private async statusOf(handle: WorkflowHandle & { firstExecutionRunId: string }): Promise<string> {
    const run = this.client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
    return (await run.describe()).status.name;
  }

  private expectSeen(nodeId: string, want: { exists: boolean; events: string[] }): void {
    const exists = this.provider.state(nodeId) !== 'gone';
    const seen = { exists, events: this.provider.events(nodeId), made: this.provider.madeCount(nodeId) };
    assert.deepEqual(seen, { ...want, made: 1 });
  }
}

async function reaches(handle: WorkflowHandle, stage: Stage): Promise<void> {
  while ((await handle.query(statusQuery)) !== stage) await wait(50);
}

async function failureOf(handle: WorkflowHandle): Promise<unknown> {
  try {
    await handle.result();
  } catch (error) {
    assert.ok(error instanceof WorkflowFailedError, `expected a WorkflowFailedError, got ${error}`);
    return error.cause;
  }
  return assert.fail(`${handle.workflowId} should have failed`);
}

async function scheduledActivities(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
}
