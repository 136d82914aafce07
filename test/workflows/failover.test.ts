/** Is the loss of a node an event in a table, and not the end of an experiment? */
import type { ExperimentResult, ExperimentStatus } from '../../src/contracts/messages';
import { eventually, startLab, type Lab } from '../support/lab';
import { simulatedAt, type Simulated } from '../support/simulated';
import { smallSpec } from '../support/specs';

let lab: Lab;
let aws: Simulated;

beforeAll(async () => {
  lab = await startLab();
  aws = simulatedAt(lab.simulatorUrl);
});

afterAll(async () => {
  await aws.close();
  await lab.close();
});

function lossOf(instanceId: string, reason = 'instance-terminated-no-capacity'): object {
  const at = new Date().toISOString();
  const region = 'us-west-2';
  return { instanceId, region, kind: 'reclaim', source: 'person', reason, noticeAt: at, detectedAt: at };
}

async function ready(id: Awaited<ReturnType<Lab['start']>>): Promise<ExperimentStatus> {
  return eventually(async () => {
    const now = await id.query<ExperimentStatus>('status');
    return now.phase === 'Ready' ? now : undefined;
  });
}

describe('the loss of a node', () => {
  it('is answered by a new generation of the same slot in another pool, and the old instance is ended', async () => {
    const handle = await lab.start('experiment', smallSpec({ steps: [] }));
    const before = await ready(handle);
    const lost = before.nodes.find((node) => node.slot === 'broker-0');

    await handle.signal('interruption', [lossOf(lost?.instanceId ?? ''), lossOf(lost?.instanceId ?? '')]);
    const after = await eventually(async () => {
      const now = await handle.query<ExperimentStatus>('status');
      const isOver = now.interruptions.every((one) => one.promotedAt !== undefined);
      return now.interruptions.length > 0 && isOver ? now : undefined;
    });
    await handle.executeUpdate('stop');
    const result = (await handle.result()) as ExperimentResult;

    const slot = after.nodes.find((node) => node.slot === 'broker-0');
    expect(after.interruptions.filter((one) => one.slot === 'broker-0')).toHaveLength(1);
    expect(slot).toMatchObject({ generation: 2 });
    expect(slot?.instanceId).not.toBe(lost?.instanceId);
    expect(after.interruptions[0]?.newPool).not.toBe(after.interruptions[0]?.pool);
    expect(after.nodes).toHaveLength(5);
    expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
    expect((await lab.ledger()).summary).toMatchObject({ alive: 0, duplicates: 0 });
  });

  it('is noticed by the sentinel from the spot request, and a step on the lost node runs on its replacement', async () => {
    const slow = { default: { steps: [{ match: 'echo done', seconds: 6 }] } };
    const watched = await startLab({ simulator: { scenario: { extends: 'quick', nodes: slow } as never } });
    try {
      const handle = await watched.start('experiment', smallSpec());
      const before = await eventually(async () => {
        const now = await handle.query<ExperimentStatus>('status');
        return now.phase === 'Running' ? now : undefined;
      });
      const lost = before.nodes.find((node) => node.slot === 'broker-1');
      await watched.control('interrupt', { instanceId: lost?.instanceId, noticeSeconds: 2 });

      const result = (await handle.result()) as ExperimentResult;

      expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
      expect(result.interruptions[0]).toMatchObject({ slot: 'broker-1', oldInstance: lost?.instanceId });
      expect(result.interruptions.filter((one) => one.promotedAt === undefined)).toEqual([]);
      expect(result.steps.map((step) => [step.slot, step.exitCode]).sort()).toEqual([
        ['broker-0', 0],
        ['broker-1', 0],
      ]);
      expect((await watched.ledger()).summary).toMatchObject({ alive: 0, duplicates: 0 });
    } finally {
      await watched.close();
    }
  });

  it('ends the experiment as Interrupted where the component says so', async () => {
    const spec = smallSpec({ steps: [] });
    const components = { zk: { ...spec.components['zk'], onInterruption: 'fail' as const } };
    const handle = await lab.start('experiment', { ...spec, components });
    const before = await ready(handle);

    await handle.signal('interruption', [lossOf(before.nodes[0]?.instanceId ?? '')]);
    const failure: unknown = await handle.result().catch((error: unknown) => (error as Error).cause);

    expect(failure).toMatchObject({
      type: 'Interrupted',
      message: expect.stringContaining('onInterruption: fail') as string,
    });
    expect((await lab.ledger()).summary.alive).toBe(0);
  });

  it.each([
    ['at the same moment', 0],
    ['a little later', 2500],
  ])('of what it depends on, %s, is waited for by a replacement', async (_, apartMs) => {
    const handle = await lab.start('experiment', smallSpec({ steps: [] }));
    const before = await ready(handle);
    const [zk, broker] = ['zk-0', 'broker-0'].map(
      (slot) => before.nodes.find((node) => node.slot === slot)?.instanceId,
    );

    await lab.control('delays', { serviceStart: [1500, 1500] });
    for (const [instanceId, waitMs] of [
      [broker, apartMs],
      [zk, 0],
    ] as const) {
      // By a person: when AWS takes a node, the others of its pool are replaced with it.
      await aws.cloud.compute('us-west-2').terminate([instanceId ?? '']);
      await handle.signal('interruption', [lossOf(instanceId ?? '', 'Client.UserInitiatedShutdown')]);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    const after = await eventually(async () => {
      const now = await handle.query<ExperimentStatus>('status');
      return now.interruptions.filter((one) => one.promotedAt !== undefined).length === 2 ? now : undefined;
    }, 30_000);
    await handle.executeUpdate('stop');
    await handle.result();

    expect(after.progress.map((node) => node.at)).toEqual(['ready', 'ready', 'ready', 'ready', 'ready']);
    expect(after.nodes.map((node) => node.generation).sort()).toEqual([1, 1, 1, 2, 2]);
  });

  it.each([
    ['at the same moment', 0],
    ['a little later', 2500],
  ])('that nothing makes good, %s, ends the failovers that wait for it', async (_, apartMs) => {
    const stuck = await startLab();
    try {
      const spec = smallSpec({ steps: [] });
      const zk = { ...spec.components['zk'], replacements: 0, limits: { service: '5s' } };
      const handle = await stuck.start('experiment', { ...spec, components: { ...spec.components, zk } });
      const before = await ready(handle);
      await stuck.control('delays', { serviceStart: [600_000, 600_000] });
      for (const [slot, waitMs] of [
        ['zk-0', apartMs],
        ['broker-0', 0],
      ] as const) {
        const lost = before.nodes.find((node) => node.slot === slot);
        await stuck.control('interrupt', { instanceId: lost?.instanceId, noticeSeconds: 0 });
        await handle.signal('interruption', [lossOf(lost?.instanceId ?? '')]);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
      const failure: unknown = await handle.result().catch((error: unknown) => (error as Error).cause);

      expect(failure).toMatchObject({
        type: 'Interrupted',
        message: expect.stringMatching(
          /^zk-0: no replacement .*missed gate service after \d+ s: zookeeper\.service activating$/,
        ) as string,
      });
      expect((await stuck.ledger()).summary.alive).toBe(0);
    } finally {
      await stuck.close();
    }
  });

  it('of a stranger, or garbage, changes nothing', async () => {
    const handle = await lab.start('experiment', smallSpec({ steps: [] }));
    await ready(handle);

    await handle.signal('interruption', [lossOf('i-00000000000000000')]);
    await handle.signal('interruption', 'garbage');
    await handle.signal('interruption');
    const told = await eventually(async () => {
      const { timeline } = await handle.query<ExperimentStatus>('status');
      const lines = timeline.map(({ text }) => text).filter((text) => /refused|holds no slot/.test(text));
      return lines.length === 3 ? lines : undefined;
    });
    await handle.executeUpdate('stop');
    const result = (await handle.result()) as ExperimentResult;

    expect(told.sort()).toEqual([
      'i-00000000000000000 holds no slot here: reclaim changes nothing',
      'refused an interruption: instanceId is no instance id',
      'refused an interruption: instanceId is no instance id',
    ]);
    expect(result).toMatchObject({ phase: 'Done', interruptions: [] });
  });
});
