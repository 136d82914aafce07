/** Do provisioning and readiness work for callers who start them alone, from the Temporal UI or another service? */
import type { NodeProgress } from '../../src/contracts/readiness';
import type { Node } from '../../src/contracts/messages';
import type { ProvisionResult } from '../../src/workflows/lifecycles';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { expectNoTrace, failureOf, instancesOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab({
    simulator: { scenario: { extends: 'quick', nodes: { components: { mute: { agentNever: true } } } } },
  });
});

afterAll(async () => {
  await lab.close();
});

const spec = smallSpec({ settle: '300ms' });

describe('provision, started alone', () => {
  it('buys the nodes and leaves them, for readiness and cleanup to go on with', async () => {
    const experimentId = uniqueId('alone');
    const bought = (await (await lab.start('provision', spec, experimentId)).result()) as ProvisionResult;
    const alive = instancesOf(await lab.ledger(), experimentId).filter((one) => one.endedAt === undefined);
    const input = { experimentId, spec };
    const proven = (await (await lab.start('readiness', input)).result()) as {
      nodes: Node[];
      progress: NodeProgress[];
    };
    const stillAlive = instancesOf(await lab.ledger(), experimentId).filter((one) => one.endedAt === undefined);
    const end = { experimentId, regions: ['us-west-2'], settleSeconds: '300ms' };
    const cleaned: unknown = await (await lab.start('cleanup', end)).result();

    expect(alive).toHaveLength(5);
    expect(bought.nodes.map((node) => node.instanceId).sort()).toEqual(alive.map((one) => one.id).sort());
    expect(Date.parse(bought.expiresAt)).toBeGreaterThan(Date.now());
    expect(alive[0]?.tags).toMatchObject({ ExpiresAt: bought.expiresAt, ManagedBy: 'holdfast' });
    expect(proven.progress.map((node) => node.at)).toEqual(Array(5).fill('ready'));
    expect(proven.nodes.map((node) => node.slot).sort()).toEqual(bought.nodes.map((node) => node.slot).sort());
    expect(proven.nodes.every((node) => node.privateIp !== undefined)).toBe(true);
    expect(stillAlive.map((one) => one.id)).toEqual(alive.map((one) => one.id));
    expect(cleaned).toMatchObject({ verdict: 'clean', left: [] });
    await expectNoTrace(lab, experimentId);
  });

  it('leaves nothing when it is cancelled in the middle of a launch', async () => {
    await lab.control('faults', [{ operation: 'CreateFleet', effect: { delayMs: 1000 } }]);
    const handle = await lab.start('provision', spec);
    await eventually(async () => {
      const { raw } = await handle.describe();
      return raw.pendingActivities?.some((one) => one.activityType?.name === 'launch') === true ? true : undefined;
    });
    await handle.cancel();

    const { type } = await failureOf(handle);
    await lab.control('faults', []);

    expect(type).toBe('CancelledFailure');
    // What was on its way when the cancellation came has come, and is gone.
    expect(instancesOf(await lab.ledger(), handle.workflowId).length).toBeGreaterThan(0);
    await expectNoTrace(lab, handle.workflowId);
  });
});

describe('readiness, started alone', () => {
  it('names gate, node and evidence, and ends nobody else’s node', async () => {
    const experimentId = uniqueId('mute');
    const limits = { ssm: '1s' };
    const mute = smallSpec({ components: { mute: { count: 2, services: ['a.service'], limits } }, steps: [] });
    await (await lab.start('provision', mute, experimentId)).result();

    const { type, message } = await failureOf(await lab.start('readiness', { experimentId, spec: mute }));

    expect(type).toBe('GateFailed');
    expect(message).toMatch(/^mute-\d \(i-[0-9a-f]+\) missed gate ssm after \d+ s: agent not registered with SSM/);
    const nodes = instancesOf(await lab.ledger(), experimentId);
    expect(nodes.map((one) => one.endedAt)).toEqual([undefined, undefined]);
    await (await lab.start('cleanup', { experimentId, regions: ['us-west-2'], settleSeconds: '300ms' })).result();
  });

  it('says which nodes are missing', async () => {
    const { type, message } = await failureOf(await lab.start('readiness', { experimentId: 'nobody-bought-it', spec }));

    expect(type).toBe('InvalidInput');
    expect(message.split('\n')).toEqual([
      'components.zk: fewer than 3 nodes carry the tags of nobody-bought-it',
      'components.broker: fewer than 2 nodes carry the tags of nobody-bought-it',
    ]);
  });
});

describe('garbage from the Temporal UI', () => {
  const garbage: [name: string, value: unknown][] = [
    ['an empty object', {}],
    ['no input', undefined],
    ['null', null],
    ['a text', 'pulsar-lab'],
    ['a number', 7],
    ['a list', [{ name: 'x' }]],
    ['a spec of something else', { apiVersion: 'v1', kind: 'Pod' }],
  ];

  it.each(['experiment', 'provision', 'readiness', 'failover', 'cleanup'])(
    'fails %s as InvalidInput, without an AWS call',
    async (type) => {
      const before = (await lab.ledger()).calls.length;
      const startedAt = Date.now();

      const failures = await Promise.all(garbage.map(async ([, value]) => failureOf(await lab.start(type, value))));

      expect(Date.now() - startedAt).toBeLessThan(20_000);
      expect(failures.map((failure) => failure.type)).toEqual(garbage.map(() => 'InvalidInput'));
      for (const { message } of failures) expect(message).toMatch(/^(\S+: .+\n?)+$/);
      expect((await lab.ledger()).calls.length).toBe(before);
    },
  );
});
