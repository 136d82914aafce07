/** Does the reaper end what nobody else ends, by tags alone, and nothing else? The simulator's ledger is the referee. */
import { Client, Connection } from '@temporalio/client';
import { connect } from '../../src/client';
import { cleanupWorkflowId, reaperScheduleId, SEARCH_ATTRIBUTES, TAG } from '../../src/contracts/names';
import type { ReaperReport, ReaperRow } from '../../src/contracts/reaper';
import { startTemporalServer, type TemporalServer } from '../../src/dev/temporal-server';
import { eventually, labWorker, startLab, uniqueId, type Lab, type Ledger } from '../support/lab';
import { failureOf, leftOf, reaches } from '../support/outcomes';
import { simulatedAt, type Simulated } from '../support/simulated';
import { smallSpec } from '../support/specs';
import { sharedTemporal } from '../support/temporal';

const REGION = 'us-west-2';
const MUTATING = /^(Terminate|Delete|Cancel|Release|Revoke|Create|Modify|Detach|Disassociate)/;
const ids = (report: ReaperReport, group: string): string[] =>
  report.experiments.filter((row) => row.group === group).map((row) => row.experimentId);
const now = { grace: '1ms', orphanGrace: '1ms', settle: '200ms', apply: true };
const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();

let lab: Lab;
let aws: Simulated;

beforeAll(async () => {
  lab = await startLab();
  aws = simulatedAt(lab.simulatorUrl);
});
afterAll(async () => {
  await aws.close();
  await lab.close();
});
beforeEach(() => lab.control('reset', {}));

async function round(input: object = {}): Promise<ReaperReport> {
  const handle = await lab.start('reaper', { regions: [REGION], ...input });
  return (await handle.result()) as ReaperReport;
}

function rowOf(report: ReaperReport, id: string): ReaperRow | undefined {
  return report.experiments.find((row) => row.experimentId === id);
}

/** Nodes with an end of lease, which no workflow runs. */
async function leave(expiresAt: string, installation = 'test', more: Record<string, string> = {}): Promise<string> {
  const id = uniqueId('exp');
  await aws.buy(id, 1, installation, { [TAG.expiresAt]: expiresAt, ...more });
  return id;
}

function instancesLiving(ledger: Ledger, id: string): number {
  return living(ledger, id).filter((one) => one.startsWith('instance ')).length;
}

function living(ledger: Ledger, id: string): string[] {
  return leftOf(ledger, id);
}

async function isCleaned(id: string): Promise<void> {
  await lab.client.workflow.getHandle(cleanupWorkflowId(id)).result();
  expect(living(await lab.ledger(), id)).toEqual([]);
}

