/** Does `setup` make a bare Temporal server fit for Holdfast, and change nothing the second time? */
import { Connection } from '@temporalio/client';
import { connect, isActing, type Holdfast } from '../../src/client';
import { missingSearchAttributes } from '../../src/client/search-attributes';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/names';
import { startTemporalServer, type TemporalServer } from '../../src/dev/temporal-server';
import { sharedTemporal } from '../support/temporal';

let server: TemporalServer;
let holdfast: Holdfast;

beforeAll(async () => {
  server = await startTemporalServer({ cli: sharedTemporal().cli, searchAttributes: {}, log: () => undefined });
  holdfast = await connect({ connection: { address: server.address } });
});
afterAll(async () => {
  await holdfast.close();
  await server.stop();
});

async function missing(): Promise<string[]> {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await missingSearchAttributes(connection.operatorService, server.namespace);
  } finally {
    await connection.close();
  }
}

const schedule = { id: 'reaper/holdfast', everySeconds: 900 };

it('a round is refused at once when no worker is there to do it', async () => {
  await expect(holdfast.reap()).rejects.toMatchObject({ kind: 'no-worker' });
});

const templates = { small: { name: 'small', components: { a: {} } } };

describe('setup', () => {
  it('only says what it would do when that is what is asked', async () => {
    const report = await holdfast.setup({ dryRun: true, templates });

    expect(report.searchAttributes).toEqual(Object.keys(SEARCH_ATTRIBUTES));
    expect(report.schedule).toEqual({ ...schedule, change: 'created' });
    expect(await missing()).toEqual(Object.keys(SEARCH_ATTRIBUTES));
    expect(await holdfast.reaperSchedule()).toBeUndefined();
  });

  it('registers the search attributes and a schedule that acts', async () => {
    const report = await holdfast.setup({ templates });

    expect(report).toMatchObject({ dryRun: false, templates: ['small'], schedule: { change: 'created' } });
    expect(await missing()).toEqual([]);
    const made = await holdfast.reaperSchedule();
    expect(made).toMatchObject({ ...schedule, input: { apply: true }, paused: false });
    expect(isActing(made)).toBe(true);
  });

  it('changes nothing when it is done again', async () => {
    expect(await holdfast.setup({ templates })).toMatchObject({
      ...{ searchAttributes: [], templates: [] },
      schedule: { ...schedule, change: 'unchanged' },
    });
  });

  it('makes a schedule act that only looked, and keeps its pace and what else it was given', async () => {
    await holdfast.scheduleReaper(1800, { limit: 3 });
    expect(isActing(await holdfast.reaperSchedule())).toBe(false);

    const { schedule: changed } = await holdfast.setup();

    expect(changed).toEqual({ id: 'reaper/holdfast', everySeconds: 1800, change: 'changed' });
    expect(await holdfast.reaperSchedule()).toMatchObject({ everySeconds: 1800, input: { apply: true, limit: 3 } });
    expect(await holdfast.setup({ everySeconds: 900 })).toMatchObject({ schedule: { ...schedule, change: 'changed' } });
  });
});
