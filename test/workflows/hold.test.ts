/** Does a hold have a lease of its own: shown, in the tags, lengthened by `extend`, and ended by itself? */
import { startLab, type Lab } from '../support/lab';
import { expectNoTrace, failureOf, instancesOf, reaches, statusOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

let lab: Lab;
beforeAll(async () => {
  const steps = [{ match: 'exit 7', exitCode: 7 }];
  lab = await startLab({ simulator: { scenario: { extends: 'quick', nodes: { default: { steps } } } } });
});
afterAll(() => lab.close());

const failing = smallSpec({
  components: { worker: { count: 2 } },
  steps: [{ name: 'fail', on: 'worker', run: 'exit 7' }],
  onFailure: 'hold',
  settle: '300ms',
});

describe('a hold', () => {
  it('has a lease that outlives the one of the experiment, in the tags of everything too', async () => {
    const handle = await lab.start('experiment', { ...failing, lease: '10m', holdFor: '4h' });
    const startedAt = Date.now();
    const { expiresAt, reason } = await reaches(handle, 'Held');

    expect(reason).toBe('Workload');
    expect(Date.parse(expiresAt) - startedAt).toBeGreaterThan(4 * 3_600_000 - 60_000);
    await handle.executeUpdate('extend', { args: [{ by: '2h' }] });

    const { expiresAt: later } = await statusOf(handle);
    expect(Date.parse(later) - Date.parse(expiresAt)).toBe(2 * 3_600_000);
    const alive = instancesOf(await lab.ledger(), handle.workflowId).filter((one) => one.endedAt === undefined);
    expect(alive.map((one) => one.tags['ExpiresAt'])).toEqual([later, later]);
    await handle.executeUpdate('release');
    expect(await failureOf(handle)).toMatchObject({ type: 'Workload', details: { certificate: { verdict: 'clean' } } });
    await expectNoTrace(lab, handle.workflowId);
  });

  it('ends by itself, long before the first lease would have', async () => {
    const handle = await lab.start('experiment', { ...failing, holdFor: '3s' });

    const { details } = await failureOf(handle);

    expect(details).toMatchObject({ phase: 'Failed', reason: 'Workload', certificate: { verdict: 'clean' } });
    const { timeline } = await statusOf(handle);
    expect(timeline.map(({ text }) => text)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^held until 20/), 'the hold ran out']),
    );
    await expectNoTrace(lab, handle.workflowId);
  });

  it('of an experiment that is cancelled meanwhile ends in its teardown', async () => {
    const handle = await lab.start('experiment', failing);
    await reaches(handle, 'Held');

    await handle.cancel();

    await failureOf(handle);
    await expectNoTrace(lab, handle.workflowId);
  });
});
