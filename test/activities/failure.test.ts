/** Does whatever the layers below throw leave an activity as a failure of the closed table? */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { guard, invalidInput, notReady } from '../../src/activities/failure';
import { FAILURES, Failure, failureRow, type FailureType } from '../../src/contracts/failures';

const logger = new DefaultLogger('ERROR', () => undefined);

/** What leaves a guarded activity that throws this, at that attempt. */
async function leaving(error: unknown, attempt = 1): Promise<ApplicationFailure> {
  const { act } = guard({
    act: (): Promise<never> => {
      throw error;
    },
  });
  const activity = act as () => Promise<unknown>;
  return new MockActivityEnvironment({ attempt }, { logger }).run(activity).then(
    () => {
      throw new Error('expected a failure');
    },
    (reason: unknown) => reason as ApplicationFailure,
  );
}

const TYPES = Object.keys(FAILURES) as FailureType[];
/** Types that are repeated, but not for ever: how often. */
const WORN: Partial<Record<FailureType, number>> = { Unclassified: 3, CredentialsExpired: 2 };

describe('a failure of the layers below', () => {
  it.each(TYPES)('%s leaves with its type, words, details and repeatability', async (type) => {
    const failure = await leaving(new Failure(type, 'what AWS said', { code: 'SomeCode' }));

    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type, message: 'what AWS said', nonRetryable: failureRow(type).terminal });
    expect(failure.details).toEqual([{ code: 'SomeCode' }]);
    const wait = failureRow(type).retryAfterMs;
    if (wait === undefined) expect(failure.nextRetryDelay ?? undefined).toBeUndefined();
    else {
      expect(Number(failure.nextRetryDelay)).toBeGreaterThanOrEqual(wait * 0.5);
      expect(Number(failure.nextRetryDelay)).toBeLessThanOrEqual(wait * 1.5);
    }
    expect(failure.category ?? 'none').toBe(failureRow(type).benign === true ? 'BENIGN' : 'none');
  });

  it.each(Object.entries(WORN))('%s is repeated until the %i. try and no longer', async (type, tries) => {
    const failure = new Failure(type as FailureType, 'again');

    expect((await leaving(failure, tries - 1)).nonRetryable).toBe(false);
    expect((await leaving(failure, tries)).nonRetryable).toBe(true);
  });

  it('spreads the returns of callers that were refused together', async () => {
    const waits = await Promise.all(
      Array.from({ length: 20 }, async () =>
        Number((await leaving(new Failure('Throttled', 'slow down'))).nextRetryDelay),
      ),
    );

    expect(new Set(waits).size).toBeGreaterThan(10);
  });
});

describe('anything else', () => {
  it('is a defect of Holdfast, terminal, with its words', async () => {
    expect(await leaving(new TypeError('x is undefined'))).toMatchObject({
      type: 'Internal',
      message: 'TypeError: x is undefined',
      nonRetryable: true,
    });
    expect(await leaving('a string')).toMatchObject({ type: 'Internal', message: 'a string' });
  });

  it('passes when it is a failure or a cancellation already', async () => {
    const [known, cancelled] = [invalidInput(['name: is missing']), new CancelledFailure('stop')];

    expect(await leaving(known)).toBe(known);
    expect(await leaving(cancelled)).toBe(cancelled);
  });

  it('is a cancellation when it broke because the activity was cancelled', async () => {
    const environment = new MockActivityEnvironment({}, { logger });
    const { act } = guard({
      act: (): Promise<never> => {
        environment.cancel();
        return Promise.reject(new Failure('ServiceUnavailable', 'aborted'));
      },
    });

    await expect(environment.run(act as () => Promise<unknown>)).rejects.toBeInstanceOf(CancelledFailure);
  });
});

describe('what activities throw themselves', () => {
  it('is benign and names its pause while something is not there yet', () => {
    expect(notReady('1 of 3 nodes ready', 249.6)).toMatchObject({
      type: 'NotReady',
      nonRetryable: false,
      category: 'BENIGN',
      nextRetryDelay: 250,
    });
    expect(notReady('late', -5).nextRetryDelay).toBe(1);
  });

  it('has one line per mistake of an input', () => {
    expect(invalidInput(['name: is no name', 'lease: is no duration'])).toMatchObject({
      type: 'InvalidInput',
      nonRetryable: true,
      message: 'name: is no name\nlease: is no duration',
      details: [{ problems: ['name: is no name', 'lease: is no duration'] }],
    });
  });
});
