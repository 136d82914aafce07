/** What of any experiment lives in a region: is it found by tags alone, in few calls, and without ghosts? */
import { createCloud } from '../../src/aws/cloud';
import { SIMULATOR_CREDENTIALS } from '../../src/worker';
import { eventually } from '../support/lab';
import { startSimulated, type Simulated } from '../support/simulated';

const REGION = 'us-west-2';
let aws: Simulated;
beforeAll(async () => {
  aws = await startSimulated();
});
afterAll(() => aws.close());
beforeEach(() => aws.control('reset', {}));
afterEach(() => aws.control('faults', []));

async function operations(work: () => Promise<unknown>): Promise<string[]> {
  const before = (await aws.ledger()).calls.length;
  await work();
  return (await aws.ledger()).calls.slice(before).map((call) => call.operation);
}

describe('the holdings of a region', () => {
  it('cost two calls where nothing is', async () => {
    const calls = await operations(() => aws.cloud.holdings('eu-west-1'));
    expect(calls.sort()).toEqual(['DescribeTags', 'GetResources']);
  });

  it('are what lives of every experiment and installation, with its tags; nodes and templates are dated', async () => {
    const [first = ''] = await aws.buy('exp-1', 1, 'test', { ExpiresAt: 'soon' });
    await aws.buy('exp-2', 1, 'other');

    const { holdings, sources } = await aws.cloud.holdings(REGION);

    const node = holdings.find((one) => one.id === first);
    expect(node?.tags).toMatchObject({ ExperimentID: 'exp-1', HoldfastInstallation: 'test', ExpiresAt: 'soon' });
    expect(new Set(holdings.map((one) => one.tags['HoldfastInstallation']))).toEqual(new Set(['test', 'other']));
    const dated = holdings.filter((one) => Date.now() - Date.parse(one.createdAt ?? '') < 60_000);
    expect(new Set(dated.map((one) => one.type))).toEqual(new Set(['instance', 'launch-template']));
    expect(sources.filter((source) => source.unreadable !== undefined)).toEqual([]);
  });

  it('are no ghosts: what has ended is gone, though the tag index still names it', async () => {
    const ids = await aws.buy('exp-1', 2);
    await aws.cloud.compute(REGION).terminate(ids);
    await eventually(async () => {
      const views = await aws.cloud.compute(REGION).instances(ids);
      return views.every((view) => view.state === 'terminated') ? true : undefined;
    });

    const { holdings } = await aws.cloud.holdings(REGION);

    expect(holdings.filter((one) => one.type === 'instance')).toEqual([]);
  });

  it.each(['DescribeTags', 'GetResources', 'DescribeInstances'])(
    'say what could not be read: %s, and give the rest',
    async (operation) => {
      await aws.buy('exp-1', 1);
      await aws.control('faults', [{ operation, effect: { error: 'UnauthorizedOperation', status: 403 } }]);

      const { holdings, sources } = await aws.cloud.holdings(REGION);

      const unread = sources.filter((source) => source.unreadable !== undefined);
      expect(unread.map(({ api }) => api)).toContain(operation);
      expect(holdings.length).toBeGreaterThan(0);
    },
  );

  it('are those of one region only', async () => {
    await aws.buy('exp-1', 1);
    const cloud = createCloud({ region: 'eu-west-1', endpoint: aws.url, credentials: SIMULATOR_CREDENTIALS });
    expect((await cloud.holdings('eu-west-1')).holdings).toEqual([]);
    cloud.close();
  });
});
