/** Does provisioning go down the whole chain, buy exactly what is missing, and stop where going on is useless? */
import {
  EC2Client,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
} from '@aws-sdk/client-ec2';
import type { ProvisionResult } from '../../src/workflows/lifecycles';
import type { Attempt } from '../../src/contracts/capacity';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { SIMULATOR_CREDENTIALS } from '../../src/worker';
import { startLab, type Lab, type Ledger } from '../support/lab';
import { failureOf, instancesOf, launchCalls, leftOf } from '../support/outcomes';

interface Told {
  attempts: Attempt[];
  events: string[];
}

let lab: Lab;

/** Each experiment has instance types of its own, so that all of them share one AWS without meeting. */
beforeAll(async () => {
  lab = await startLab({
    simulator: {
      scenario: {
        extends: 'quick',
        capacity: [
          dry('us-west-2', 't3.micro', 'spot'),
          ...['m5.large', 'm5a.large', 'm6a.large'].map((type) => dry('us-west-2', type, 'spot')),
          ...['r5.large', 'r6i.large', 'i3.large'].map((type) => dry('us-east-2', type, '*')),
          // Two zones with two nodes each, the others with none.
          ...['us-west-2a', 'us-west-2b'].map((zone) => ({
            ...dry('us-west-2', 'c5.large', 'spot'),
            zone,
            capacity: 2,
          })),
          dry('us-west-2', 'c5.large', 'spot'),
          ...['us-west-2a', 'us-west-2b'].map((zone) => ({ ...dry('us-west-2', 'c6i.large', '*'), zone, capacity: 1 })),
          dry('us-west-2', 'c6i.large', '*'),
          dry('us-west-2', 'm6i.large', '*'),
          // Two nodes of each architecture and no more, so that four need both.
          ...['t4g.nano', 't3.nano'].flatMap((type) => [
            { ...dry('us-west-2', type, 'spot'), zone: 'us-west-2a', capacity: 2 },
            dry('us-west-2', type, '*'),
          ]),
        ],
        quotas: [
          { region: 'us-east-1', group: '*', market: '*', vcpus: 0 },
          { region: '*', group: '*', market: '*', vcpus: 5000 },
        ],
      },
    },
  });
});

afterAll(async () => {
  await lab.close();
});

function dry(region: string, type: string, market: 'spot' | '*') {
  return { region, zone: '*', type, market, capacity: 0 } as const;
}

function spec(components: ExperimentInput['components'], over: Partial<ExperimentInput> = {}): ExperimentInput {
  return { name: 'chain', lease: '10m', settle: '300ms', regions: ['us-west-2'], components, ...over };
}

async function buy(input: ExperimentInput): Promise<ProvisionResult> {
  const handle = await lab.start('provision', input);
  return (await handle.result()) as ProvisionResult;
}

function steps(attempts: readonly Attempt[]): [string, string, number, number][] {
  return attempts.map((attempt) => [attempt.region, attempt.tier, attempt.asked, attempt.launched]);
}

/** What was bought, as the ledger has it. */
function bought(ledger: Ledger, experimentId: string): string[] {
  return instancesOf(ledger, experimentId)
    .map((one) => `${one.instanceType ?? ''} ${one.market ?? ''} ${one.region}`)
    .sort();
}

