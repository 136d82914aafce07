/** Does cleanup's port leave nothing of an experiment and everything of others? The simulator's ledger is the referee. */
import {
  CreateTagsCommand,
  DescribeRouteTablesCommand,
  DescribeSpotInstanceRequestsCommand,
  EnableImageDeregistrationProtectionCommand,
  ModifyInstanceAttributeCommand,
} from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { createRegions, type AwsRegion } from '../../src/aws/clients';
import type { InventoryPort } from '../../src/aws/ports';
import { OPERATIONS } from '../../src/aws/operations';
import { foldCells, leftOf, verdictOf } from '../../src/policy/certificate';
import { alive, foldSeen } from '../../src/policy/deletion';
import { SIMULATOR_CREDENTIALS } from '../../src/worker';
import { clearRegion, type Cleared } from '../contract/clearing';
import {
  makeDisks,
  makeEverything,
  makeGroups,
  makeManaged,
  makeNetwork,
  makeSmallThings,
  tagsOf,
} from '../support/everything';
import { startSimulated, type Simulated } from '../support/simulated';

const REGION = 'us-west-2';
let simulated: Simulated;
let regions: ReturnType<typeof createRegions>;
let aws: AwsRegion;
let inventory: InventoryPort;

beforeAll(async () => {
  simulated = await startSimulated();
  // The tests make things faster than AWS allows; the pace has tests of its own.
  const limiter = { turn: () => Promise.resolve(), throttled: () => undefined };
  regions = createRegions({ endpoint: simulated.url, credentials: SIMULATOR_CREDENTIALS, limiter });
  aws = regions.at(REGION);
  inventory = simulated.cloud.inventory(REGION);
});

afterAll(async () => {
  regions.close();
  await simulated.close();
});

beforeEach(() => simulated.control('reset', {}));
afterEach(() => simulated.control('faults', []));

function clear(experimentId: string, isEnough?: (known: Cleared) => boolean): Promise<Cleared> {
  return clearRegion(inventory, REGION, experimentId, isEnough);
}

function verdict(known: Cleared): string {
  return verdictOf({ ...known, confirmed: true });
}

function left(known: Cleared): string {
  return leftOf({ ...known, confirmed: true }).join('\n');
}

async function living(experimentId: string): Promise<string[]> {
  const { resources } = await simulated.ledger();
  return resources
    .filter((one) => one.tags['ExperimentID'] === experimentId && one.endedAt === undefined)
    .map((one) => `${one.type} ${one.id}`)
    .sort();
}

/** Everything there is, with machines whose request is tagged, as RunInstances may. */
async function makeAll(experimentId: string): Promise<void> {
  await makeEverything(aws, experimentId);
  const ids = await simulated.buy(experimentId, 2);
  const Filters = [{ Name: 'instance-id', Values: ids }];
  const { SpotInstanceRequests = [] } = await aws.send(new DescribeSpotInstanceRequestsCommand({ Filters }));
  const Resources = SpotInstanceRequests.map((one) => one.SpotInstanceRequestId ?? '');
  await aws.send(
    new CreateTagsCommand({
      Resources,
      Tags: Object.entries(tagsOf(experimentId)).map(([Key, Value]) => ({ Key, Value })),
    }),
  );
}

const MUTATING = /^(Terminate|Delete|Cancel|Release|Revoke|Detach|Disassociate|Deregister)/;

describe('clearing a region', () => {
  it('ends one of every kind without one refused deletion', async () => {
    await makeAll('exp-1');
    const before = await living('exp-1');
    expect(new Set(before.map((one) => one.split(' ')[0])).size).toBeGreaterThanOrEqual(18);

    const known = await clear('exp-1');

    expect(left(known)).toBe('');
    expect(verdict(known)).toBe('clean');
    expect(await living('exp-1')).toEqual([]);
    const { calls } = await simulated.ledger();
    expect(calls.filter((call) => MUTATING.test(call.operation) && call.outcome !== 'ok')).toEqual([]);
  });
});

