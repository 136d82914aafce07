/** Does a cancellation in any phase end clean, soon, and with nothing bought after it? */
import type { WorkflowHandle } from '@temporalio/client';
import type { Phase } from '../../src/contracts/messages';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { inLab } from '../support/in-lab';
import { eventually, type Lab, type Ledger } from '../support/lab';
import { expectNoTrace, failureOf, instancesOf, launchCalls, reaches } from '../support/outcomes';
import { smallSpec } from '../support/specs';

/**
 * From the cancellation to the first TerminateInstances, or to the end where nothing was bought. The goal is 5 s on a
 * machine of one's own; here a launch under way is slowed by 1 s, and two cores are shared with all the rest.
 */
const SOON_MS = 15_000;

const scenario = {
  extends: 'quick' as const,
  nodes: {
    components: { slow: { services: { 'slow.service': { delay: [600_000, 600_000] as [number, number] } } } },
    default: {
      steps: [
        { match: 'endless', seconds: 600 },
        { match: 'false', exitCode: 1 },
      ],
    },
  },
};

const endless: ExperimentInput['steps'] = [{ name: 'work', on: 'zk', run: 'endless', timeout: '1h' }];

/** How to bring an experiment into a phase, and what to wait for in it. */
interface Way {
  spec: ExperimentInput;
  faults?: unknown[];
  /** True once the experiment is where it is to be cancelled. */
  there: (handle: WorkflowHandle, lab: Lab) => Promise<boolean>;
  /** How it ends: the type of its failure, or the phase of its result. */
  ends?: string;
}

function inPhase(phase: Phase): Way['there'] {
  return async (handle) => {
    await reaches(handle, phase);
    return true;
  };
}

function called(operation: string): Way['there'] {
  return async (_handle, lab) => (await lab.ledger()).calls.some((call) => call.operation === operation);
}

/** The activity is under way, at whichever attempt. */
function doing(activity: string): Way['there'] {
  return async (handle) => {
    const { raw } = await handle.describe();
    return raw.pendingActivities?.some((one) => one.activityType?.name === activity) === true;
  };
}

const slow: ExperimentInput['components'] = { slow: { count: 2, services: ['slow.service'] } };

const WAYS: Record<string, Way> = {
  // The id of the account is asked for when the spec is checked, and not answered while it is cancelled.
  Planning: {
    spec: smallSpec(),
    faults: [{ operation: 'GetCallerIdentity', effect: { error: 'InternalFailure', status: 500 } }],
    there: doing('admitExperiment'),
  },
  'Provisioning, surveying': {
    spec: smallSpec(),
    faults: [{ operation: 'DescribeSubnets', effect: { delayMs: 1000 } }],
    there: doing('surveyRegion'),
  },
  'Provisioning, launching': {
    spec: smallSpec(),
    faults: [{ operation: 'CreateFleet', effect: { delayMs: 1000 } }],
    there: doing('launch'),
  },
  'Provisioning, throttled': {
    spec: smallSpec(),
    faults: [{ operation: 'CreateFleet', nth: 1, effect: { delayMs: 1 } }, ...throttledLaunches()],
    there: async (_handle, lab) =>
      launchCalls(await lab.ledger()).some((call) => call.outcome === 'RequestLimitExceeded'),
  },
  Configuring: { spec: smallSpec({ components: slow, steps: [] }), there: called('SendCommand') },
  Ready: { spec: smallSpec({ steps: [] }), there: inPhase('Ready') },
  Running: {
    spec: smallSpec({ steps: endless }),
    there: async (_handle, lab) =>
      (await lab.ledger()).resources.some((one) => one.type === 'step' && /work$/.test(one.id)),
  },
  Held: {
    spec: smallSpec({ steps: [{ name: 'work', on: 'zk', run: 'false' }], onFailure: 'hold' }),
    there: inPhase('Held'),
    ends: 'Workload',
  },
  TearingDown: {
    spec: smallSpec({ steps: [{ name: 'work', on: 'zk', run: 'true' }] }),
    faults: [{ operation: 'TerminateInstances', effect: { delayMs: 1000 } }],
    there: inPhase('TearingDown'),
    ends: 'Done',
  },
};

/** Every launch but the rehearsal, which is the first CreateFleet. */
function throttledLaunches(): unknown[] {
  return Array.from({ length: 60 }, (_, index) => ({
    operation: 'CreateFleet',
    nth: index + 2,
    effect: { throttle: true },
  }));
}

function firstTermination(ledger: Ledger): number | undefined {
  return ledger.calls.find((call) => call.operation === 'TerminateInstances')?.at;
}

describe('an experiment that is cancelled', () => {
  for (const [name, way] of Object.entries(WAYS)) {
    it.concurrent(`in ${name} ends clean`, inLab(cancelledIn(way), { simulator: { scenario } }), 120_000);
  }
});

function cancelledIn({ spec, faults, there, ends = 'CancelledFailure' }: Way): (lab: Lab) => Promise<void> {
  return async (lab) => {
    if (faults !== undefined) await lab.control('faults', faults);
    const handle = await lab.start('experiment', spec);
    await eventually(async () => ((await there(handle, lab)) ? true : undefined), 60_000);

    const cancelledAt = Date.now();
    await handle.cancel();
    const end = await endOf(handle);
    const endedAt = Date.now();

    expect(end).toBe(ends);
    const ledger = await lab.ledger();
    // A call that was on its way arrived before; none may arrive once the workflow could know.
    expect(launchCalls(ledger).filter((call) => call.at > cancelledAt + 1000)).toEqual([]);
    const bought = instancesOf(ledger, handle.workflowId);
    const firstMs = (bought.length === 0 ? endedAt : (firstTermination(ledger) ?? Infinity)) - cancelledAt;
    expect(firstMs).toBeLessThan(SOON_MS);
    await expectNoTrace(lab, handle.workflowId);
  };
}

async function endOf(handle: WorkflowHandle): Promise<string> {
  return handle.result().then(
    (result) => (result as { phase: string }).phase,
    async () => (await failureOf(handle)).type,
  );
}
