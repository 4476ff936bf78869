/**
 * The node provisioner with the official TypeScript SDK.
 *
 *     node build/main.js 127.0.0.1:7233 [180]
 *
 * The second argument lets worker and client stand idle for so many seconds before the checks, for their connections to
 * be found alive afterwards.
 *
 * Starts a worker, runs all checks at once and prints a line for each. Exit code 0: every check holds.
 */

import { setTimeout as wait } from 'node:timers/promises';

import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

import { createActivities } from './activities';
import { Checks } from './checks';
import { TASK_QUEUE } from './messages';
import { FakeProvider } from './provider';

const LIMIT_MS = 45_000;

async function main(address: string, idleMs: number): Promise<boolean> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const provider = new FakeProvider();
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  try {
    const worker = await Worker.create({
      connection: native,
      taskQueue: TASK_QUEUE,
      workflowsPath: require.resolve('./workflows'),
      activities: createActivities(provider),
    });
    const checks = new Checks(new Client({ connection }), provider);
    return await worker.runUntil(async () => {
      await wait(idleMs);
      return await runAll(checks.all());
    });
  } finally {
    await native.close();
    await connection.close();
  }
}

async function runAll(checks: Record<string, () => Promise<void>>): Promise<boolean> {
  const results = await Promise.all(Object.entries(checks).map(([name, check]) => run(name, check)));
  return results.every((holds) => holds);
}

async function run(name: string, check: () => Promise<void>): Promise<boolean> {
  try {
    await Promise.race([check(), tooLong()]);
  } catch (error) {
    console.error(`FAILED ${name}\n`, error);
    return false;
  }
  console.log(`ok     ${name}`);
  return true;
}

async function tooLong(): Promise<never> {
  await wait(LIMIT_MS, undefined, { ref: false });
  throw new Error(`not done after ${LIMIT_MS} ms`);
}

main(process.argv[2] ?? '127.0.0.1:7233', 1_000 * Number(process.argv[3] ?? '0')).then(
  (holds) => process.exit(holds ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
