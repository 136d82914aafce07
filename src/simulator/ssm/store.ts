/** Which commands were sent, and how far is each on each machine? Kept per world, gone with a reset. */
import type { World } from '../world/state';

export type InvocationStatus =
  'Pending' | 'InProgress' | 'Success' | 'Failed' | 'TimedOut' | 'Cancelled' | 'Cancelling';

export interface SimInvocation {
  command: SimCommand;
  instanceId: string;
  status: InvocationStatus;
  /** AWS's finer word: DeliveryTimedOut, ExecutionTimedOut; else the status. */
  details: string;
  startedAt?: number;
  endedAt?: number;
  exitCode?: number;
  stdout: string;
  stderr: string;
  /** Ends the command on the machine. */
  stop: AbortController;
}

export interface SimCommand {
  id: string;
  account: string;
  region: string;
  documentName: string;
  parameters: Record<string, string[]>;
  comment: string;
  instanceIds: string[];
  targets: { Key: string; Values: string[] }[];
  requestedAt: number;
  /** Before this moment reads answer InvocationDoesNotExist. */
  visibleAt: number;
  timeoutSeconds: number;
  executionTimeoutSeconds: number;
  cancelled: boolean;
  invocations: Map<string, SimInvocation>;
}

const stores = new WeakMap<World, { epoch: number; commands: Map<string, SimCommand> }>();

/** The commands of a world by id, oldest first. */
export function commandsOf(world: World): Map<string, SimCommand> {
  let known = stores.get(world);
  if (known?.epoch !== world.epoch) stores.set(world, (known = { epoch: world.epoch, commands: new Map() }));
  return known.commands;
}

const FINAL = new Set<InvocationStatus>(['Success', 'Failed', 'TimedOut', 'Cancelled']);

export function isFinal({ status }: SimInvocation): boolean {
  return FINAL.has(status);
}

/** Sets the end of an invocation, once. */
export function settle(
  invocation: SimInvocation,
  end: { status: InvocationStatus; details?: string; exitCode?: number; stdout?: string; stderr?: string },
): void {
  if (isFinal(invocation)) return;
  invocation.status = end.status;
  invocation.details = end.details ?? end.status;
  invocation.endedAt = Date.now();
  invocation.stdout = end.stdout ?? '';
  invocation.stderr = end.stderr ?? '';
  if (end.exitCode !== undefined) invocation.exitCode = end.exitCode;
}
