/** How does a command get to a machine and back? Pending until the agent takes it, then run under its time limit. */
import { answersSsm, runOnNode } from '../nodes';
import { plan } from '../world/agenda';
import type { SimInstance, World } from '../world/state';
import { isFinal, settle, type SimCommand, type SimInvocation } from './store';

/** Plans the delivery. A machine that is away by then gets the command when it is back, within TimeoutSeconds. */
export function deliver(world: World, command: SimCommand, instance: SimInstance): void {
  const invocation: SimInvocation = {
    command,
    instanceId: instance.id,
    status: 'Pending',
    details: 'Pending',
    stdout: '',
    stderr: '',
    stop: new AbortController(),
  };
  command.invocations.set(instance.id, invocation);
  const delay = world.random.between(world.scenario.delays.commandDelivery);
  instance.draws['commandDelivery'] ??= delay; // of the first command: a machine's setup waits for no other
  plan(world.agenda, command.requestedAt + delay, () => attempt(world, instance, invocation));
}

/** How often a command looks for an agent that is away: as real agents poll, a second or so. */
const RETRY_MS = 1000;

function attempt(world: World, instance: SimInstance, invocation: SimInvocation): void {
  if (isFinal(invocation)) return;
  const now = Date.now();
  if (answersSsm(world, instance, now)) {
    void run(world, instance, invocation);
  } else if (now >= invocation.command.requestedAt + invocation.command.timeoutSeconds * 1000) {
    settle(invocation, { status: 'TimedOut', details: 'DeliveryTimedOut', exitCode: -1 });
  } else {
    plan(world.agenda, now + RETRY_MS, () => attempt(world, instance, invocation));
  }
}

async function run(world: World, instance: SimInstance, invocation: SimInvocation): Promise<void> {
  const { command } = invocation;
  invocation.status = 'InProgress';
  invocation.details = 'InProgress';
  invocation.startedAt = Date.now();
  plan(world.agenda, invocation.startedAt + command.executionTimeoutSeconds * 1000, () => {
    // Also what becomes of a command whose machine is gone: nobody reports its end.
    settle(invocation, { status: 'TimedOut', details: 'ExecutionTimedOut', exitCode: -1 });
    invocation.stop.abort();
  });
  const { exitCode, stdout, stderr } = await runOnNode(world, instance, {
    id: command.id,
    script: (command.parameters['commands'] ?? []).join('\n'),
    signal: invocation.stop.signal,
    ...workingDirectory(command),
  });
  if (invocation.stop.signal.aborted) settle(invocation, { status: 'Cancelled', exitCode: -1, stdout, stderr });
  else settle(invocation, { status: exitCode === 0 ? 'Success' : 'Failed', exitCode, stdout, stderr });
}

function workingDirectory({ parameters }: SimCommand): { workingDirectory?: string } {
  const [path] = parameters['workingDirectory'] ?? [];
  return path ? { workingDirectory: path } : {};
}
