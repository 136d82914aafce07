/** Are the siblings of a lost node replaced before they go, and does a slot on-demand find back to spot? */
import type { WorkflowHandle } from '@temporalio/client';
import type { ExperimentStatus } from '../../src/contracts/messages';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { eventually, startLab, type Lab } from '../support/lab';
import { expectNoTrace, instancesOf, launchCalls, reaches, resultOf, statusOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

const REGION = 'us-west-2';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());
beforeEach(() => lab.control('reset', {}));

function start(
  components: ExperimentInput['components'],
  over: Partial<ExperimentInput> = {},
): Promise<WorkflowHandle> {
  return lab.start('experiment', smallSpec({ components, steps: [], ...over }));
}

/** Waits until every loss has its replacement, and there are so many. */
async function replaced(handle: WorkflowHandle, count: number): Promise<ExperimentStatus> {
  return eventually(async () => {
    const now = await statusOf(handle);
    const done = now.interruptions.filter((one) => one.promotedAt !== undefined);
    return done.length === count && now.interruptions.length === count ? now : undefined;
  });
}

const marketsOf = (status: ExperimentStatus): string[] => status.nodes.map((node) => node.market);

describe('the siblings of a node that AWS takes back', () => {
  const parts = { instanceTypes: ['t3.micro', 't3a.micro'], zones: [`${REGION}a`, `${REGION}b`] };

  it('are replaced with it, in one request and in another pool, and nothing more is launched', async () => {
    const handle = await start({ app: { count: 4, ...parts } });
    const before = await reaches(handle, 'Ready');
    const pools = new Set(before.nodes.map((node) => `${node.zone} ${node.instanceType}`));
    const lost = before.nodes[0]!;
    const siblings = before.nodes.filter((node) => node.zone === lost.zone && node.instanceType === lost.instanceType);
    const launches = launchCalls(await lab.ledger()).length;

    await lab.control('interrupt', { instanceId: lost.instanceId, noticeSeconds: 30 });
    const after = await replaced(handle, siblings.length);
    const ledger = await lab.ledger();
    await handle.executeUpdate('stop');
    await handle.result();

    expect(pools.size).toBe(1);
    expect(after.interruptions.map((one) => one.kind).sort()).toEqual(['at-risk', 'at-risk', 'at-risk', 'reclaim']);
    expect(after.nodes.filter((node) => node.zone === lost.zone && node.instanceType === lost.instanceType)).toEqual(
      [],
    );
    expect(instancesOf(ledger, handle.workflowId)).toHaveLength(before.nodes.length + siblings.length);
    expect(launchCalls(ledger).length - launches).toBeLessThanOrEqual(2);
    await expectNoTrace(lab, handle.workflowId);
  });

  it('are left alone after a rebalance recommendation, which is only told', async () => {
    const handle = await start({ app: { count: 2, ...parts } });
    const before = await reaches(handle, 'Ready');
    const at = new Date().toISOString();
    const [hinted] = before.nodes;
    const about = { instanceId: hinted?.instanceId, region: REGION, source: 'aws-event', noticeAt: at, detectedAt: at };

    await handle.signal('interruption', [{ ...about, kind: 'rebalance', reason: 'rebalance-recommendation' }]);
    await eventually(async () => {
      const { timeline } = await statusOf(handle);
      return timeline.some(({ text }) => text.endsWith('rebalance: rebalance-recommendation')) ? true : undefined;
    });
    await handle.executeUpdate('stop');
    const result = await resultOf(handle);

    expect(result.interruptions).toEqual([]);
    expect(result.nodes).toHaveLength(2);
  });
});

describe('a slot that was bought on-demand for want of spot', () => {
  const dry = { region: REGION, market: 'spot', capacity: 0 };
  const app = { count: 1, instanceTypes: ['t3.small'] };

  /** Somebody ends the node of the only slot; gives what took its place. */
  async function lose(handle: WorkflowHandle, times: number): Promise<ExperimentStatus> {
    const at = new Date().toISOString();
    const { instanceId } = (await statusOf(handle)).nodes[0]!;
    const about = { instanceId, region: REGION, source: 'person', noticeAt: at, detectedAt: at };
    await handle.signal('interruption', [{ ...about, kind: 'ended', reason: 'Client.UserInitiatedShutdown' }]);
    return replaced(handle, times);
  }

  it('stays while the spot pools are blocked, and says so', async () => {
    await lab.control('capacity', dry);
    // All tests here share the capacity memory of the region, so this one blocks pools that no other asks.
    const handle = await start({ app: { count: 1, instanceTypes: ['t3.medium'] } }, { returnAfter: '300ms' });
    const before = await reaches(handle, 'Ready');
    await lab.control('capacity', { ...dry, capacity: 10 });

    const refused = async (): Promise<number> =>
      (await statusOf(handle)).timeline.filter(({ text }) => text === 'stays on-demand, no spot pool is free: app-0')
        .length;
    await eventually(async () => ((await refused()) > 1 ? true : undefined));
    const after = await statusOf(handle);
    await handle.executeUpdate('stop');
    await handle.result();

    expect(marketsOf(before)).toEqual(['on-demand']);
    expect(after.nodes).toEqual(before.nodes);
    expect(after.interruptions).toEqual([]);
  });

  it('returns after calm, the new node before the old one ends', async () => {
    const handle = await start({ app }, { returnAfter: '3s' });
    await reaches(handle, 'Ready');
    await lose(handle, 1);
    await lose(handle, 2);
    // The third loss within an hour: the thrash rule.
    const fallen = await lose(handle, 3);
    const old = fallen.nodes[0]?.instanceId ?? '';

    const after = await replaced(handle, 4);
    await handle.executeUpdate('stop');
    await handle.result();

    expect(marketsOf(fallen)).toEqual(['on-demand']);
    expect(marketsOf(after)).toEqual(['spot']);
    expect(after.interruptions[3]).toMatchObject({
      slot: 'app-0',
      kind: 'return',
      reason: 'spot-calm',
      oldInstance: old,
    });
    const ledger = await lab.ledger();
    const [left, came] = [old, after.nodes[0]?.instanceId].map((id) => ledger.resources.find((one) => one.id === id));
    expect(left?.endedAt).toBeGreaterThan(came?.createdAt ?? Infinity);
    await expectNoTrace(lab, handle.workflowId);
  });

  it('does not return under a step that runs on it', async () => {
    await lab.control('scenario', { extends: 'quick', nodes: { default: { steps: [{ match: 'work', seconds: 8 }] } } });
    const steps = [{ name: 'first', on: 'app', run: 'work' }];
    const handle = await start({ app }, { returnAfter: '500ms', steps });
    await reaches(handle, 'Running');
    for (const times of [1, 2]) await lose(handle, times);
    const fallen = await lose(handle, 3);

    const result = await resultOf(handle);

    expect(marketsOf(fallen)).toEqual(['on-demand']);
    expect(result.interruptions.map((one) => one.kind)).toEqual(['ended', 'ended', 'ended']);
    expect(result.steps).toMatchObject([{ name: 'first', slot: 'app-0', exitCode: 0 }]);
  });
});
