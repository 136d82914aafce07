/** Can callers who orchestrate themselves have lost nodes replaced, with nothing but ids and the spec? */
import type { WorkflowHandle } from '@temporalio/client';
import type { Node } from '../../src/contracts/messages';
import type { FailoverResult } from '../../src/workflows/failover-alone';
import type { ProvisionResult } from '../../src/workflows/lifecycles';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { expectNoTrace, failureOf, instancesOf, reaches } from '../support/outcomes';
import { smallSpec } from '../support/specs';

let lab: Lab;

beforeAll(async () => {
  const steps = [{ match: 'exit 7', exitCode: 7 }];
  lab = await startLab({ simulator: { scenario: { extends: 'quick', nodes: { default: { steps } } } } });
});

afterAll(async () => {
  await lab.close();
});

const components = {
  zk: { count: 1, instanceTypes: ['t3.micro'] },
  worker: { count: 3, instanceTypes: ['t3.small', 't3a.small'], services: ['app.service'], dependsOn: ['zk'] },
};
const spec = smallSpec({ components, steps: [], settle: '300ms' });

async function provisioned(over = spec): Promise<{ experimentId: string; nodes: Node[] }> {
  const experimentId = uniqueId('owned');
  const { nodes } = (await (await lab.start('provision', over, experimentId)).result()) as ProvisionResult;
  return { experimentId, nodes };
}

async function replaced(experimentId: string, lost: string[]): Promise<FailoverResult> {
  const handle: WorkflowHandle = await lab.start('failover', { experimentId, spec, lost });
  return (await handle.result()) as FailoverResult;
}

async function cleaned(experimentId: string): Promise<void> {
  await (await lab.start('cleanup', { experimentId, regions: ['us-west-2'], settleSeconds: '300ms' })).result();
  await expectNoTrace(lab, experimentId);
}

function holderOf(nodes: Node[], slot: string): string | undefined {
  return nodes.find((node) => node.slot === slot)?.instanceId;
}

async function livingOf(experimentId: string): Promise<string[]> {
  const all = instancesOf(await lab.ledger(), experimentId);
  return all.filter((one) => one.endedAt === undefined).map((one) => one.id);
}

/** An instance ends a moment after it was told to. */
async function onlyTheseLive(experimentId: string, nodes: Node[]): Promise<void> {
  const wanted = nodes.map((node) => node.instanceId).sort();
  await eventually(async () => ((await livingOf(experimentId)).length === wanted.length ? true : undefined));
  expect((await livingOf(experimentId)).sort()).toEqual(wanted);
}

