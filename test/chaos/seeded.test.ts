/** Whatever goes wrong, and whenever the worker dies: does every experiment end in a declared state and leave nothing? */
import type { WorkflowHandle } from '@temporalio/client';
import { FAILURES } from '../../src/contracts/failures';
import { FINAL_PHASES } from '../../src/contracts/messages';
import type { FaultPlan } from '../../src/simulator';
import { inLab } from '../support/in-lab';
import { eventually, type Lab } from '../support/lab';
import { shuffled } from '../support/mutations';
import { expectNoTrace, failureOf, instancesOf, resultOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';
import { startWorkerProcess } from '../support/worker-process';

const SEEDS = [11, 23, 47, 89];
const LIMIT = 180_000;

const OPERATIONS = [
  'CreateFleet',
  'CreateLaunchTemplate',
  'CreateSecurityGroup',
  'CreateTags',
  'DeleteLaunchTemplate',
  'DeleteSecurityGroup',
  'DescribeInstanceInformation',
  'DescribeInstances',
  'DescribeTags',
  'GetResources',
  'ListCommandInvocations',
  'SendCommand',
  'TerminateInstances',
];
const EFFECTS: FaultPlan[number]['effect'][] = [
  { loseReply: true },
  { throttle: true },
  { error: 'InternalError', status: 500 },
  { delayMs: 700 },
];

/** Six rules of the many there could be, each of which strikes a few times. */
function planOf(seed: number): FaultPlan {
  const rules = OPERATIONS.flatMap((operation) =>
    EFFECTS.map((effect) => ({ operation, effect, probability: 0.5, times: 2 })),
  );
  return shuffled(rules, seed).slice(0, 6);
}

function survives(seed: number): (lab: Lab) => Promise<void> {
  return async (lab) => {
    await lab.control('faults', planOf(seed));
    let worker = await startWorkerProcess(lab);
    const handles = [await lab.start('experiment', smallSpec()), await lab.start('experiment', smallSpec())];
    // A seeded moment: so many calls into two lives of about 130 calls together.
    const moment = 15 + (seed % 90);
    await eventually(async () => ((await lab.ledger()).calls.length >= moment ? true : undefined), LIMIT);
    await worker.kill();
    worker = await startWorkerProcess(lab);

    const ends = await Promise.all(handles.map(endOf));
    await worker.kill();

    for (const end of ends) expect([...Object.keys(FAILURES), 'Done']).toContain(end);
    const ids = handles.map((handle) => handle.workflowId);
    await expectNoTrace(lab, ...ids);
    const ledger = await lab.ledger();
    const whole = ids.filter((_, index) => ends[index] === 'Done');
    for (const id of whole) expect(instancesOf(ledger, id)).toHaveLength(5);
    // None of these faults is a reason to fail: each passes, and what it interrupted is repeated.
    expect(ends).toEqual(['Done', 'Done']);
  };
}

/** The phase of a result, or the type of a failure whose details say in which phase it ended. */
async function endOf(handle: WorkflowHandle): Promise<string> {
  const done = await resultOf(handle).catch(() => undefined);
  if (done !== undefined) return done.phase;
  const { type, details } = await failureOf(handle);
  expect(FINAL_PHASES).toContain(details.phase);
  return type;
}

describe('two experiments under a seeded plan of faults, with their worker killed in the middle', () => {
  for (const seed of SEEDS) {
    it.concurrent(`end declared and clean: seed ${String(seed)}`, inLab(survives(seed), { worker: false }), LIMIT);
  }
});
