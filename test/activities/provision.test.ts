/** Do the verbs of provisioning repeat without buying twice, and say what stands against a region? */
import { poolKey } from '../../src/contracts/capacity';
import type { ExperimentSpec } from '../../src/schemas/experiment';
import { parseExperiment } from '../../src/schemas/parse';
import { startBench, type Activities, type Bench, type Info } from '../support/activity-bench';
import { smallSpec } from '../support/specs';

type LaunchInput = Parameters<Activities['launch']>[0];

const FIRST_RUN = 'run-1';
let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
});

afterAll(async () => {
  await bench.close();
});

beforeEach(() => bench.reset());
afterEach(() => bench.faults([]));

function specOf(change: Parameters<typeof smallSpec>[0] = {}): ExperimentSpec {
  const parsed = parseExperiment(smallSpec(change));
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.value;
}

const ownership = {
  experimentId: 'exp-1',
  installation: 'test',
  project: 'p',
  owner: 'ada',
  expiresAt: '2030-01-01T00:00:00Z',
  extra: { Team: 'storage' },
};

async function prepared(spec = specOf(), info: Info = {}) {
  const where = { target: bench.target, region: 'us-west-2', spec };
  const survey = await bench.run('surveyRegion', where);
  const input = { ...where, ownership, survey };
  return { survey, input, templates: await bench.run('prepareRegion', input, info) };
}

async function launchOf(count: number, launchId = 'run-1/zk/0'): Promise<LaunchInput> {
  const { survey, templates } = await prepared();
  return {
    target: bench.target,
    region: 'us-west-2',
    ownership,
    component: 'zk',
    launchId,
    firstRunId: FIRST_RUN,
    templateName: templates['zk'] ?? '',
    market: 'spot',
    allocation: 'price-capacity-optimized',
    offers: survey.offers.filter((offer) => offer.instanceType === 't3.micro'),
    images: survey.images['zk'] ?? {},
    count,
  };
}

/** As the server says it: which attempt, in which run of the workflow. */
function at(attempt: number, runId = FIRST_RUN): Info {
  return { attempt, workflowExecution: { workflowId: 'exp-1', runId } };
}

async function launches(): Promise<number> {
  const { calls } = await bench.ledger();
  return calls.filter((call) => call.operation === 'CreateFleet' && call.outcome !== 'DryRunOperation').length;
}

