/** Does the activities' way to Temporal start once, say what is not there, and fail in words that are retried? */
import { Client, Connection } from '@temporalio/client';
import { scheduleReaper } from '../../src/client/reaper';
import { createTemporalPort } from '../../src/client/temporal-port';
import { reaperScheduleId } from '../../src/contracts/names';
import { uniqueId } from '../support/lab';
import { sharedTemporal } from '../support/temporal';

let client: Client;
let connection: Connection;

beforeAll(async () => {
  const { address, namespace } = sharedTemporal();
  connection = await Connection.connect({ address });
  client = new Client({ connection, namespace });
});
afterAll(() => connection.close());

/** No worker polls this queue: what matters is what the server keeps. */
const port = () => createTemporalPort(client, uniqueId('nobody'));

async function historyOf(id: string): Promise<string[]> {
  const { events } = await client.workflow.getHandle(id).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? []);
}

describe('the Temporal port', () => {
  it('starts a workflow when there is none, and leaves a running one as it is', async () => {
    const id = uniqueId('ensured');
    const run = async (): Promise<string> => (await client.workflow.getHandle(id).describe()).runId;
    const temporal = port();
    await temporal.ensureWorkflow('sentinel', id, { region: 'us-west-2' });
    const first = await run();
    await temporal.ensureWorkflow('sentinel', id, { region: 'us-west-2' });
    expect(await run()).toBe(first);
    await client.workflow.getHandle(id).terminate();
    await temporal.ensureWorkflow('sentinel', id, { region: 'us-west-2' });
    expect(await run()).not.toBe(first);
    await client.workflow.getHandle(id).terminate();
  });

  it('says whether a reaper acts for its queue: one that is not there, or only looks, does not', async () => {
    const taskQueue = uniqueId('nobody');
    const temporal = createTemporalPort(client, taskQueue);

    expect(await temporal.reaperActs()).toBe(false);
    await scheduleReaper({ client, taskQueue }, 3600, {});
    expect(await temporal.reaperActs()).toBe(false);
    await scheduleReaper({ client, taskQueue }, 3600, { apply: true });
    expect(await temporal.reaperActs()).toBe(true);
    await client.schedule.getHandle(reaperScheduleId(taskQueue)).delete();
  });

  it('signals what runs, starting it for that when wanted, and says when nothing does', async () => {
    const id = uniqueId('signalled');
    const temporal = port();
    expect(await temporal.signal(id, 'told', 1)).toBe(false);
    await temporal.signalWithStart('sentinel', id, {}, 'told', 2);
    await temporal.signalWithStart('sentinel', id, {}, 'told', 3);
    expect(await temporal.signal(id, 'told', 4)).toBe(true);
    expect(await historyOf(id)).toEqual(['told', 'told', 'told']);
    await client.workflow.getHandle(id).terminate();
    expect(await temporal.signal(id, 'told', 5)).toBe(false);
  });

  it('knows what runs under an id, and of which type', async () => {
    const id = uniqueId('looked-at');
    const temporal = port();
    expect(await temporal.isRunning('sentinel', id)).toBe(false);
    await temporal.ensureWorkflow('sentinel', id, {});
    expect(await temporal.isRunning('sentinel', id)).toBe(true);
    expect(await temporal.isRunning('experiment', id)).toBe(false);
    await client.workflow.getHandle(id).terminate();
    expect(await temporal.isRunning('sentinel', id)).toBe(false);
  });

  it('answers undefined to a query of nothing', async () => {
    expect(await port().query(uniqueId('nobody'), 'status')).toBeUndefined();
  });

  it('fails as ServiceUnavailable when Temporal does not answer', async () => {
    const lazy = Connection.lazy({ address: '127.0.0.1:1' });
    const temporal = createTemporalPort(new Client({ connection: lazy }), 'nobody');
    await expect(temporal.ensureWorkflow('sentinel', 'x', {})).rejects.toMatchObject({
      name: 'Failure',
      type: 'ServiceUnavailable',
      message: expect.stringContaining('start x') as string,
    });
    await lazy.close();
  });
});
