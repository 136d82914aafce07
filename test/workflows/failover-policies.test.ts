/** Does each policy of a component do what it says when members are lost? */
import type { WorkflowHandle } from '@temporalio/client';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { eventually, startLab, type Lab } from '../support/lab';
import { generations, lose, settled, timesOf } from '../support/losses';
import { expectNoTrace, failureOf, instancesOf, launchCalls, reaches, resultOf, statusOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

type Part = ExperimentInput['components'][string];

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});

afterAll(async () => {
  await lab.close();
});

const worker = { services: ['app.service'], instanceTypes: ['t3.micro', 't3a.micro'] };

async function ready(part: Part): Promise<WorkflowHandle> {
  const components = { worker: { ...worker, ...part } };
  const handle = await lab.start('experiment', smallSpec({ components, steps: [], settle: '300ms' }));
  await reaches(handle, 'Ready');
  return handle;
}

async function stopped(handle: WorkflowHandle): Promise<void> {
  await handle.executeUpdate('stop');
  expect(await resultOf(handle)).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
  await expectNoTrace(lab, handle.workflowId);
}

describe('restart-all', () => {
  it('replaces every member in one request and promotes them together; the old ones end after that', async () => {
    const handle = await ready({ count: 3, onInterruption: 'restart-all' });
    const before = launchCalls(await lab.ledger()).length;
    const old = (await statusOf(handle)).nodes.map((node) => node.instanceId);

    await lose(handle, ['worker-1']);
    const { nodes, interruptions } = await settled(handle, 3);

    expect(generations({ nodes }, 'worker')).toEqual([0, 1, 2].map((ordinal) => [`worker-${String(ordinal)}`, 2]));
    expect(interruptions.map((one) => [one.slot, one.kind]).sort()).toEqual([
      ['worker-0', 'restart'],
      ['worker-1', 'reclaim'],
      ['worker-2', 'restart'],
    ]);
    expect(new Set(interruptions.map((one) => one.promotedAt)).size).toBe(1);
    expect(launchCalls(await lab.ledger()).length).toBe(before + 1);
    const promoted = Date.parse(interruptions[0]?.promotedAt ?? '');
    const ends = await eventually(async () => {
      const gone = instancesOf(await lab.ledger(), handle.workflowId).filter((one) => old.includes(one.id));
      return gone.every((one) => one.endedAt !== undefined) ? gone : undefined;
    });
    expect(ends.map((one) => (one.endedAt ?? 0) > promoted)).toEqual([true, true, true]);
    await stopped(handle);
  });
});

describe('ignore', () => {
  it('leaves the slot empty, and the loss in the table', async () => {
    const handle = await ready({ count: 2, onInterruption: 'ignore' });

    await lose(handle, ['worker-0']);
    const { nodes, interruptions } = await settled(handle, 1);

    expect(generations({ nodes }, 'worker')).toEqual([['worker-1', 1]]);
    expect(interruptions).toMatchObject([{ slot: 'worker-0', missed: expect.stringContaining('ignores') as string }]);
    await stopped(handle);
  });
});

describe('the budget', () => {
  it('ends the experiment as Interrupted when it is used up, and everything is torn down', async () => {
    const handle = await ready({ count: 1, failovers: 1 });
    await lose(handle, ['worker-0']);
    await settled(handle, 1);

    await lose(handle, ['worker-0']);
    const { type, message, details } = await failureOf(handle);

    expect([type, message]).toEqual(['Interrupted', 'worker-0 was taken away and worker has used its 1 failovers']);
    expect(details).toMatchObject({ reason: 'Interrupted', certificate: { verdict: 'clean' } });
    expect(details.interruptions.map((one) => one.promotedAt !== undefined)).toEqual([true, false]);
    await expectNoTrace(lab, handle.workflowId);
  });
});

describe('a component without room anywhere', () => {
  /** Two nodes of a type that nobody else uses, since all experiments know which pools refused; then the type is dry. */
  async function dry(type: string, part: Part = {}): Promise<WorkflowHandle> {
    const handle = await ready({ count: 2, instanceTypes: [type], ...part });
    await lab.control('capacity', { type, capacity: 0 });
    return handle;
  }

  it('fails as Capacity when a member is taken away', async () => {
    const handle = await dry('t3.nano');
    await lose(handle, ['worker-0']);

    const { type, details } = await failureOf(handle);

    expect(type).toBe('Capacity');
    expect(details).toMatchObject({ phase: 'Failed', reason: 'Capacity', certificate: { verdict: 'clean' } });
    await expectNoTrace(lab, handle.workflowId);
  });

  it('goes on with an empty slot when minReady is left', async () => {
    const handle = await dry('t3a.nano', { minReady: 1 });
    await lose(handle, ['worker-0']);

    const { nodes, interruptions } = await settled(handle, 1);

    expect(generations({ nodes }, 'worker')).toEqual([['worker-1', 1]]);
    expect(interruptions[0]?.missed).toContain('no pool had room');
    await stopped(handle);
  });

  it('keeps nodes that we only wanted to replace', async () => {
    const handle = await dry('t2.nano');
    const kinds = ['replace', 'return', 'at-risk'] as const;
    for (const [index, kind] of kinds.entries()) {
      await lose(handle, ['worker-0'], kind);
      await settled(handle, index + 1);
    }

    const { nodes, interruptions } = await statusOf(handle);

    expect(generations({ nodes }, 'worker')).toEqual([
      ['worker-0', 1],
      ['worker-1', 1],
    ]);
    expect(interruptions.map((one) => [one.kind, one.missed])).toEqual(
      kinds.map((kind) => [kind, 'no pool had room for a replacement']),
    );
    await stopped(handle);
  });
});