describe('launch', () => {
  it('buys the count with the tags that make it ours', async () => {
    const input = await launchOf(3);

    const { nodes, recovered } = await bench.run('launch', input, at(1));

    expect([nodes.length, recovered]).toEqual([3, false]);
    const { resources, summary } = await bench.ledger();
    const instance = resources.find((one) => one.id === nodes[0]?.instanceId);
    expect(instance?.tags).toMatchObject({
      ExperimentID: 'exp-1',
      ManagedBy: 'holdfast',
      HoldfastInstallation: 'test',
      Component: 'zk',
      LaunchID: 'run-1/zk/0',
      Owner: 'ada',
      Project: 'p',
      Team: 'storage',
    });
    expect(summary).toMatchObject({ launched: 3, untagged: 0 });
  });

  it('finds after a lost reply what came, and asks AWS for nothing more', async () => {
    const input = await launchOf(3);
    await bench.faults([{ operation: 'CreateFleet', nth: 1, effect: { loseReply: true } }]);

    await expect(bench.run('launch', input, at(1))).rejects.toMatchObject({
      type: 'ServiceUnavailable',
      nonRetryable: false,
    });
    const { nodes, recovered } = await bench.run('launch', input, at(2));

    expect([nodes.length, recovered]).toEqual([3, true]);
    expect(await launches()).toBe(1);
    expect((await bench.ledger()).summary).toMatchObject({ launched: 3, duplicates: 0 });
  });

  it('makes the same token of the same launch, so that a repetition brings the same nodes', async () => {
    const input = await launchOf(3);
    const first = await bench.run('launch', input, at(1));

    // A first attempt does not look: only the token tells this one from a new launch.
    const again = await bench.run('launch', input, at(1));

    expect(again.nodes.map((node) => node.instanceId)).toEqual(first.nodes.map((node) => node.instanceId));
    expect(await launches()).toBe(2);
    expect((await bench.ledger()).summary).toMatchObject({ launched: 3, duplicates: 0 });
  });

  it('looks first in a run that came from a reset', async () => {
    const input = await launchOf(3);
    const first = await bench.run('launch', input, at(1));

    const again = await bench.run('launch', input, at(1, 'run-2'));

    expect(again.recovered).toBe(true);
    expect(again.nodes.map((node) => node.instanceId).sort()).toEqual(
      first.nodes.map((node) => node.instanceId).sort(),
    );
    expect(await launches()).toBe(1);
  });

  it('is another launch under another ordinal', async () => {
    await bench.run('launch', await launchOf(1), at(1));
    await bench.run('launch', await launchOf(1, 'run-1/zk/1'), at(1));

    expect((await bench.ledger()).summary).toMatchObject({ launched: 2, duplicates: 0 });
  });

  it('returns refusals with pool, class and scope, and throws none of them', async () => {
    const input = await launchOf(2);
    await fetch(`${bench.target.endpoint}/_sim/capacity`, {
      method: 'POST',
      body: JSON.stringify({ type: 't3.micro', market: 'spot', capacity: 0 }),
    });

    const { nodes, refusals } = await bench.run('launch', input, at(1));

    expect(nodes).toEqual([]);
    expect(refusals.map((refusal) => poolKey(refusal.pool)).sort()).toEqual(
      input.offers.map((offer) => `${offer.zone}/t3.micro/spot`).sort(),
    );
    expect(refusals[0]).toMatchObject({ code: 'InsufficientInstanceCapacity', class: 'capacity', scope: 'pool' });
  });
});

describe('prepareRegion', () => {
  it('makes one group and one template per component, however often it runs', async () => {
    const first = await prepared();
    const second = await bench.run('prepareRegion', first.input, { attempt: 2 });

    expect(second).toEqual(first.templates);
    const { resources } = await bench.ledger();
    const made = (type: string): number => resources.filter((one) => one.type === type).length;
    expect([made('security-group'), made('launch-template'), made('instance')]).toEqual([1, 2, 0]);
  });

  it('waits for an instance profile that was just made, and not for one that does not exist', async () => {
    const message =
      'Value (nobody) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name';
    await bench.faults([{ operation: 'CreateFleet', effect: { error: 'InvalidParameterValue', message } }]);
    const spec = specOf({ instanceProfile: 'nobody' });

    await expect(prepared(spec, { attempt: 1 })).rejects.toMatchObject({ type: 'NotYetVisible', nonRetryable: false });
    await expect(prepared(spec, { attempt: 30 })).rejects.toMatchObject({ type: 'InvalidRequest', nonRetryable: true });
    await expect(prepared(spec, { attempt: 30 })).rejects.toThrow(/Value \(nobody\) for parameter iamInstanceProfile/);
  });
});

describe('surveyRegion', () => {
  const survey = (spec: ExperimentSpec, region = 'us-west-2') =>
    bench.run('surveyRegion', { target: bench.target, region, spec });

  it('finds pools, prices, subnets and an image per architecture', async () => {
    const { offers, images, problems, vpcId } = await survey(
      specOf({ components: { zk: { instanceTypes: ['t3.micro', 't4g.micro'] } }, steps: [] }),
    );

    expect(problems).toEqual([]);
    expect(vpcId).toMatch(/^vpc-/);
    expect(new Set(offers.map((offer) => offer.instanceType))).toEqual(new Set(['t3.micro', 't4g.micro']));
    expect(images['zk']).toEqual({ x86_64: expect.stringMatching(/^ami-/), arm64: expect.stringMatching(/^ami-/) });
    expect(images['zk']?.x86_64).not.toBe(images['zk']?.arm64);
    expect(offers.every((offer) => (offer.spotUsd ?? 9) < (offer.onDemandUsd ?? 0))).toBe(true);
  });

  it('says in one line each what stands against a region', async () => {
    const components = { none: { instanceTypes: ['z9.huge'] }, many: { count: 5000 } };
    const { problems } = await survey(
      specOf({
        components: { ...components, more: { count: 5000 }, most: { count: 5000 }, all: { count: 5000 } },
        steps: [],
      }),
    );

    expect(problems).toContain('us-west-2: none of z9.huge is offered for component none');
    expect(problems.join('\n')).toMatch(/us-west-2: \d+ addresses needed, \d+ free in the subnets/);
  });
});

