/** Does an experiment end the same when its worker is killed in the middle of something and another one takes over? */
import type { WorkflowHandle } from '@temporalio/client';
import { cleanupWorkflowId } from '../../src/contracts/names';
import type { FaultPlan } from '../../src/simulator';
import { eventually, startLab, type Lab } from '../support/lab';
import { expectNoTrace, instancesOf, reaches, resultOf, statusOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process';

/** Long enough to get three experiments into place before the service is up; its gate allows a little more. */
const SERVICE_MS = 12_000;
const LIMIT_MS = 14_000;
/** How long calls under way take, so that the kill meets them. */
const IN_FLIGHT_MS = 6000;
/** A heartbeat timeout of 10 s and two cores shared with everything else. */
const LIMIT = 150_000;

let lab: Lab;
let worker: WorkerProcess;
let launching: WorkflowHandle;
let configuring: WorkflowHandle;
let cleaning: WorkflowHandle;

const late = { count: 2, services: ['late.service'], limits: { service: `${String(LIMIT_MS)}ms` } };

/** One worker, killed once, in the middle of three experiments: each at another point of its life. */
beforeAll(async () => {
  lab = await startLab({
    worker: false,
    simulator: {
      scenario: {
        extends: 'quick',
        nodes: { components: { late: { services: { 'late.service': { delay: [SERVICE_MS, SERVICE_MS] } } } } },
      },
    },
  });
  worker = await startWorkerProcess(lab);
  cleaning = await lab.start('experiment', smallSpec({ steps: [] }));
  await reaches(cleaning, 'Ready');
  configuring = await lab.start(
    'experiment',
    smallSpec({ components: { late }, steps: [{ name: 'work', on: 'late', run: 'true' }] }),
  );
  await reaches(configuring, 'Configuring');
  const slow = { delayMs: IN_FLIGHT_MS };
  // The first CreateFleet from here on is a rehearsal, the next two are launches.
  const launches = [2, 3].map((nth) => ({ operation: 'CreateFleet', nth, effect: slow }));
  await lab.control('faults', [...launches, { operation: 'TerminateInstances', effect: slow }] satisfies FaultPlan);
  launching = await lab.start('experiment', smallSpec());
  await cleaning.executeUpdate('stop');
  const cleanup = lab.client.workflow.getHandle(cleanupWorkflowId(cleaning.workflowId));
  await eventually(
    async () =>
      (await isRunning(launching, 'launch', 2)) && (await isRunning(cleanup, 'removeResources')) ? true : undefined,
    30_000,
  );
  expect((await statusOf(configuring)).phase).toBe('Configuring');

  await worker.kill();
  const killedAt = Date.now();
  await lab.control('faults', []);
  // The outage outlasts the gate's limit, and the nodes got ready while nobody looked.
  await eventually(() => Promise.resolve(Date.now() - killedAt > LIMIT_MS ? true : undefined), LIMIT);
  worker = await startWorkerProcess(lab);
}, LIMIT);

afterAll(async () => {
  await worker.kill();
  await lab.close();
});

/** Whether so many activities of the type are in the hands of a worker now. */
async function isRunning(handle: WorkflowHandle, activity: string, count = 1): Promise<boolean> {
  const { raw } = await handle.describe().catch(() => ({ raw: { pendingActivities: [] } }));
  const STARTED = 2; // temporal.api.enums.v1.PendingActivityState
  const held = (raw.pendingActivities ?? []).filter(
    (one) => one.activityType?.name === activity && Number(one.state) === STARTED,
  );
  return held.length >= count;
}

describe('a worker that is killed', () => {
  it(
    'in the middle of a launch buys nothing twice',
    async () => {
      const result = await resultOf(launching);

      expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
      expect(result.nodes).toHaveLength(5);
      expect(instancesOf(await lab.ledger(), launching.workflowId)).toHaveLength(5);
      await expectNoTrace(lab, launching.workflowId);
    },
    LIMIT,
  );

  it(
    'while nodes get ready fails none of them, though the outage outlasts their limit',
    async () => {
      const result = await resultOf(configuring);

      expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
      expect(result.nodes.map((node) => node.generation)).toEqual([1, 1]);
      expect(instancesOf(await lab.ledger(), configuring.workflowId)).toHaveLength(2);
      await expectNoTrace(lab, configuring.workflowId);
    },
    LIMIT,
  );

  it(
    'in the middle of a cleanup leaves nothing behind',
    async () => {
      const result = await resultOf(cleaning);

      expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean', left: [] } });
      expect(instancesOf(await lab.ledger(), cleaning.workflowId)).toHaveLength(5);
      await expectNoTrace(lab, cleaning.workflowId);
    },
    LIMIT,
  );
});