describe('a quorum', () => {
  it('has its members at risk replaced one after the other', async () => {
    const handle = await ready({ count: 3, quorum: true });

    await lose(handle, ['worker-0', 'worker-2'], 'at-risk');
    const { nodes, interruptions } = await settled(handle, 2);

    expect(generations({ nodes }, 'worker')).toEqual([
      ['worker-0', 2],
      ['worker-1', 1],
      ['worker-2', 2],
    ]);
    const [first, second] = interruptions;
    expect(Date.parse(second?.askedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(first?.promotedAt ?? ''));
    await stopped(handle);
  });
});

describe('a replacement', () => {
  it('is shown as Recovering, has its times in order, and carries the slot in its tags', async () => {
    const handle = await ready({ count: 2 });
    const [old] = await lose(handle, ['worker-1']);

    const during = await eventually(async () => {
      const now = await statusOf(handle);
      return now.phase === 'Recovering' && now.spares.length > 0 ? now : undefined;
    });
    const { raw } = await handle.describe();
    const after = await settled(handle, 1);
    const fresh = after.nodes.find((node) => node.slot === 'worker-1')?.instanceId;

    expect(
      Buffer.from(raw.workflowExecutionInfo?.searchAttributes?.indexedFields?.['HoldfastPhase']?.data ?? []).toString(),
    ).toBe('"Recovering"');
    expect(during.spares).toMatchObject([{ slot: 'worker-1', generation: 2 }]);
    expect(during.cost.usdPerHour).toBeGreaterThan(after.cost.usdPerHour);
    expect([after.phase, after.spares]).toEqual(['Ready', []]);
    const times = timesOf(after.interruptions[0]);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.every((at) => at > 0)).toBe(true);
    const claims = await eventually(async () => {
      const claiming = instancesOf(await lab.ledger(), handle.workflowId).filter(
        (one) => one.tags['Slot'] === 'worker-1' && one.endedAt === undefined,
      );
      return claiming.length === 1 && claiming[0]?.id === fresh ? claiming : undefined;
    });
    expect(claims[0]?.tags['Name']).toContain('worker-1');
    expect(old).not.toBe(fresh);
    await stopped(handle);
  });
});

describe('the update replaceNode', () => {
  it('replaces the node of a slot, or an instance, and tells a wrong one in one line', async () => {
    const handle = await ready({ count: 2, onInterruption: 'fail' });
    const { nodes } = await statusOf(handle);
    const refused = async (input: unknown): Promise<string> =>
      handle.executeUpdate('replaceNode', { args: [input] }).then(
        () => 'accepted',
        (error: unknown) => ((error as Error).cause as Error | undefined)?.message ?? 'ended',
      );

    expect(await refused({ slot: 'worker-7' })).toBe('slot: worker-7 holds no slot here; there are worker-0, worker-1');
    expect(await refused({ instanceId: 'i-00000000000000000' })).toContain('holds no slot here');
    expect(await refused({ slot: 'worker-0', force: true })).toContain('names no node; write {"slot": "broker-0"}');
    expect(await refused(undefined)).toBe('null names no node; write {"slot": "broker-0"}');
    expect((await statusOf(handle)).interruptions).toEqual([]);
    const answer = await handle.executeUpdate('replaceNode', { args: [{ instanceId: nodes[1]?.instanceId }] });
    expect(answer).toEqual({ slot: nodes[1]?.slot, instanceId: nodes[1]?.instanceId });
    expect(await refused({ slot: nodes[1]?.slot })).toContain('is being replaced already');

    const after = await settled(handle, 1);

    expect(after.interruptions).toMatchObject([{ slot: nodes[1]?.slot, kind: 'replace', reason: 'by hand' }]);
    expect(after.nodes.find((node) => node.slot === nodes[1]?.slot)?.generation).toBe(2);
    await stopped(handle);
    expect(await refused({ slot: 'worker-0' })).toBe('ended');
  });

  it('is refused while nothing is ready yet', async () => {
    const handle = await lab.start('experiment', smallSpec({ steps: [] }));
    const early = handle.executeUpdate('replaceNode', { args: [{ slot: 'zk-0' }] }).catch((error: unknown) => error);

    expect((((await early) as Error).cause as Error).message).toMatch(
      /none yet|while it is Ready, Running, Recovering/,
    );
    await handle.executeUpdate('stop');
    await handle.result();
  });
});