describe('a missing permission', () => {
  const deny = (operation: string) => ({ operation, effect: { error: 'UnauthorizedOperation', status: 403 } });
  // Asked before any region is looked at: without them no cleanup begins.
  const first = ['sts:GetCallerIdentity', 'ec2:DescribeRegions'];
  // A command ends with its node: nothing is left when it cannot be cancelled before.
  const helpful = ['ssm:ListCommands', 'ssm:CancelCommand'];
  const needed = OPERATIONS.filter(({ cleanup, action }) => cleanup && ![...first, ...helpful].includes(action));
  // Rules are read when their groups are deleted.
  const looks = needed.filter(({ effect, name }) => effect === 'read' && name !== 'DescribeSecurityGroupRules');
  const deletions = needed.filter((one) => !looks.includes(one));

  it('of a read leaves the verdict unproven, with the action named', async () => {
    await makeAll('exp-1');
    expect(looks.length).toBeGreaterThan(20);
    for (const { name } of looks) {
      await simulated.control('faults', [deny(name)]);

      const found = await inventory.discover('exp-1');

      const at = new Date().toISOString();
      const known = { entries: foldSeen({}, found.resources, at), cells: foldCells({}, REGION, found.sources, at) };
      expect([name, verdict(known)]).toEqual([name, 'unproven']);
      expect(left(known)).toContain(name);
    }
  });

  it.each(deletions)('for $action leaves the verdict unproven, with the action named', async ({ name }) => {
    await makeAll('exp-1');
    await simulated.control('faults', [deny(name)]);

    const known = await clear('exp-1', (now) => verdict(now) === 'unproven');

    expect(verdict(known)).toBe('unproven');
    expect(left(known)).toContain(name);
    expect(await living('exp-1')).not.toEqual([]);
  });

  it('to cancel commands is said, and stops nothing', async () => {
    await makeAll('exp-1');
    await simulated.control('faults', [deny('ListCommands')]);

    const known = await clear('exp-1');

    expect(verdict(known)).toBe('clean');
    const instances = (await simulated.ledger()).resources.filter((one) => one.type === 'instance');
    expect(instances.filter((one) => one.endedAt === undefined)).toEqual([]);
  });
});

describe('what is not of the experiment', () => {
  it('blocks the network that it is in, and is named with type, id and tags', async () => {
    const mine = tagsOf('exp-1');
    const theirs = { ...tagsOf('exp-10'), Owner: 'eve' };
    const net = await makeNetwork(aws, mine);
    const [groupId = ''] = await makeGroups(aws, net.vpcId, theirs);
    await makeManaged(aws, net, theirs, groupId);
    await makeSmallThings(aws, net.subnetId, theirs, 'theirs');
    const before = await living('exp-10');

    const known = await clear('exp-1');

    expect(verdict(known)).toBe('blocked');
    expect(await living('exp-10')).toEqual(before);
    const said = left(known);
    for (const type of ['natgateway nat-', 'vpc-endpoint vpce-', 'network-interface eni-', 'security-group sg-']) {
      expect(said).toMatch(new RegExp(`held by .*${type}\\w+ \\(ExperimentID=exp-10, Owner=eve`));
    }
    expect(
      alive(known.entries)
        .map((one) => one.type)
        .sort(),
    ).toEqual(['internet-gateway', 'route-table', 'subnet', 'vpc']);
  });

  it('is never touched, whatever its id looks like', async () => {
    const ids = ['exp-1', 'exp-10', 'EXP-1', 'exp-*', 'exp-?', '*', 'exp-\\*', 'xexp-1'];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ids), fc.subarray(ids, { minLength: 2 }), async (doomed, present) => {
        await simulated.control('reset', {});
        for (const [index, id] of present.entries()) {
          await makeDisks(aws, `${REGION}a`, tagsOf(id), `image-${String(index)}`);
        }
        await makeDisks(aws, `${REGION}a`, { ExperimentID: doomed, ManagedBy: 'hand' }, 'by-hand');
        const others = present.filter((id) => id !== doomed);
        const before = await Promise.all(others.map(living));

        const known = await clear(doomed);

        expect(verdict(known)).toBe('clean');
        expect(await Promise.all(others.map(living))).toEqual(before);
        expect(await living(doomed)).toHaveLength(3);
        expect(Object.values(known.entries)).toHaveLength(present.includes(doomed) ? 3 : 0);
      }),
      { numRuns: 12 },
    );
  });
});

describe('what protects itself', () => {
  it('stays and is named: termination, stop and deregistration, and the main route table', async () => {
    const tags = tagsOf('exp-1');
    const net = await makeNetwork(aws, tags);
    const [held = '', stopped = '', free = ''] = await simulated.buy('exp-1', 3);
    await aws.send(new ModifyInstanceAttributeCommand({ InstanceId: held, DisableApiTermination: { Value: true } }));
    await aws.send(new ModifyInstanceAttributeCommand({ InstanceId: stopped, DisableApiStop: { Value: true } }));
    const imageId = await makeDisks(aws, net.zone, tags, 'kept');
    await aws.send(new EnableImageDeregistrationProtectionCommand({ ImageId: imageId, WithCooldown: false }));
    const Filters = [
      { Name: 'vpc-id', Values: [net.vpcId] },
      { Name: 'association.main', Values: ['true'] },
    ];
    const { RouteTables = [] } = await aws.send(new DescribeRouteTablesCommand({ Filters }));
    const main = RouteTables[0]?.RouteTableId ?? '';
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await aws.send(new CreateTagsCommand({ Resources: [main], Tags }));

    const known = await clear('exp-1');

    const kept = Object.fromEntries(alive(known.entries).map((one) => [one.id, one.protectedBy ?? '']));
    expect(kept[held]).toContain('OperationNotPermitted');
    expect(kept[imageId]).toContain('deregistration protection');
    expect(Object.keys(kept)).not.toContain(free);
    // Its VPC is gone, and the table with it.
    expect(known.entries[`${REGION}/route-table/${main}`]).toMatchObject({ state: 'gone' });
    expect(verdict(known)).toBe('protected');
  });
});