describe('the chain', () => {
  it('goes from dry spot pools to the wider types', async () => {
    const result = await buy(spec({ zk: { count: 2, instanceTypes: ['t3.micro'], widerTypes: ['t3a.micro'] } }));

    expect(steps(result.attempts)).toEqual([
      ['us-west-2', 'spot', 2, 0],
      ['us-west-2', 'spot-wide', 2, 2],
    ]);
    const [first] = result.attempts;
    expect(first?.refusals).toHaveLength(4);
    expect(first?.refusals[0]).toMatchObject({
      code: 'InsufficientInstanceCapacity',
      class: 'capacity',
      scope: 'pool',
    });
    expect(bought(await lab.ledger(), result.experimentId)).toEqual(Array(2).fill('t3a.micro spot us-west-2'));
  });

  it('goes on to on-demand, and says which market was paid', async () => {
    const result = await buy(spec({ zk: { count: 2, instanceTypes: ['m5.large'], widerTypes: ['m5a.large'] } }));

    expect(result.attempts.map((attempt) => attempt.tier)).toEqual(['spot', 'spot-wide', 'on-demand']);
    expect(bought(await lab.ledger(), result.experimentId)).toEqual(Array(2).fill('m5.large on-demand us-west-2'));
    expect(result.nodes.map((node) => [node.market, node.usdPerHour])).toEqual(Array(2).fill(['on-demand', 0.096]));
  });

  it('takes what partial fleets give and asks for the missing count only', async () => {
    const wanted = { workers: { count: 7, instanceTypes: ['c5.large'], widerTypes: ['c5a.large'] } };

    const result = await buy(spec(wanted));

    const asked = result.attempts.map((attempt) => attempt.asked);
    const launched = result.attempts.map((attempt) => attempt.launched);
    expect([asked[0], launched[0]]).toEqual([7, 4]);
    expect([asked[1], launched[1]]).toEqual([3, 3]);
    const ledger = await lab.ledger();
    expect(bought(ledger, result.experimentId)).toEqual([
      ...Array<string>(4).fill('c5.large spot us-west-2'),
      ...Array<string>(3).fill('c5a.large spot us-west-2'),
    ]);
    expect(ledger.summary.duplicates).toBe(0);
    expect(result.nodes.map((node) => node.slot)).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `workers-${String(n)}`));
  });

  it('goes on with fewer when minReady says that they are enough', async () => {
    const part = { count: 6, minReady: 2, instanceTypes: ['c6i.large'] };
    // Two zones hold one node each, on spot and on demand alike: four of six.
    const result = await buy(spec({ workers: part }));

    expect(bought(await lab.ledger(), result.experimentId)).toEqual([
      ...Array<string>(2).fill('c6i.large on-demand us-west-2'),
      ...Array<string>(2).fill('c6i.large spot us-west-2'),
    ]);
    expect(result.events).toContain('workers: 4 of 6 came, enough by minReady');
  });

  it('moves to the next region as a whole, with image and subnet of that region', async () => {
    const components = { front: { count: 2, instanceTypes: ['t3.large'] }, store: { instanceTypes: ['r5.large'] } };

    const result = await buy(spec(components, { regions: ['us-east-2', 'eu-west-1'] }));

    const ledger = await lab.ledger();
    const [there, here] = ['us-east-2', 'eu-west-1'].map((region) =>
      instancesOf(ledger, result.experimentId).filter((one) => one.region === region),
    );
    expect(there).toHaveLength(2);
    expect(there?.filter((one) => one.endedAt === undefined)).toEqual([]);
    expect(here?.map((one) => one.instanceType).sort()).toEqual(['r5.large', 't3.large', 't3.large']);
    expect(result.nodes.map((node) => node.region)).toEqual(Array(3).fill('eu-west-1'));
    const seen = await launchedWith(result, 'eu-west-1');
    expect(seen.images).toEqual([expect.stringMatching(/^ami-/)]);
    expect(seen.knownImages).toEqual(seen.images);
    expect(seen.knownSubnets).toEqual(seen.subnets);
    expect(result.events).toContain('left us-east-2: not all components fit; ended 2 nodes bought there');
  });

  it('makes the next region ready while the last tier of this one is still asked', async () => {
    await lab.control('faults', [{ operation: 'CreateFleet', effect: { delayMs: 1500 } }]);
    const wider = { count: 2, instanceTypes: ['r6i.large'], widerTypes: ['i3.large'] };
    const result = await buy(spec({ box: wider }, { regions: ['us-east-2', 'eu-west-1'], market: 'spot' }));
    await lab.control('faults', []);

    expect(steps(result.attempts)).toEqual([
      ['us-east-2', 'spot', 2, 0],
      ['us-east-2', 'spot-wide', 2, 0],
      ['eu-west-1', 'spot', 2, 2],
    ]);
    const [, last] = result.attempts;
    const answeredAt = Date.parse(last?.at ?? '') + (last?.seconds ?? 0) * 1000;
    const made = (await lab.ledger()).resources.filter(
      ({ region, tags, type }) =>
        region === 'eu-west-1' && tags['ExperimentID'] === result.experimentId && type === 'launch-template',
    );
    expect(made.map(({ createdAt }) => createdAt < answeredAt)).toEqual([true]);
  });

  it('waits for no next region that it does not need', async () => {
    await lab.control('faults', [
      { operation: 'CreateFleet', effect: { delayMs: 1500 } },
      { operation: 'CreateSecurityGroup', region: 'eu-west-1', effect: { error: 'Unavailable', status: 503 } },
    ]);
    const wider = { count: 1, instanceTypes: ['m6a.large'], widerTypes: ['c5.xlarge'] };
    const result = await buy(spec({ box: wider }, { regions: ['us-west-2', 'eu-west-1'] }));
    const { calls } = await lab.ledger();
    await lab.control('faults', []);

    expect(steps(result.attempts).at(-1)).toEqual(['us-west-2', 'spot-wide', 1, 1]);
    expect(calls.some((call) => call.operation === 'CreateSecurityGroup' && call.outcome === 'Unavailable')).toBe(true);
  });

  it('finds an image for each architecture of one component', async () => {
    const result = await buy(spec({ both: { count: 4, instanceTypes: ['t4g.nano', 't3.nano'] } }));

    expect(result.attempts).toHaveLength(1);
    expect(await architectures(result, 'us-west-2')).toEqual([
      ['t3.nano', 'x86_64'],
      ['t3.nano', 'x86_64'],
      ['t4g.nano', 'arm64'],
      ['t4g.nano', 'arm64'],
    ]);
  });

  it('asks a family without quota once in each market, and gives the advice', async () => {
    const before = launchCalls(await lab.ledger(), 'us-east-1').length;
    // Standard and G: two families in each of two markets.
    const part = { count: 3, instanceTypes: ['m6i.4xlarge', 'm5.4xlarge'], widerTypes: ['c5.4xlarge', 'g5.xlarge'] };
    const handle = await lab.start('provision', spec({ workers: part }, { regions: ['us-east-1'] }));

    const { type, message, details } = await failureOf<Told>(handle);

    expect(type).toBe('Quota');
    expect(message).toMatch(/Quota: 3 x \S+ need \d+ vCPU of L-34B43A08 \(Standard, spot, us-east-1\)/);
    expect(message).toMatch(/aws service-quotas request-service-quota-increase/);
    const families = details.attempts.map((one) => [one.market, ...new Set(one.pools.map((pool) => familyOf(pool)))]);
    expect(families).toEqual([
      ['spot', 'Standard'],
      ['spot', 'G'],
      ['on-demand', 'Standard'],
      ['on-demand', 'G'],
    ]);
    const ledger = await lab.ledger();
    expect(launchCalls(ledger, 'us-east-1').length - before).toBe(4);
    expect(instancesOf(ledger, handle.workflowId)).toEqual([]);
    expect(leftOf(ledger, handle.workflowId)).toEqual([]);
  });

  it('names the pools and the way out when nothing has capacity, and leaves nothing', async () => {
    const parts = { front: { count: 2, instanceTypes: ['t2.large'] }, store: { instanceTypes: ['m6i.large'] } };
    const handle = await lab.start('experiment', spec(parts));

    const { type, message, details } = await failureOf(handle);

    expect(type).toBe('Capacity');
    expect(message).toMatch(/^Capacity: store misses 1 in us-west-2; all 8 pools were asked or are blocked/);
    expect(details).toMatchObject({ phase: 'Failed', reason: 'Capacity', certificate: { verdict: 'clean' } });
    const ledger = await lab.ledger();
    expect(instancesOf(ledger, handle.workflowId)).toHaveLength(2);
    expect(leftOf(ledger, handle.workflowId)).toEqual([]);
  });
});

