/** Is a network of an experiment's own made once, whatever is slow, lost or denied meanwhile? */
import { ApplicationFailure } from '@temporalio/common';
import type { NetworkResult } from '../../src/contracts/network';
import { startBench, type Activities, type Bench } from '../support/activity-bench';

type NetworkInput = Parameters<Activities['makeNetwork']>[0];

const ZONES = ['us-west-2a', 'us-west-2b'];
const PARTS = ['internet-gateway', 'route-table', 'subnet', 'subnet', 'vpc'];

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
});
afterAll(async () => {
  await bench.close();
});
beforeEach(() => bench.reset());
afterEach(async () => {
  await bench.faults([]);
  await bench.control('delays', { visibilityLag: [0, 0] });
});

function inputOf(change: Partial<NetworkInput> = {}): NetworkInput {
  const lease = { expiresAt: '2030-01-01T00:00:00Z', extra: { Team: 'storage' } };
  const ownership = { experimentId: 'exp-1', installation: 'test', project: 'p', owner: 'ada', ...lease };
  return { target: bench.target, region: 'us-west-2', cidr: '10.64.0.0/16', zones: ZONES, ownership, ...change };
}

/** Attempts until one returns, as the server makes them; a failure that no attempt heals is thrown. */
async function made(input = inputOf(), limit = 10): Promise<NetworkResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await bench.run('makeNetwork', input, { attempt });
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.nonRetryable === true || attempt === limit) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function parts(): Promise<string[]> {
  const { resources } = await bench.ledger();
  return resources
    .filter(({ tags }) => tags['ExperimentID'] === 'exp-1')
    .map(({ type }) => type)
    .sort();
}

async function writes(): Promise<string[]> {
  const { calls } = await bench.ledger();
  return calls.filter(({ operation }) => !operation.startsWith('Describe')).map(({ operation }) => operation);
}

describe('a network of its own', () => {
  it('is tagged whole from the start, as everything of the experiment is', async () => {
    await made();

    const { resources, summary } = await bench.ledger();
    expect(await parts()).toEqual(PARTS);
    const tags = {
      ExperimentID: 'exp-1',
      ManagedBy: 'holdfast',
      HoldfastInstallation: 'test',
      Owner: 'ada',
      Team: 'storage',
    };
    for (const one of resources) expect(one.tags).toMatchObject(tags);
    expect(summary.untagged).toBe(0);
    expect(await writes()).not.toContain('CreateTags');
  });

  it('is found again by its tags after a reset, and nothing of it is made again', async () => {
    const first = await made();
    const before = (await writes()).length;

    expect(await made()).toEqual(first);
    expect(await writes()).toHaveLength(before);
  });

  it.each(['CreateVpc', 'CreateSubnet', 'CreateInternetGateway', 'CreateRouteTable'])(
    'is made once when the reply to %s is lost and what was made shows late',
    async (operation) => {
      await bench.control('delays', { visibilityLag: [400, 800] });
      const nth = operation === 'CreateInternetGateway' ? 2 : 1; // the first is a rehearsal
      await bench.faults([{ operation, nth, effect: { loseReply: true } }]);

      await made();

      const { calls } = await bench.ledger();
      expect(calls.filter(({ outcome }) => outcome === 'reply-lost').map((call) => call.operation)).toEqual([
        operation,
      ]);
      expect(await parts()).toEqual(PARTS);
    },
  );

  it.each([
    'DescribeVpcs',
    'CreateVpc',
    'CreateSubnet',
    'ModifySubnetAttribute',
    'CreateInternetGateway',
    'AttachInternetGateway',
    'CreateRouteTable',
    'CreateRoute',
    'AssociateRouteTable',
  ])('fails at once and names the operation when %s is denied', async (operation) => {
    await bench.faults([{ operation, effect: { error: 'UnauthorizedOperation', status: 403 } }]);

    await expect(made()).rejects.toMatchObject({
      type: 'NotAuthorized',
      nonRetryable: true,
      message: expect.stringContaining(`${operation} in us-west-2: UnauthorizedOperation`) as string,
    });
  });

  it('is nothing at all when the permission for its gateway is missing', async () => {
    await bench.faults([
      { operation: 'CreateInternetGateway', effect: { error: 'UnauthorizedOperation', status: 403 } },
    ]);

    await expect(made()).rejects.toMatchObject({ type: 'NotAuthorized' });
    expect(await parts()).toEqual([]);
  });

  it.each(['CreateVpc', 'CreateSubnet', 'CreateInternetGateway'])(
    'that a quota of %s stands against is a problem of the region',
    async (operation) => {
      await bench.faults([{ operation, nth: 2, effect: { error: 'SubnetLimitExceeded' } }]);
      if (operation === 'CreateVpc') await bench.faults([{ operation, effect: { error: 'VpcLimitExceeded' } }]);

      expect(await made()).toEqual({
        problems: [
          expect.stringMatching(
            new RegExp(`^us-west-2: no room for a network of its own: ${operation} .*LimitExceeded`),
          ),
        ],
      });
    },
  );
});
