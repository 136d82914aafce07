/** What state is an instance in at a moment? Computed from its times alone; nothing has to move it along. */
import type { InstanceState, SimInstance } from './state';

export function stateAt(instance: SimInstance, now: number): InstanceState {
  if (instance.terminatedAt !== undefined && now >= instance.terminatedAt) return 'terminated';
  if (instance.terminatingAt !== undefined && now >= instance.terminatingAt) return 'shutting-down';
  if (instance.stoppedAt !== undefined && now >= instance.stoppedAt) return 'stopped';
  if (instance.stoppingAt !== undefined && now >= instance.stoppingAt) return 'stopping';
  return now >= instance.runningAt ? 'running' : 'pending';
}

/** The codes of the EC2 `InstanceState` type. */
export const STATE_CODES: Record<InstanceState, number> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** Whether the SSM agent answers: registered, and the machine up. */
export function agentOnline(instance: SimInstance, now: number): boolean {
  return instance.agentOnlineAt !== undefined && now >= instance.agentOnlineAt && stateAt(instance, now) === 'running';
}
