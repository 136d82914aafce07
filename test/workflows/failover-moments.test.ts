/** What does the loss of a node mean at each moment of an experiment? The table in docs/failures.md, row by row. */
import type { WorkflowHandle } from '@temporalio/client';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { eventually, startLab, type Lab } from '../support/lab';
import { generations, lose, noticeOf, settled } from '../support/losses';
import { expectNoTrace, failureOf, instancesOf, reaches, resultOf, statusOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

type Part = ExperimentInput['components'][string];

let lab: Lab;

/** Setup of `slow` takes long enough for something to happen meanwhile. */
beforeAll(async () => {
  const steps = [{ match: 'slow setup', seconds: 2 }];
  lab = await startLab({ simulator: { scenario: { extends: 'quick', nodes: { default: { steps } } } } });
});

afterAll(async () => {
  await lab.close();
});

const slow = { count: 2, instanceTypes: ['t3.micro', 't3a.micro'], setup: 'echo slow setup' };

function start(part: Part, over: Partial<ExperimentInput> = {}): Promise<WorkflowHandle> {
  return lab.start('experiment', smallSpec({ components: { worker: part }, steps: [], settle: '300ms', ...over }));
}

async function firstInstance(handle: WorkflowHandle): Promise<string> {
  return eventually(async () => instancesOf(await lab.ledger(), handle.workflowId)[0]?.id);
}

async function stopped(handle: WorkflowHandle): Promise<void> {
  await handle.executeUpdate('stop');
  expect(await resultOf(handle)).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
  await expectNoTrace(lab, handle.workflowId);
}

describe('a node that is taken away', () => {
  it('while others are still bought is replaced in readiness, where it is missed', async () => {
    await lab.control('faults', [{ operation: 'CreateFleet', nth: 2, effect: { delayMs: 1500 } }]);
    const components = { worker: slow, other: { count: 1, instanceTypes: ['t3.small'] } };
    const handle = await lab.start('experiment', smallSpec({ components, steps: [], settle: '300ms' }));
    const id = await firstInstance(handle);
    const phase = (await statusOf(handle)).phase;
    await lab.control('interrupt', { instanceId: id, noticeSeconds: 0 });
    await handle.signal('interruption', [noticeOf(id)]);
    const { nodes } = await reaches(handle, 'Ready');
    await lab.control('faults', []);

    expect(phase).toBe('Provisioning');
    expect(nodes).toHaveLength(3);
    expect(nodes.map((node) => node.instanceId)).not.toContain(id);
    expect(nodes.map((node) => node.generation).sort()).toEqual([1, 1, 2]);
    await stopped(handle);
  });

  it('during readiness misses its gate and is replaced there, out of the budget of replacements', async () => {
    const handle = await start({ ...slow, failovers: 0 });
    await reaches(handle, 'Configuring');
    const id = await firstInstance(handle);
    await lab.control('interrupt', { instanceId: id, noticeSeconds: 0 });

    const { nodes, interruptions } = await reaches(handle, 'Ready');

    expect(nodes.map((node) => node.generation).sort()).toEqual([1, 2]);
    expect(interruptions).toEqual([]);
    await stopped(handle);
  });

  it('with a notice that outlasts readiness is replaced as soon as the experiment is ready', async () => {
    const handle = await start(slow);
    await reaches(handle, 'Configuring');
    const id = await firstInstance(handle);
    await handle.signal('interruption', [noticeOf(id)]);

    const { nodes, interruptions } = await settled(handle, 1);

    expect(interruptions).toMatchObject([{ oldInstance: id, kind: 'reclaim' }]);
    expect(nodes.map((node) => node.generation).sort()).toEqual([1, 2]);
    await stopped(handle);
  });

  it('while it replaces another is itself replaced, and only the last one takes the slot', async () => {
    const handle = await start(slow);
    await reaches(handle, 'Ready');
    await lose(handle, ['worker-0']);
    const on = await eventually(async () => (await statusOf(handle)).spares[0]);
    await lab.control('interrupt', { instanceId: on.instanceId, noticeSeconds: 0 });

    const { nodes, interruptions, spares } = await settled(handle, 1);

    expect(generations({ nodes }, 'worker')).toEqual([
      ['worker-0', 3],
      ['worker-1', 1],
    ]);
    expect(interruptions).toHaveLength(1);
    expect(interruptions[0]?.newInstance).not.toBe(on.instanceId);
    expect(spares).toEqual([]);
    await stopped(handle);
  });

  it('under notice while it replaces another takes the slot and is replaced after that', async () => {
    const handle = await start(slow);
    await reaches(handle, 'Ready');
    await lose(handle, ['worker-0']);
    const on = await eventually(async () => (await statusOf(handle)).spares[0]);
    await handle.signal('interruption', [noticeOf(on.instanceId)]);

    const { nodes, interruptions } = await settled(handle, 2, 40_000);

    expect(generations({ nodes }, 'worker')[0]).toEqual(['worker-0', 3]);
    expect(interruptions.map((one) => one.slot)).toEqual(['worker-0', 'worker-0']);
    expect(interruptions[1]?.oldInstance).toBe(on.instanceId);
    await stopped(handle);
  });

  it('while another slot is being replaced is a failover of its own beside it', async () => {
    const handle = await start(slow);
    await reaches(handle, 'Ready');
    await lose(handle, ['worker-0']);
    await reaches(handle, 'Recovering');
    await lose(handle, ['worker-1']);

    const { nodes, interruptions, progress } = await settled(handle, 2);

    expect(generations({ nodes }, 'worker').map(([, generation]) => generation)).toEqual([2, 2]);
    expect(interruptions.every((one) => one.promotedAt !== undefined)).toBe(true);
    expect(progress.map((one) => one.instanceId).sort()).toEqual(nodes.map((node) => node.instanceId).sort());
    await stopped(handle);
  });

  it('during a replacement that we chose is relieved by it', async () => {
    const handle = await start(slow);
    await reaches(handle, 'Ready');
    await lose(handle, ['worker-0'], 'at-risk');
    await reaches(handle, 'Recovering');
    await lose(handle, ['worker-0']);

    const { nodes, interruptions } = await settled(handle, 1);

    expect(interruptions).toMatchObject([{ kind: 'at-risk', slot: 'worker-0' }]);
    expect(generations({ nodes }, 'worker')[0]).toEqual(['worker-0', 2]);
    await stopped(handle);
  });

  it('during a hold is written down and not replaced', async () => {
    const steps = [{ name: 'fail', on: 'worker', run: 'exit 1' }];
    const failing = await startLab({
      simulator: { scenario: { extends: 'quick', nodes: { default: { steps: [{ match: 'exit 1', exitCode: 1 }] } } } },
    });
    const spec = smallSpec({ components: { worker: { count: 2 } }, steps, onFailure: 'hold', settle: '300ms' });
    const handle = await failing.start('experiment', spec);
    await reaches(handle, 'Held');
    const [lost] = await lose(handle, ['worker-0']);
    await handle.executeUpdate('release');

    const { details } = await failureOf(handle);

    expect(details.interruptions).toMatchObject([{ oldInstance: lost, missed: 'held: nothing is replaced' }]);
    expect(details).toMatchObject({ phase: 'Failed', reason: 'Workload', certificate: { verdict: 'clean' } });
    expect(details.nodes).toHaveLength(2);
    await expectNoTrace(failing, handle.workflowId);
    await failing.close();
  });

  it('and is being replaced when the experiment is stopped leaves a cluster without steps Done', async () => {
    const handle = await start(slow);
    await reaches(handle, 'Ready');
    await lose(handle, ['worker-0']);
    await reaches(handle, 'Recovering');

    await stopped(handle);
  });

  it('during teardown changes nothing', async () => {
    const handle = await start({ count: 2 }, { settle: '2s' });
    const { nodes } = await reaches(handle, 'Ready');
    await handle.executeUpdate('stop');
    await reaches(handle, 'TearingDown');
    await handle.signal('interruption', [noticeOf(nodes[0]?.instanceId ?? '')]);

    expect(await resultOf(handle)).toMatchObject({
      phase: 'Done',
      interruptions: [],
      certificate: { verdict: 'clean' },
    });
    await expectNoTrace(lab, handle.workflowId);
  });
});
