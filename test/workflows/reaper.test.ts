/** Does the reaper end what nobody else ends, by tags alone, and nothing else? The simulator's ledger is the referee. */
import { cleanupWorkflowId, TAG } from '../../src/contracts/names';
import type { ReaperReport, ReaperRow } from '../../src/contracts/reaper';
import { SIMULATOR_CREDENTIALS, type RunningWorker } from '../../src/worker';
import { eventually, labWorker, startLab, uniqueId, type Lab, type Ledger } from '../support/lab';
import { leftOf, reaches } from '../support/outcomes';
import { simulatedAt, type Simulated } from '../support/simulated';
import { smallSpec } from '../support/specs';

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
});
