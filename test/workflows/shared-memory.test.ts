/** Do experiments of a region learn from each other's refusals? */
import type { WorkflowHandle } from '@temporalio/client';
import type { ExperimentResult } from '../../src/contracts/messages';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { eventually, startLab, type Lab } from '../support/lab';
import { expectNoTrace, ofExperiment, resultOf, statusOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

const EXPERIMENTS = 10;

/** One component whose spot pools are all dry, in two tiers: 8 pools. */
function spec(change: Partial<ExperimentInput> = {}): ExperimentInput {
  const client = { count: 2, instanceTypes: ['t3.small'], widerTypes: ['t3a.small'] };
  return smallSpec({ components: { client }, steps: [{ name: 'work', on: 'client', run: 'true' }], ...change });
}

const DRY = ['t3.small', 't3a.small'].map((type) => ({ region: '*', zone: '*', type, market: 'spot', capacity: 0 }));

async function dryLab(): Promise<Lab> {
  return startLab({ simulator: { scenario: { extends: 'quick', capacity: DRY } as never } });
}

interface Refused {
  /** Launch calls that at least one pool refused. */
  calls: number;
  /** Refusals, one for each pool of each call. */
  pools: number;
}

/** By the ledger, not by what workflows say. */
async function refusedIn(lab: Lab): Promise<Refused> {
  const { resources } = await lab.ledger();
  const refused = resources.filter((one) => one.type === 'fleet').map((fleet) => fleet.refused ?? 0);
  return {
    calls: refused.filter((count) => count > 0).length,
    pools: refused.reduce((sum, count) => sum + count, 0),
  };
}

async function run(lab: Lab): Promise<ExperimentResult> {
  return resultOf(await lab.start('experiment', spec()));
}

describe('experiments on the same dry pools', () => {
  let labs: Lab[] = [];
  const lab = async (): Promise<Lab> => {
    const made = await dryLab();
    labs.push(made);
    return made;
  };
  afterEach(async () => {
    await Promise.all(labs.map((one) => one.close()));
    labs = [];
  });

  it('started one after another are refused no more than one alone', async () => {
    const alone = await lab();
    const first = await run(alone);
    const one = await refusedIn(alone);
    const many = await lab();
    const results: ExperimentResult[] = [];
    for (let at = 0; at < EXPERIMENTS; at += 1) results.push(await run(many));
    const ten = await refusedIn(many);

    expect(one).toEqual({ calls: 2, pools: 8 });
    expect(first.phase).toBe('Done');
    expect(results.every((result) => result.phase === 'Done')).toBe(true);
    expect(ten.calls).toBeLessThanOrEqual(1.2 * one.calls);
    expect(ten.pools).toBeLessThanOrEqual(1.2 * one.pools);
    expect(results.at(-1)?.attempts.map((attempt) => attempt.tier)).toEqual(['on-demand']);
    await expectNoTrace(many, ...results.map((result) => result.experimentId));
  }, 180_000);

  it('started together are refused at most twice each', async () => {
    const many = await lab();
    const handles: WorkflowHandle[] = await Promise.all(
      Array.from({ length: EXPERIMENTS }, () => many.start('experiment', spec())),
    );
    const results = await Promise.all(handles.map(resultOf));
    const ten = await refusedIn(many);

    expect(results.every((result) => result.phase === 'Done')).toBe(true);
    expect(ten.calls).toBeLessThanOrEqual(2 * EXPERIMENTS);
    for (const handle of handles) {
      const own = ofExperiment(await many.ledger(), handle.workflowId).filter((one) => (one.refused ?? 0) > 0);
      expect(own.length).toBeLessThanOrEqual(2);
    }
    await expectNoTrace(many, ...handles.map((handle) => handle.workflowId));
  }, 180_000);

  it('wait for the answer to a request that another has already made', async () => {
    const slow = await lab();
    await slow.control('faults', [{ operation: 'CreateFleet', nth: 3, effect: { delayMs: 4000 } }]);
    const first = await slow.start('experiment', spec());
    await eventually(async () => {
      const { attempts } = await statusOf(first);
      return attempts.length > 0 || undefined;
    });
    const second = await resultOf(await slow.start('experiment', spec()));

    expect((await resultOf(first)).attempts.map((attempt) => attempt.tier)).toEqual(['spot', 'spot-wide', 'on-demand']);
    expect(second.attempts.map((attempt) => attempt.tier)).toEqual(['on-demand']);
    expect(await refusedIn(slow)).toEqual({ calls: 2, pools: 8 });
  }, 60_000);

  it('go on with what they saw themselves when nobody answers, and say so once', async () => {
    const one = await lab();
    const id = `capacity/123456789012@${new URL(one.simulatorUrl).host}/us-west-2`;
    await one.client.workflow.start('capacity', { workflowId: id, taskQueue: 'nobody', args: [{}] });

    const handle = await one.start('experiment', spec());
    const result = await resultOf(handle);
    const { timeline } = await statusOf(handle);

    expect(result.attempts.map((attempt) => attempt.tier)).toEqual(['spot', 'spot-wide', 'on-demand']);
    expect(
      timeline.filter((entry) => entry.text.includes('capacity memory of us-west-2 does not answer')),
    ).toHaveLength(1);
    expect(await refusedIn(one)).toEqual({ calls: 2, pools: 8 });
  }, 60_000);
});
