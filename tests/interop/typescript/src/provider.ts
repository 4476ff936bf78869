/** VMs in memory, and counts of what was done with them, for the checks. Every method is idempotent by node id. */

import type { NodeSpec } from './messages';

export type VMState = 'booting' | 'ready' | 'joined' | 'broken' | 'gone';

interface VM {
  id: string;
  spec: NodeSpec;
  bootsAt: number; // milliseconds since the epoch
  joinsAt: number;
}

export class FakeProvider {
  private readonly vms = new Map<string, VM>();
  private readonly madeCounts = new Map<string, number>();
  private readonly published = new Map<string, string[]>();

  createVM(spec: NodeSpec): string {
    const existing = this.vms.get(spec.nodeId);
    if (existing) return existing.id;
    const made = this.madeCount(spec.nodeId) + 1;
    const bootsAt = Date.now() + spec.bootMs;
    const vm = { id: `${spec.nodeId}-vm-${made}`, spec, bootsAt, joinsAt: bootsAt + spec.joinMs };
    this.madeCounts.set(spec.nodeId, made);
    this.vms.set(spec.nodeId, vm);
    return vm.id;
  }

  state(nodeId: string): VMState {
    const vm = this.vms.get(nodeId);
    if (!vm) return 'gone';
    if (Date.now() < vm.bootsAt) return 'booting';
    if (vm.spec.isBroken) return 'broken';
    return Date.now() < vm.joinsAt ? 'ready' : 'joined';
  }

  deleteVM(nodeId: string): boolean {
    return this.vms.delete(nodeId);
  }

  publish(nodeId: string, event: string): void {
    const events = this.events(nodeId);
    if (events.at(-1) !== event) this.published.set(nodeId, [...events, event]);
  }

  madeCount(nodeId: string): number {
    return this.madeCounts.get(nodeId) ?? 0;
  }

  events(nodeId: string): string[] {
    return this.published.get(nodeId) ?? [];
  }
}
