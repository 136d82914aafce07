/** Does an experiment live its whole life: bought, proven, worked, cleaned, and told? */
import { WorkflowFailedError, type WorkflowExecutionDescription } from '@temporalio/client';
import type { ExperimentResult, ExperimentStatus } from '../../src/contracts/messages';
import { eventually, startLab, type Lab } from '../support/lab';
import { reaches } from '../support/outcomes';
import { smallSpec } from '../support/specs';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});

afterAll(async () => {
  await lab.close();
});

afterEach(async () => {
  await lab.control('faults', []);
});

describe('an experiment', () => {
  it('buys its nodes, proves them ready, runs its steps and leaves nothing behind', async () => {
    const handle = await lab.start('experiment', smallSpec());

    const result = (await handle.result()) as ExperimentResult;

    expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean', left: [] } });
    expect(result.nodes.map((node) => node.slot).sort()).toEqual(['broker-0', 'broker-1', 'zk-0', 'zk-1', 'zk-2']);
    expect(result.steps.map((step) => [step.name, step.slot, step.exitCode])).toEqual([
      ['bench', 'broker-0', 0],
      ['bench', 'broker-1', 0],
    ]);
    const { summary } = await lab.ledger();
    expect(summary).toMatchObject({ alive: 0, duplicates: 0, untagged: 0 });
  });

  it('shows where it stands while it runs', async () => {
    const handle = await lab.start('experiment', smallSpec({ steps: [] }));

    const status = await eventually(async () => {
      const now = await handle.query<ExperimentStatus>('status');
      return now.phase === 'Ready' ? now : undefined;
    });
    const described = await handle.describe();
    await handle.executeUpdate('stop');
    const result = (await handle.result()) as ExperimentResult;

    expect(status.progress.every((node) => node.at === 'ready')).toBe(true);
    expect(attributesOf(described)).toMatchObject({ HoldfastPhase: 'Ready', HoldfastRegion: 'us-west-2' });
    expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
  });

  it('that is stopped before it was ready is Cancelled, completes and leaves nothing', async () => {
    const handle = await lab.start('experiment', smallSpec({ steps: [] }));
    await reaches(handle, 'Provisioning');
    await handle.executeUpdate('stop');
    const result = (await handle.result()) as ExperimentResult;

    expect(result).toMatchObject({ phase: 'Cancelled', reason: 'User', certificate: { verdict: 'clean' } });
  });

  it('says why a step failed, with its exit code, and still leaves nothing', async () => {
    const failing = await startLab({
      simulator: {
        scenario: { extends: 'quick', nodes: { default: { steps: [{ match: 'false', exitCode: 3 }] } } } as never,
      },
    });
    try {
      const handle = await failing.start(
        'experiment',
        smallSpec({ steps: [{ name: 'bench', on: 'zk', run: 'false' }] }),
      );

      const { type, details } = await failureOf(handle.result());

      expect(type).toBe('Workload');
      expect(details).toMatchObject({ phase: 'Failed', reason: 'Workload', certificate: { verdict: 'clean' } });
      expect((await failing.ledger()).summary.alive).toBe(0);
    } finally {
      await failing.close();
    }
  });

  it('refuses bad input in seconds with one line per field and no AWS call', async () => {
    const before = (await lab.ledger()).calls.length;

    const empty = await failureOf((await lab.start('experiment', {})).result());
    const refused = await lab.start('experiment', {});
    await failureOf(refused.result());
    const slip = await failureOf((await lab.start('experiment', { ...smallSpec(), leese: '1h' })).result());
    const nothing = await failureOf((await lab.start('experiment', undefined)).result());
    const badId = await failureOf((await lab.start('experiment', smallSpec(), 'no spaces please')).result());

    expect(empty).toMatchObject({ type: 'InvalidInput', message: 'components: is missing (expected record)' });
    expect(nothing.type).toBe('InvalidInput');
    expect(attributesOf(await refused.describe())).toMatchObject({ HoldfastPhase: 'Failed', HoldfastReason: 'Spec' });
    expect(slip).toMatchObject({ type: 'InvalidInput', message: 'leese: is no known field; did you mean "lease"?' });
    expect(badId.message).toContain('workflow id "no spaces please": is no experiment id');
    expect((await lab.ledger()).calls.length).toBe(before);
  });

  it('ends when its lease runs out', async () => {
    const handle = await lab.start('experiment', smallSpec({ lease: '2s', steps: [] }));

    const result = (await handle.result()) as ExperimentResult;

    expect(result).toMatchObject({ phase: 'Expired', reason: 'Timeout', certificate: { verdict: 'clean' } });
    expect((await lab.ledger()).summary.alive).toBe(0);
  });

  it('keeps a failed experiment for a look until it is released', async () => {
    const limits = { service: '300ms', total: '1s' };
    const components = { zk: { services: ['never.service'], replacements: 0, limits } };
    const stuck = await startLab({
      simulator: {
        scenario: { extends: 'quick', nodes: { default: { services: { 'never.service': { fails: true } } } } } as never,
      },
    });
    try {
      const handle = await stuck.start('experiment', smallSpec({ components, steps: [], onFailure: 'hold' }));
      const held = await eventually(async () => {
        const now = await handle.query<ExperimentStatus>('status');
        return now.phase === 'Held' ? now : undefined;
      });
      const alive = (await stuck.ledger()).summary.aliveByType;
      await handle.executeUpdate('release');
      const { type, message } = await failureOf(handle.result());

      expect(held.reason).toBe('NotReady');
      expect(alive['security-group']).toBe(1);
      expect(type).toBe('GateFailed');
      expect(message).toMatch(/zk-0 \(i-[0-9a-f]+\) missed gate service after \d+ s: never\.service/);
      expect((await stuck.ledger()).summary.alive).toBe(0);
    } finally {
      await stuck.close();
    }
  });
});

async function failureOf(result: Promise<unknown>): Promise<{ type: string; message: string; details: unknown }> {
  const error: unknown = await result.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowFailedError)) throw new Error(`expected a workflow failure, got ${String(error)}`);
  const cause = error.cause as { type?: string; message: string; details?: unknown[] };
  return { type: cause.type ?? '', message: cause.message, details: cause.details?.[0] };
}

function attributesOf(described: WorkflowExecutionDescription): Record<string, unknown> {
  return Object.fromEntries(described.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
}
