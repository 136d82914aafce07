/** How does a lease become longer? An update that moves its end, then the tags and the timers of what is there. */
import { defineUpdate, setHandler } from '@temporalio/workflow';
import { UPDATE, type Node } from '../contracts/messages';
import { extended } from '../policy/lease';
import { looks, mutations } from './activity-proxies';
import { refuseWhenOver } from './controls';
import { causeOf, failure, settleAll, wasCancelled } from './failure';
import type { Run } from './run';
import { setExpiry, tell } from './run-state';
import type { RunState } from './run-state';

const extendUpdate = defineUpdate<{ expiresAt: string }, [{ by: string | number }]>(UPDATE.extend);

/**
 * The lease is longer at once. The update answers when everything in AWS says so too, and fails with what does not:
 * the reaper and the nodes themselves go by that. `runNow` gives the run once its spec is admitted.
 */
export function listenForExtensions(state: RunState, runNow: () => Run | undefined): void {
  setHandler(
    extendUpdate,
    async ({ by }) => {
      const run = admittedRun(runNow);
      const expiresAt = wanted(run, by);
      const told = `lease extended by ${String(by)} to ${expiresAt}`;
      await endLeaseAt(run, expiresAt, told);
      return { expiresAt };
    },
    {
      validator: (input) => {
        refuseWhenOver(state);
        wanted(admittedRun(runNow), byOf(input));
      },
      description: 'Lengthens the lease, and the tags and timers of everything that is there: {"by": "2h"}',
    },
  );
}

/** Moves the end of the lease; resolves when everything in AWS says so too, and rejects with what does not. */
export async function endLeaseAt(run: Run, expiresAt: string, told: string): Promise<void> {
  run.ownership.expiresAt = expiresAt;
  run.extended = true;
  setExpiry(run.state, expiresAt);
  tell(run.state, told);
  const mine = run.moving.then(() => moveLease(run, expiresAt));
  run.moving = mine.catch(() => undefined);
  await mine;
}

function byOf(input: unknown): unknown {
  return typeof input === 'object' && input !== null && 'by' in input ? input.by : undefined;
}

function admittedRun(runNow: () => Run | undefined): Run {
  const run = runNow();
  if (run === undefined) throw failure('InvalidInput', 'the lease has not begun; the spec is being checked');
  return run;
}

function wanted({ state, admission }: Run, by: unknown): string {
  const { startedAt, expiresAt } = state.status;
  const answer = extended({ startedAt, expiresAt, maxSeconds: admission.maxLeaseSeconds }, by);
  if ('refusal' in answer) throw failure('InvalidInput', answer.refusal);
  return answer.expiresAt;
}

/** 1,000 ids a call are quick; finding them takes some pages of every kind. */
const TAGGING = { startToCloseTimeout: '5m', heartbeatTimeout: '30s' } as const;

async function moveLease(run: Run, expiresAt: string): Promise<void> {
  const { target, spec } = run.admission;
  const { experimentId } = run.state.status;
  const problems = await settleAll(
    spec.regions.map(async (region) => {
      const summary = `${region}: everything says that the lease ends at ${expiresAt}`;
      const input = { target, region, experimentId, expiresAt };
      try {
        await mutations.moveExpiry.executeWithOptions({ summary, ...TAGGING }, [input]);
        return await rearm(run, region, expiresAt);
      } catch (error) {
        if (wasCancelled(error)) throw error;
        return [`${region}: ${causeOf(error).message}`];
      }
    }),
  );
  const lines = problems.flat();
  for (const line of lines) tell(run.state, line);
  if (lines.length === 0) return;
  const head = `the lease now ends at ${expiresAt}, but not everything in AWS says so; extend again by a little to retry`;
  throw failure('ServiceUnavailable', [head, ...lines].join('\n'));
}

async function rearm(run: Run, region: string, expiresAt: string, ids?: string[]): Promise<string[]> {
  const { target } = run.admission;
  const { experimentId } = run.state.status;
  const input = { target, region, experimentId, expiresAt, ...(ids === undefined ? {} : { ids }) };
  const summary = `${region}: nodes end themselves after ${expiresAt}`;
  const { missed } = await looks.rearmNodes.executeWithOptions({ summary }, [input]);
  const some = missed.slice(0, 5).join(', ');
  return missed.length === 0 ? [] : [`${region}: ${String(missed.length)} nodes keep their old timer: ${some}`];
}

/** Nodes that came after an extension were launched with the length of the first lease, and are told of the longer one. */
export async function armNewNodes(run: Run, nodes: readonly Node[]): Promise<void> {
  if (!run.extended) return;
  for (const region of new Set(nodes.map((node) => node.region))) {
    const ids = nodes.filter((node) => node.region === region).map((node) => node.instanceId);
    try {
      for (const line of await rearm(run, region, run.state.status.expiresAt, ids)) tell(run.state, line);
    } catch (error) {
      if (!wasCancelled(error)) tell(run.state, `${region}: timers could not be moved: ${causeOf(error).message}`);
    }
  }
}
