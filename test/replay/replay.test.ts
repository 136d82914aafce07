/** Do workflows that ran before a change go on after it? Committed histories replay, and broken ones are noticed. */
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import * as workflows from '../../src/workflows';
import { sharedBundle } from '../support/bundle';
import { activitiesOf, recorded, withoutActivity, type Recorded } from './histories';

/** Names of the errors of each history's replay; undefined where it went well. */
async function replay(all: Pick<Recorded, 'workflowId' | 'history'>[]): Promise<(string | undefined)[]> {
  const options = { workflowBundle: { codePath: sharedBundle() } };
  const errors: (string | undefined)[] = [];
  for await (const { error } of Worker.runReplayHistories(options, all)) errors.push(error?.name);
  return errors;
}

// Broken replays are the subject here and would fill the output.
Runtime.install({
  logger: new DefaultLogger('ERROR', () => undefined),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
});

const all = recorded();
// `capacity` only listens and answers: it asks Temporal for nothing, so there is nothing to take out of its history.
const withCommands = all.filter((one) => one.workflowType !== 'capacity');

describe('the committed histories', () => {
  it('are of every workflow type that a worker registers', () => {
    expect(all.length).toBeGreaterThan(0);
    expect([...new Set(all.map((one) => one.workflowType))].sort()).toEqual(Object.keys(workflows).sort());
    expect(withCommands.every((one) => activitiesOf(one.history).length > 0)).toBe(true);
  });

  it('name no machine', () => {
    const texts = all.map((one) => JSON.stringify(one.history)).join('');
    expect(texts).not.toMatch(/"identity":"(?!worker")/);
    const payloads = [...texts.matchAll(/"data":"([^"]+)"/g)].map(([, data = '']) =>
      Buffer.from(data, 'base64').toString(),
    );
    expect(payloads.filter((payload) => payload.includes('/tmp/'))).toEqual([]);
  });

  it('replay', async () => {
    const errors = await replay(all);

    expect(errors).toEqual(all.map(() => undefined));
  });

  // After a cancellation the SDK drops a command that was not matched yet, so there a missing activity may go unseen.
  const uncancelled = withCommands.filter((one) => !one.name.includes('cancelled'));

  it('can be broken for every workflow type', () => {
    const types = new Set(uncancelled.map((one) => one.workflowType));
    expect([...types, 'capacity'].sort()).toEqual(Object.keys(workflows).sort());
  });

  it.each(uncancelled.map((one) => [one.name, one] as const))(
    '%s does not replay with any of its activities removed',
    async (_name, one) => {
      const types = activitiesOf(one.history);
      const broken = types.map((type) => ({ ...one, history: withoutActivity(one.history, type) }));

      const errors = await replay(broken);

      expect(errors.map((error, index) => [types[index], error])).toEqual(
        types.map((type) => [type, 'DeterminismViolationError']),
      );
    },
  );
});