describe('a round', () => {
  it('groups what it finds by tags alone, says why, and changes nothing', async () => {
    const [good, warned, expired, malformed, alone, foreign] = [
      await leave(soon(7_200_000), 'test', { [TAG.alone]: 'provision' }),
      await leave(soon(600_000), 'test', { [TAG.alone]: 'provision' }),
      await leave(soon(-3_600_000)),
      await leave('tomorrow'),
      await leave(soon(-60_000), 'test', { [TAG.alone]: 'provision' }),
      await leave(soon(-3_600_000), 'somebody-else'),
    ];
    const orphaned = await leave(soon(7_200_000));
    const startedAt = Date.now();

    const report = await round({ orphanGrace: '1ms' });
    const withOthers = await round({ orphanGrace: '1ms', others: true });

    expect(Object.fromEntries(report.experiments.map((row) => [row.experimentId, row.group]))).toEqual({
      [good]: 'good',
      [warned]: 'warn',
      [expired]: 'expired',
      [malformed]: 'malformed',
      [alone]: 'warn',
      [orphaned]: 'orphaned',
    });
    expect(rowOf(report, expired)).toMatchObject({ reason: 'its lease ended 1h ago', action: 'would start' });
    expect(rowOf(report, orphaned)?.reason).toBe('Temporal knows no workflow of its id');
    expect(rowOf(report, malformed)?.reason).toBe('ExpiresAt is no time: tomorrow');
    expect(rowOf(withOthers, foreign)).toMatchObject({ group: 'foreign', reason: 'belongs to somebody-else' });
    expect(report).toMatchObject({ apply: false, unread: [] });
    const calls = (await lab.ledger()).calls.filter((call) => call.at >= startedAt);
    expect(calls.filter((call) => MUTATING.test(call.operation))).toEqual([]);
  });

  it('starts the cleanup of what is expired or orphaned, and of nothing else', async () => {
    const expired = await leave(soon(-3_600_000));
    const orphaned = await leave(soon(7_200_000));
    const spared = [
      await leave(soon(7_200_000), 'test', { [TAG.alone]: 'provision' }),
      await leave('tomorrow'),
      await leave(soon(-3_600_000), 'somebody-else'),
    ];

    const report = await round(now);

    expect([...ids(report, 'expired'), ...ids(report, 'orphaned')]).toEqual([expired, orphaned]);
    expect(report.experiments.flatMap((row) => row.action ?? [])).toEqual(['started', 'started']);
    await isCleaned(expired);
    await isCleaned(orphaned);
    const ledger = await lab.ledger();
    for (const id of spared) expect(instancesLiving(ledger, id)).toBe(1);
    expect(await round(now)).toMatchObject({ experiments: [{ group: 'malformed' }, { group: 'good' }] });
  });

  it('starts no more cleanups than its limit, and names the rest; those tried least lately come first', async () => {
    const all = [await leave(soon(-3_600_000)), await leave(soon(-7_200_000)), await leave(soon(-5_400_000))];

    const report = await round({ ...now, limit: 1 });

    expect(all.map((id) => rowOf(report, id)?.action)).toEqual(['next round', 'started', 'next round']);
    await isCleaned(all[1] ?? '');
    expect((await round({ ...now, limit: 1 })).experiments.map((row) => [row.experimentId, row.action])).toEqual(
      expect.arrayContaining([
        [all[2], 'started'],
        [all[0], 'next round'],
      ]),
    );
    await isCleaned(all[2] ?? '');
  });

  it('joins a cleanup that is under way', async () => {
    const id = await leave(soon(-3_600_000));
    // It waits long enough between its two looks to be found waiting.
    await lab.start('cleanup', { experimentId: id, regions: [REGION], settleSeconds: '1m' }, cleanupWorkflowId(id));
    await lab.control('faults', [{ operation: 'TerminateInstances', effect: { throttle: true } }]);

    const report = await round(now);

    expect(rowOf(report, id)?.action).toBe('under way');
    await lab.control('faults', []);
    await lab.client.workflow.getHandle(cleanupWorkflowId(id)).terminate();
  });

  it('reaps what outlived its lease also when its workflow says running, and tells that workflow', async () => {
    const wedged = await lab.start('capacity', {}, uniqueId('wedged'));
    await aws.buy(wedged.workflowId, 1, 'test', { [TAG.expiresAt]: soon(-3_600_000) });

    const report = await round(now);

    expect(rowOf(report, wedged.workflowId)).toMatchObject({
      group: 'expired',
      reason: 'its lease ended 1h ago, and its capacity workflow still says running',
      action: 'started',
    });
    await isCleaned(wedged.workflowId);
    const { events } = await wedged.fetchHistory();
    expect(events?.map((event) => event.workflowExecutionSignaledEventAttributes?.signalName)).toContain('note');
    expect((await wedged.describe()).status.name).toBe('RUNNING');
    await wedged.terminate();
  });

  it('spares what runs within its lease, and what nothing runs while it is young', async () => {
    const handle = await lab.start('experiment', smallSpec({ steps: [] }), uniqueId('runs'));
    await reaches(handle, 'Ready');
    const young = await leave(soon(7_200_000));

    const report = await round({ ...now, orphanGrace: '1h' });

    expect(rowOf(report, handle.workflowId)).toMatchObject({ group: 'warn' });
    expect(rowOf(report, young)).toMatchObject({ group: 'warn' });
    expect(rowOf(report, young)?.reason).toMatch(
      /^Temporal knows no workflow of its id; its youngest resource is \d+s/,
    );
    expect(report.experiments.filter((row) => row.action !== undefined)).toEqual([]);
    await handle.executeUpdate('stop');
    await handle.result();
  });

  it('names an id that another installation uses too, since no cleanup could tell them apart', async () => {
    const id = await leave(soon(-3_600_000));
    await aws.buy(id, 1, 'somebody-else', { [TAG.expiresAt]: soon(-3_600_000) });

    const report = await round(now);

    expect(rowOf(report, id)).toMatchObject({
      group: 'malformed',
      reason: expect.stringContaining('same id') as string,
    });
    expect(instancesLiving(await lab.ledger(), id)).toBe(2);
  });

  it('names what it could not read, and goes on with the rest', async () => {
    const id = await leave(soon(-3_600_000));
    const denied = { error: 'UnauthorizedOperation', status: 403 };
    await lab.control('faults', [{ operation: 'GetResources', effect: denied }]);

    const report = await round();

    await lab.control('faults', []);
    expect(report.unread).toEqual([expect.stringMatching(/^us-west-2 GetResources: .*UnauthorizedOperation/)]);
    expect(rowOf(report, id)?.group).toBe('expired');
  });

  it.each([
    ['a text', 'now'],
    ['an unknown field', { aply: true }],
    ['a wrong duration', { grace: 'long' }],
  ])('fails %s as InvalidInput, without an AWS call', async (_, input) => {
    // What a round begins with; the sentinel of an experiment before may still look at its nodes.
    const looks = async (): Promise<number> =>
      (await lab.ledger()).calls.filter(({ operation }) => ['DescribeRegions', 'GetResources'].includes(operation))
        .length;
    const before = await looks();
    const { type, message } = await failureOf(await lab.start('reaper', input));
    expect(type).toBe('InvalidInput');
    expect(message).toMatch(/^(\S+: .+\n?)+$/);
    expect(await looks()).toBe(before);
  });
});

