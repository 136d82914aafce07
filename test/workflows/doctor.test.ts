/** Does a check-up find what is wrong, say what to do, and make nothing? Client, server, worker and simulator together. */
import { connect, type Holdfast } from '../../src/client';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/names';
import { startLab, type Lab } from '../support/lab';
import { sharedTemporal } from '../support/temporal';

let lab: Lab;
let holdfast: Holdfast;

beforeAll(async () => {
  lab = await startLab();
  const { address, namespace } = sharedTemporal();
  holdfast = await connect({ connection: { address }, namespace, taskQueue: lab.taskQueue });
});
afterAll(async () => {
  await holdfast.close();
  await lab.close();
});

describe('a check-up', () => {
  it('sees server, search attributes, worker and clock, and an AWS where everything is allowed', async () => {
    const { aws = [], ...temporal } = await holdfast.checkup();

    expect(temporal.serverVersion).toMatch(/^\d+\.\d+/);
    expect(temporal.searchAttributes).toEqual(expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)));
    expect(temporal.workers).toBeGreaterThan(0);
    expect(Math.abs(temporal.clockAheadMs ?? NaN)).toBeLessThan(10_000);
    expect(aws.filter(({ state }) => state !== 'ok').map(({ check }) => check)).toEqual(['us-west-2 quota']);
    expect(aws.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['credentials', 'us-west-2 network', 'us-west-2 CreateVolume', 'us-west-2 tags']),
    );
  });

  it('makes nothing', async () => {
    const before = (await lab.ledger()).resources.length;

    await holdfast.checkup(['us-west-2', 'us-east-1']);

    expect((await lab.ledger()).resources).toHaveLength(before);
  });

  it('names a permission that is missing in the words of AWS, and goes on with the other checks', async () => {
    await lab.control('faults', [
      { operation: 'CreateVolume', effect: { error: 'UnauthorizedOperation', status: 403 }, times: 1 },
    ]);

    const { aws = [] } = await holdfast.checkup();

    expect(aws.filter(({ state }) => state === 'failed')).toMatchObject([
      {
        check: 'us-west-2 CreateVolume',
        found: expect.stringContaining('UnauthorizedOperation'),
        fix: expect.stringContaining('iam-policy.json'),
      },
    ]);
  });

  it('says that no worker is there instead of waiting for one', async () => {
    const { address, namespace } = sharedTemporal();
    const lonely = await connect({ connection: { address }, namespace, taskQueue: 'nobody-polls-here' });

    const seen = await lonely.checkup();
    await lonely.close();

    expect(seen).toMatchObject({ workers: 0 });
    expect(seen).not.toHaveProperty('aws');
  });
});