function familyOf(pool: string): string {
  return pool.split('/')[1]?.startsWith('g') === true ? 'G' : 'Standard';
}

function client(region: string): EC2Client {
  return new EC2Client({ region, endpoint: lab.simulatorUrl, credentials: SIMULATOR_CREDENTIALS });
}

/** What the nodes really run with, and which of it the region itself knows. */
async function launchedWith({ nodes }: ProvisionResult, region: string) {
  const ec2 = client(region);
  const { Reservations = [] } = await ec2.send(
    new DescribeInstancesCommand({ InstanceIds: nodes.map((node) => node.instanceId) }),
  );
  const instances = Reservations.flatMap((entry) => entry.Instances ?? []);
  const images = [...new Set(instances.map((one) => one.ImageId ?? ''))];
  const subnets = [...new Set(instances.map((one) => one.SubnetId ?? ''))];
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ ImageIds: images }));
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: subnets }));
  ec2.destroy();
  const knownSubnets = subnets.filter((id) => Subnets.some((one) => one.SubnetId === id));
  return { images, subnets, knownImages: Images.map((image) => image.ImageId), knownSubnets };
}

/** Each instance's type and the architecture of the image it runs. */
async function architectures({ nodes }: ProvisionResult, region: string): Promise<string[][]> {
  const ec2 = client(region);
  const ids = nodes.map((node) => node.instanceId);
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: ids }));
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({}));
  ec2.destroy();
  const known = new Map(Images.map((image) => [image.ImageId, image.Architecture ?? 'unknown image']));
  return Reservations.flatMap((entry) => entry.Instances ?? [])
    .map((one) => [one.InstanceType ?? '', known.get(one.ImageId) ?? 'unknown image'])
    .sort(([a = ''], [b = '']) => a.localeCompare(b));
}
