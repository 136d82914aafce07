/** Does an experiment end as it would have when the process that asked for it is killed? */
import { connect, type ExperimentInput, type Holdfast } from '../../src/client';
import { openDoor, type Door } from '../api/door';
import { startCaller } from '../support/calling';
import { startLab, uniqueId, type Lab } from '../support/lab';
import { expectNoTrace, launchCalls } from '../support/outcomes';
import { sharedTemporal } from '../support/temporal';

const PHASES = ['Provisioning', 'Configuring', 'Ready', 'Running', 'Collecting', 'TearingDown', 'Done'];
const spec: ExperimentInput = {
  name: 'left-alone',
  lease: '10m',
  poll: '50ms',
  settle: '300ms',
  instanceProfile: 'holdfast-node',
  components: { a: { count: 2, instanceTypes: ['t3.micro'] } },
  steps: [{ name: 'work', on: 'a', run: 'echo done' }],
};

let lab: Lab;
let holdfast: Holdfast;
let door: Door;
beforeAll(async () => {
  lab = await startLab();
  const { address, namespace } = sharedTemporal();
  holdfast = await connect({ connection: { address }, namespace, taskQueue: lab.taskQueue });
  door = await openDoor(holdfast);
});
afterAll(async () => {
  await door.close();
  await holdfast.close();
  await lab.close();
});

it.each([
  ['over HTTP', 'right after the start', true, undefined],
  ['over HTTP', 'while it waits', true, 'Running'],
  ['through the client', 'right after the start', false, undefined],
  ['through the client', 'while it waits', false, 'Running'],
] as const)(
  'does when it asked %s and is killed %s',
  async (_how, _when, isHttp, until) => {
    const before = launchCalls(await lab.ledger()).length;
    const call = { taskQueue: lab.taskQueue, requestId: uniqueId('dead'), spec };
    const caller = startCaller(isHttp ? { ...call, door: door.url } : call);
    const experiment = holdfast.get(await caller.started);
    if (until !== undefined) await experiment.wait(until);

    await caller.kill();

    const result = await experiment.result();
    expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
    expect(result.steps.map(({ slot, exitCode }) => [slot, exitCode])).toEqual([
      ['a-0', 0],
      ['a-1', 0],
    ]);
    const { timeline } = await experiment.status();
    expect(timeline.flatMap(({ phase }) => phase ?? [])).toEqual(PHASES);
    expect(launchCalls(await lab.ledger()).length - before).toBe(1);
    await expectNoTrace(lab, experiment.id);
  },
  120_000,
);
