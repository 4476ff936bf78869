/** What workflows and activities are given and give back, and the names that both sides share. */

export const TASK_QUEUE = 'node_provisioner';

export interface NodeSpec {
  nodeId: string;
  bootMs: number;
  joinMs: number; // after the boot
  isBroken?: boolean; // it never boots
}

export interface AddNodeInput {
  spec: NodeSpec;
}
export interface AddNodeOutput {
  vmId: string;
  publishAttempt: number;
}
export interface DeleteNodeInput {
  nodeId: string;
}
export interface DeleteNodeOutput {
  hadVm: boolean;
}

export type Stage = 'creating VM' | 'waiting for VM' | 'waiting for cluster' | 'publishing' | 'joined' | 'undone';

export interface CreateVMOutput {
  vmId: string;
}
export interface WaitOutput {
  pollCount: number;
}
export interface PublishOutput {
  attempt: number;
}
export interface DeleteVMOutput {
  wasPresent: boolean;
}