describe('nameNodes', () => {
  it('goes on where the attempt before stopped', async () => {
    const { nodes } = await bench.run('launch', await launchOf(3), at(1));
    const names = nodes.map(({ instanceId }, index) => ({
      instanceId,
      slot: `zk-${index}`,
      name: `exp-1 zk-${index}`,
    }));
    const beats: unknown[] = [];

    await bench.run('nameNodes', { target: bench.target, region: 'us-west-2', names }, { heartbeatDetails: 1 }, beats);

    const { resources } = await bench.ledger();
    const slots = nodes.map((node) => resources.find((one) => one.id === node.instanceId)?.tags['Slot']);
    expect(slots).toEqual([undefined, 'zk-1', 'zk-2']);
    expect(beats).toEqual([2, 3]);
  });
});

describe('findNodes', () => {
  it('keeps to the slot that is written on a node, and gives the free ones by sorted id', async () => {
    const { nodes } = await bench.run('launch', await launchOf(3), at(1));
    const [first, second, third] = nodes.map((node) => node.instanceId).sort();
    const where = { target: bench.target, experimentId: 'exp-1', regions: ['us-west-2'] };
    const names = [{ instanceId: second ?? '', slot: 'zk-0', name: 'exp-1 zk-0' }];
    await bench.run('nameNodes', { target: bench.target, region: 'us-west-2', names });

    const found = await bench.run('findNodes', where);

    expect(found.map((node) => [node.instanceId, node.slot])).toEqual([
      [first, 'zk-1'],
      [second, 'zk-0'],
      [third, 'zk-2'],
    ]);
  });

  it('shows an ended node where it is asked for and nobody else holds the slot', async () => {
    const { nodes } = await bench.run('launch', await launchOf(3), at(1));
    const [first, second, third] = nodes.map((node) => node.instanceId).sort();
    const where = { target: bench.target, experimentId: 'exp-1', regions: ['us-west-2'] };
    const named = (instanceId = '', slot: string) => ({ instanceId, slot, name: slot });
    const names = [named(first, 'zk-0'), named(second, 'zk-1'), named(third, 'zk-1')];
    await bench.run('nameNodes', { target: bench.target, region: 'us-west-2', names });
    await bench.run('terminate', { target: bench.target, region: 'us-west-2', ids: [first ?? '', second ?? ''] });

    const living = await bench.run('findNodes', where);
    const all = await bench.run('findNodes', { ...where, withEnded: true });

    expect(living.map((node) => node.slot)).toEqual(['zk-1']);
    expect(all.map((node) => [node.instanceId, node.slot]).sort()).toEqual(
      [
        [first, 'zk-0'],
        [third, 'zk-1'],
      ].sort(),
    );
  });
});

describe('terminate', () => {
  it('takes instances that have ended, and ids that EC2 forgot, as ended', async () => {
    const { nodes } = await bench.run('launch', await launchOf(2), at(1));
    const ids = [...nodes.map((node) => node.instanceId), 'i-0123456789abcdef0'];
    const input = { target: bench.target, region: 'us-west-2', ids };

    await bench.run('terminate', input);
    await bench.run('terminate', input, { attempt: 2 });

    const { resources } = await bench.ledger();
    const states = resources.filter((one) => one.type === 'instance').map((one) => one.state);
    expect(states.map((state) => state === 'shutting-down' || state === 'terminated')).toEqual([true, true]);
  });
});