describe('failover, started alone', () => {
  it('replaces a living node by its slot, and one that has ended by its instance id; the others keep theirs', async () => {
    const { experimentId, nodes } = await provisioned();
    const ended = holderOf(nodes, 'worker-0') ?? '';
    await lab.control('interrupt', { instanceId: ended, noticeSeconds: 0 });
    await eventually(async () => ((await livingOf(experimentId)).includes(ended) ? undefined : true));

    const first = await replaced(experimentId, [ended]);
    const second = await replaced(experimentId, ['worker-2']);

    expect(first.interruptions).toMatchObject([{ slot: 'worker-0', oldInstance: ended, kind: 'ended' }]);
    expect(first.interruptions[0]?.newInstance).toBe(holderOf(first.nodes, 'worker-0'));
    expect(second.interruptions).toMatchObject([{ slot: 'worker-2', oldInstance: holderOf(nodes, 'worker-2') }]);
    const slots = ['worker-0', 'worker-1', 'worker-2', 'zk-0'];
    expect(second.nodes.map((node) => node.slot).sort()).toEqual(slots);
    expect(holderOf(second.nodes, 'worker-0')).toBe(holderOf(first.nodes, 'worker-0'));
    expect(holderOf(second.nodes, 'worker-1')).toBe(holderOf(nodes, 'worker-1'));
    await onlyTheseLive(experimentId, second.nodes);
    await cleaned(experimentId);
  });

  it('brings the volumes of a living machine along, and says so when there are none to bring', async () => {
    const data = {
      count: 1,
      instanceTypes: ['t3.micro', 't3a.micro'],
      volumes: [{ sizeGiB: 10, follows: 'slot' as const }],
    };
    const stateful = { ...spec, components: { data } };
    const { experimentId, nodes } = await provisioned(stateful);
    const replace = async (): Promise<FailoverResult> => {
      const handle = await lab.start('failover', { experimentId, spec: stateful, lost: ['data-0'] });
      return (await handle.result()) as FailoverResult;
    };
    const moved = await replace();
    const holder = holderOf(moved.nodes, 'data-0') ?? '';
    await lab.control('interrupt', { instanceId: holder, noticeSeconds: 0 });
    await eventually(async () => ((await livingOf(experimentId)).includes(holder) ? undefined : true));
    const empty = await replace();

    expect(holder).not.toBe(holderOf(nodes, 'data-0'));
    expect(moved.nodes[0]?.volumes).toMatchObject([{ origin: 'kept' }]);
    expect(moved.events).toContain(`data-0 keeps ${moved.nodes[0]?.volumes?.[0]?.volumeId ?? ''}`);
    expect(empty.events).toContain('data-0: its machine holds no volumes any more; the next starts empty');
    await onlyTheseLive(experimentId, empty.nodes);
    await cleaned(experimentId);
  }, 60_000);

  it('leaves nothing that it bought, and ends nothing that was there, when no replacement passes', async () => {
    const { experimentId, nodes } = await provisioned();
    const impossible = { ...components, worker: { ...components.worker, setup: 'exit 7' } };
    const input = { experimentId, spec: { ...spec, components: impossible }, lost: ['worker-1'] };

    const { type, message } = await failureOf(await lab.start('failover', input));

    expect(type).toBe('Interrupted');
    expect(message).toMatch(
      /^worker-1: no replacement passed its gates; worker-1 .*missed gate setup after \d+ s: the setup script exited 7$/,
    );
    await onlyTheseLive(experimentId, nodes);
    await cleaned(experimentId);
  });

  it('leaves nothing that it bought when it is cancelled', async () => {
    const { experimentId, nodes } = await provisioned();
    await lab.control('faults', [{ operation: 'CreateFleet', effect: { delayMs: 1000 } }]);
    const handle = await lab.start('failover', { experimentId, spec, lost: ['worker-1'] });
    await eventually(async () => {
      const { raw } = await handle.describe();
      return raw.pendingActivities?.some((one) => one.activityType?.name === 'launch') === true ? true : undefined;
    });
    await handle.cancel();

    const { type } = await failureOf(handle);
    await lab.control('faults', []);

    expect(type).toBe('CancelledFailure');
    await onlyTheseLive(experimentId, nodes);
    await cleaned(experimentId);
  });

  it('says in one line each what is no node of it, and sends a running experiment to its update', async () => {
    const { experimentId } = await provisioned();
    const running = await lab.start('experiment', spec);
    await reaches(running, 'Ready');
    const problemsOf = async (id: string, lost: unknown): Promise<string[]> => {
      const { type, message } = await failureOf(await lab.start('failover', { experimentId: id, spec, lost }));
      expect(type).toBe('InvalidInput');
      return message.split('\n');
    };

    expect(await problemsOf(experimentId, ['worker-9', 'i-00000000000000000'])).toEqual([
      `lost.0: no node of ${experimentId} is worker-9`,
      `lost.1: no node of ${experimentId} is i-00000000000000000`,
    ]);
    expect(await problemsOf(experimentId, ['the first one'])).toEqual([
      'lost.0: is neither a slot nor an instance id: write broker-0 or i-...',
    ]);
    expect(await problemsOf(running.workflowId, ['worker-0'])).toEqual([
      `experimentId: ${running.workflowId} is a running experiment; use the update replaceNode`,
    ]);
    await running.executeUpdate('stop');
    await running.result();
    await cleaned(experimentId);
  });
});
