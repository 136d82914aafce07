/** Does a warm node take the slot of a lost member at once, and is another made? */
import type { WorkflowHandle } from '@temporalio/client';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { eventually, startLab, type Lab } from '../support/lab';
import { generations, lose, noticeOf, settled, timesOf } from '../support/losses';
import { expectNoTrace, instancesOf, launchCalls, reaches, resultOf, statusOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});

afterAll(async () => {
  await lab.close();
});

const worker = { count: 2, standby: 1, services: ['app.service'], instanceTypes: ['t3.micro', 't3a.micro'] };

/** An experiment whose standby is warm, and the standby's instance. */
async function warm(over: Partial<ExperimentInput> = {}): Promise<{ handle: WorkflowHandle; standby: string }> {
  const spec = smallSpec({ components: { worker }, steps: [], settle: '300ms', ...over });
  const handle = await lab.start('experiment', spec);
  return { handle, standby: await standbyOf(handle) };
}

/** The instance that is warm under the standby's name; another one than `before`. */
async function standbyOf(handle: WorkflowHandle, before?: string): Promise<string> {
  return eventually(async () => {
    const { spares, timeline } = await statusOf(handle);
    const spare = spares.find((node) => node.slot === 'worker-standby-0')?.instanceId;
    if (spare === undefined || spare === before) return undefined;
    return timeline.some(({ text }) => text === `worker-standby-0 (${spare}) is warm`) ? spare : undefined;
  }, 30_000);
}

async function stopped(handle: WorkflowHandle): Promise<void> {
  await handle.executeUpdate('stop');
  expect(await resultOf(handle)).toMatchObject({ certificate: { verdict: 'clean' } });
  await expectNoTrace(lab, handle.workflowId);
}

describe('a standby', () => {
  it('takes the slot of a lost member before anything is launched, and another is made after', async () => {
    const { handle, standby } = await warm();
    const before = await statusOf(handle);
    const launches = launchCalls(await lab.ledger()).length;

    await lose(handle, ['worker-1']);
    const after = await settled(handle, 1);
    const next = await standbyOf(handle, standby);

    expect(before.nodes.map((node) => node.slot)).toEqual(['worker-0', 'worker-1']);
    expect(generations(after, 'worker')).toEqual([
      ['worker-0', 1],
      ['worker-1', 2],
    ]);
    expect(after.interruptions).toMatchObject([{ slot: 'worker-1', newInstance: standby }]);
    const times = timesOf(after.interruptions[0]);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(launchCalls(await lab.ledger()).length).toBe(launches + 1);
    const made = instancesOf(await lab.ledger(), handle.workflowId).find((one) => one.id === next);
    expect(made?.createdAt).toBeGreaterThan(Date.parse(after.interruptions[0]?.promotedAt ?? ''));
    const renamed = await eventually(async () => {
      const found = instancesOf(await lab.ledger(), handle.workflowId).find((one) => one.id === standby);
      return found?.tags['Slot'] === 'worker-1' ? found : undefined;
    });
    expect(renamed.endedAt).toBeUndefined();
    await stopped(handle);
  });

  it('costs money and runs no step', async () => {
    const steps = [{ name: 'work', on: 'worker', run: 'true' }];
    const { handle } = await warm();
    const { cost, nodes } = await statusOf(handle);
    await handle.executeUpdate('release');
    await handle.result();
    const worked = await lab.start('experiment', smallSpec({ components: { worker }, steps, settle: '300ms' }));

    expect(cost.usdPerHour).toBeGreaterThan(nodes.reduce((sum, node) => sum + (node.usdPerHour ?? 0), 0) * 1.2);
    expect((await resultOf(worked)).steps.map((step) => step.slot).sort()).toEqual(['worker-0', 'worker-1']);
    await expectNoTrace(lab, handle.workflowId, worked.workflowId);
  });

  it('that is taken away itself is made anew', async () => {
    const { handle, standby } = await warm();

    await handle.signal('interruption', [noticeOf(standby)]);
    await standbyOf(handle, standby);

    const { nodes, interruptions, phase } = await statusOf(handle);
    expect(generations({ nodes }, 'worker').map(([, generation]) => generation)).toEqual([1, 1]);
    expect(interruptions).toMatchObject([{ slot: 'worker-standby-0', oldInstance: standby }]);
    expect(phase).toBe('Ready');
    await stopped(handle);
  });

  it('whose gates no longer hold is ended, and the slot gets a new node', async () => {
    const { handle, standby } = await warm();
    await lab.control('interrupt', { instanceId: standby, noticeSeconds: 0 });
    await eventually(async () => {
      const found = instancesOf(await lab.ledger(), handle.workflowId).find((one) => one.id === standby);
      return found?.endedAt === undefined ? undefined : found;
    });

    await lose(handle, ['worker-0']);
    const { nodes, interruptions } = await eventually(async () => {
      const now = await statusOf(handle);
      return now.nodes.some((node) => node.generation > 1) ? now : undefined;
    }, 40_000);

    const holder = nodes.find((node) => node.slot === 'worker-0');
    expect(holder?.instanceId).not.toBe(standby);
    expect(interruptions.find((one) => one.slot === 'worker-0')).toMatchObject({ newInstance: holder?.instanceId });
    await stopped(handle);
  });

  it('is given up when there is no room for it, and the work goes on', async () => {
    await lab.control('capacity', { type: 't3.nano', zone: 'us-west-2a', market: 'spot', capacity: 2 });
    await lab.control('capacity', { type: 't3.nano', zone: 'us-west-2b', capacity: 0 });
    await lab.control('capacity', { type: 't3.nano', zone: 'us-west-2c', capacity: 0 });
    await lab.control('capacity', { type: 't3.nano', zone: 'us-west-2d', capacity: 0 });
    const narrow = { ...worker, instanceTypes: ['t3.nano'], market: 'spot' as const };
    const handle = await lab.start(
      'experiment',
      smallSpec({ components: { worker: narrow }, steps: [], settle: '300ms' }),
    );

    const { spares, timeline, nodes } = await reaches(handle, 'Ready');

    expect([nodes.length, spares]).toEqual([2, []]);
    expect(timeline.map(({ text }) => text)).toContain('worker: 2 of 3 came, the rest are standbys');
    await stopped(handle);
  });
});