describe('an acting schedule', () => {
  it('ends an experiment that was killed, within one period', async () => {
    const { address, namespace } = sharedTemporal();
    const holdfast = await connect({ connection: { address }, namespace, taskQueue: lab.taskQueue });
    const rounds = { apply: true, orphanGrace: '1ms', settle: '200ms', regions: [REGION] };
    expect(await holdfast.scheduleReaper(2, rounds)).toBe('created');
    const handle = await lab.start('experiment', smallSpec({ steps: [] }), uniqueId('killed'));
    await reaches(handle, 'Ready');

    await handle.terminate('by hand');
    const killedAt = Date.now();
    const cleanup = lab.client.workflow.getHandle(cleanupWorkflowId(handle.workflowId));
    const { startTime } = await eventually(() => cleanup.describe().catch(() => undefined));

    await isCleaned(handle.workflowId);
    // A period, and the second that Temporal takes to start what is scheduled.
    expect(startTime.getTime() - killedAt).toBeLessThan(4000);
    await lab.client.schedule.getHandle(reaperScheduleId(lab.taskQueue)).delete();
    await holdfast.close();
  });
});

describe('a Temporal that knows nothing', () => {
  let empty: TemporalServer;
  beforeAll(async () => {
    empty = await startTemporalServer({
      cli: sharedTemporal().cli,
      searchAttributes: SEARCH_ATTRIBUTES,
      log: () => undefined,
    });
  });
  afterAll(() => empty.stop());

  /** One round by a worker of the given installation on the empty server. */
  async function roundThere(installation: string): Promise<{ report: ReaperReport; cleaned: string[] }> {
    const connection = await Connection.connect({ address: empty.address });
    const client = new Client({ connection });
    const taskQueue = uniqueId('empty');
    const worker = await labWorker(
      { taskQueue, url: lab.simulatorUrl, results: lab.results },
      { address: empty.address, namespace: empty.namespace, installation },
    );
    const input = { ...now, regions: [REGION], others: true };
    const options = { taskQueue, workflowId: uniqueId('reaper'), args: [input] };
    const report = (await client.workflow.execute('reaper', options)) as ReaperReport;
    const cleaned = report.experiments.filter((row) => row.action === 'started').map((row) => row.experimentId);
    await Promise.all(cleaned.map((id) => client.workflow.getHandle(cleanupWorkflowId(id)).result()));
    await worker.stop();
    await connection.close();
    return { report, cleaned };
  }

  it('is no reason to leave anything: all of the installation is cleaned by tags', async () => {
    const [first, second] = [await leave(soon(7_200_000)), await leave(soon(-3_600_000))];

    const { cleaned } = await roundThere('test');

    expect(cleaned.sort()).toEqual([first, second].sort());
    const ledger = await lab.ledger();
    expect([...living(ledger, first), ...living(ledger, second)]).toEqual([]);
  });

  it('of one installation makes it touch nothing of another in the same account, nor the other way round', async () => {
    const handle = await lab.start('experiment', smallSpec({ steps: [] }), uniqueId('theirs'));
    const { nodes } = await reaches(handle, 'Ready');
    const own = await leave(soon(7_200_000), 'other');

    const { report, cleaned } = await roundThere('other');
    const here = await round({ ...now, others: true });

    expect(cleaned).toEqual([own]);
    expect(rowOf(report, handle.workflowId)).toMatchObject({ group: 'foreign' });
    expect(here.experiments.filter((row) => row.action !== undefined)).toEqual([]);
    expect(instancesLiving(await lab.ledger(), handle.workflowId)).toBe(nodes.length);
    await handle.executeUpdate('stop');
    await handle.result();
  });
});
