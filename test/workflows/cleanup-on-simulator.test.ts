/** Does cleanup leave nothing in an AWS that is slow, refuses and loses replies? The simulator's ledger is the referee. */
import { randomUUID } from 'node:crypto';
import { createCloud } from '../../src/aws/cloud';
import type { Cloud } from '../../src/aws/ports';
import type { CleanupPlan, CleanupResult } from '../../src/contracts/messages';
import { SIMULATOR_CREDENTIALS } from '../../src/worker';
import { startLab, uniqueId, type Lab, type Ledger } from '../support/lab';

const REGION = 'us-west-2';
const IMAGE = '/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id';
const MUTATING = /^(Terminate|Delete|Cancel|Release|Revoke|Create|Modify|Detach|Disassociate)/;
let lab: Lab;
let cloud: Cloud & { close(): void };

beforeAll(async () => {
  lab = await startLab();
  cloud = createCloud({ region: REGION, endpoint: lab.simulatorUrl, credentials: SIMULATOR_CREDENTIALS });
});

afterAll(async () => {
  cloud.close();
  await lab.close();
});

beforeEach(() => lab.control('reset', {}));
afterEach(() => lab.control('faults', []));

/** A spot fleet with a volume per node, its group and template. */
async function launch(experimentId: string, count: number, region = REGION, keep = true): Promise<void> {
  const tags = { ExperimentID: experimentId, ManagedBy: 'holdfast', Project: 'test' };
  const compute = cloud.compute(region);
  const subnets = await compute.subnets(undefined);
  const imageId = (await compute.image({ ssmParameter: IMAGE }, 'x86_64')) ?? '';
  const group = { name: `holdfast-${experimentId}`, vpcId: subnets[0]?.vpcId ?? '', ingress: [], tags };
  const securityGroupIds = [await compute.ensureSecurityGroup(group)];
  const volumes = [{ device: '/dev/sdf', sizeGiB: 8, type: 'gp3', keep }];
  await compute.ensureTemplate({ name: group.name, securityGroupIds, volumes, tags });
  const reply = await compute.fleet({
    templateName: group.name,
    market: 'spot',
    allocation: 'price-capacity-optimized',
    pools: subnets.map(({ zone, subnetId }) => ({ zone, subnetId, instanceType: 't3.micro', imageId })),
    count,
    clientToken: randomUUID(),
    tags: { ...tags, LaunchID: randomUUID() },
  });
  expect(reply.nodes).toHaveLength(count);
}

async function cleanUp(experimentId: string, over = {}): Promise<CleanupResult> {
  const handle = await lab.start(
    'cleanup',
    { experimentId, settleSeconds: '300ms', limitSeconds: 50, ...over },
    uniqueId('cleanup'),
  );
  return (await handle.result()) as CleanupResult;
}

async function planOf(experimentId: string): Promise<CleanupPlan> {
  const handle = await lab.start('cleanup', { experimentId, plan: true }, uniqueId('plan'));
  return (await handle.result()) as CleanupPlan;
}

/** Calls since the experiment was made, by outcome. */
function since(ledger: Ledger, at: number): Ledger['calls'] {
  return ledger.calls.filter((call) => call.at >= at);
}

function living(ledger: Ledger, experimentId: string): string[] {
  return ledger.resources
    .filter((one) => one.tags['ExperimentID'] === experimentId && one.endedAt === undefined)
    .map((one) => `${one.type} ${one.id}`);
}

describe('cleanup of a cluster', () => {
  it('leaves nothing in any region, without one refused deletion', async () => {
    const id = uniqueId('exp');
    await launch(id, 4);
    await launch(id, 2, 'eu-west-1');
    await launch(`${id}0`, 1);
    const startedAt = Date.now();

    const result = await cleanUp(id);

    const ledger = await lab.ledger();
    expect(result).toMatchObject({ verdict: 'clean', left: [] });
    expect(living(ledger, id)).toEqual([]);
    expect(living(ledger, `${id}0`).filter((one) => one.startsWith('instance'))).toHaveLength(1);
    const refused = since(ledger, startedAt).filter((call) => MUTATING.test(call.operation) && call.outcome !== 'ok');
    expect(refused).toEqual([]);
  });

  it('ends instances that show later than the volumes that end with them', async () => {
    const id = uniqueId('exp');
    await launch(id, 1, REGION, false);
    await lab.control('delays', { visibilityLag: [0, 4000] });
    await launch(id, 6, REGION, false);

    const result = await cleanUp(id);

    await lab.control('delays', { visibilityLag: [0, 0] });
    const ledger = await lab.ledger();
    expect(ledger.resources.filter((one) => one.type === 'instance' && one.tags['ExperimentID'] === id)).toHaveLength(
      7,
    );
    expect(living(ledger, id)).toEqual([]);
    expect(result).toMatchObject({ verdict: 'clean', left: [] });
  });

  it('plans without one call that changes anything, says what it costs, and deletes what the plan names', async () => {
    const id = uniqueId('exp');
    await launch(id, 2);
    const before = await lab.ledger();
    const startedAt = Date.now();

    const plan = await planOf(id);

    const after = await lab.ledger();
    expect(since(after, startedAt).length).toBeGreaterThan(10);
    expect(since(after, startedAt).filter((call) => MUTATING.test(call.operation))).toEqual([]);
    expect(living(after, id)).toEqual(living(before, id));
    expect(plan.rows).toContainEqual(expect.objectContaining({ type: 'instance', count: 2, usdPerHour: 0.0208 }));
    expect((await planOf(id)).digest).toBe(plan.digest);

    const result = await cleanUp(id, { apply: plan.digest.slice(0, 12) });
    expect(result).toMatchObject({ verdict: 'clean' });
    expect(living(await lab.ledger(), id)).toEqual([]);
  });

  it('leaves nothing when replies are lost, calls are throttled and AWS fails now and then', async () => {
    const id = uniqueId('exp');
    await launch(id, 3);
    const lose = (operation: string) => ({ operation, nth: 1, effect: { loseReply: true } });
    await lab.control('faults', [
      lose('TerminateInstances'),
      lose('DeleteVolume'),
      lose('DeleteSecurityGroup'),
      { operation: 'DescribeTags', times: 2, effect: { throttle: true } },
      { operation: 'DescribeVolumes', times: 2, effect: { error: 'InternalError', status: 500 } },
      { operation: 'DeleteLaunchTemplate', times: 2, effect: { error: 'RequestLimitExceeded', status: 503 } },
    ]);

    const result = await cleanUp(id);

    expect(result).toMatchObject({ verdict: 'clean' });
    expect(living(await lab.ledger(), id)).toEqual([]);
  });

  it('says what it was not allowed to read or delete, and never that it is clean', async () => {
    const id = uniqueId('exp');
    await launch(id, 1);
    const deny = (operation: string) => ({ operation, effect: { error: 'UnauthorizedOperation', status: 403 } });
    for (const operation of ['DeleteLaunchTemplate', 'DescribeVolumes', 'GetResources']) {
      await lab.control('faults', [deny(operation)]);

      const handle = await lab.start(
        'cleanup',
        { experimentId: id, settleSeconds: '100ms', limitSeconds: 20 },
        uniqueId('cleanup'),
      );

      await expect(handle.result()).rejects.toMatchObject({
        cause: {
          type: 'CleanupIncomplete',
          message: expect.stringContaining(operation),
          details: [{ verdict: 'unproven' }],
        },
      });
    }
    await lab.control('faults', []);
    await expect(cleanUp(id)).resolves.toMatchObject({ verdict: 'clean' });
  });
});
