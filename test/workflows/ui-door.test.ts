/** Does every mistake that comes in through the Temporal UI end in seconds, with the field named and nothing called? */
import { parseExperiment } from '../../src/schemas/parse';
import * as workflows from '../../src/workflows';
import { startLab, type Lab } from '../support/lab';
import { mutatedSpecs, rightSpecs, type MutatedSpec } from '../support/mutated-specs';
import { failureOf } from '../support/outcomes';

const COUNT = 200;
/** Workflows at once: enough to be quick, few enough that each is timed for itself. */
const AT_ONCE = 20;

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});

afterAll(async () => {
  await lab.close();
});

interface Case extends MutatedSpec {
  type: 'experiment' | 'provision' | 'readiness';
}

/** Each goes to one of the three types. */
function cases(): Case[] {
  return mutatedSpecs(COUNT).map((one, index) => ({
    ...one,
    type: (['experiment', 'provision', 'readiness'] as const)[index % 3]!,
  }));
}

interface Verdict {
  problem?: string;
  seconds: number;
}

async function judge({ from, type, kind, field, spec }: Case): Promise<Verdict> {
  const startedAt = Date.now();
  const input = type === 'readiness' ? { experimentId: 'some-experiment', spec } : spec;
  const failure = await failureOf(await lab.start(type, input));
  const seconds = (Date.now() - startedAt) / 1000;
  const wanted = type === 'readiness' ? `spec.${field}` : field;
  const named = failure.message.split('\n').map((line) => line.slice(0, line.indexOf(': ')));
  if (failure.type === 'InvalidInput' && named.length === 1 && named[0] === wanted) return { seconds };
  return { seconds, problem: `${from}, ${kind} at ${wanted}: ${failure.type} ${failure.message}` };
}

describe('two hundred mutated specs', () => {
  it('come from specs that are right as they are, in every kind of mistake', () => {
    expect(rightSpecs().map(([, spec]) => parseExperiment(spec).ok)).toEqual(rightSpecs().map(() => true));
    expect(rightSpecs().length).toBeGreaterThanOrEqual(4);
    const chosen = cases();
    expect(chosen).toHaveLength(COUNT);
    expect(new Set(chosen.map((one) => one.kind)).size).toBeGreaterThanOrEqual(8);
    expect(new Set(chosen.map((one) => one.from)).size).toBe(rightSpecs().length);
    expect(new Set(chosen.map((one) => one.field)).size).toBeGreaterThan(60);
  });

  it('each fail within seconds as InvalidInput, naming the mutated field and no other, without an AWS call', async () => {
    const before = (await lab.ledger()).calls.length;
    const verdicts: Verdict[] = [];
    const waiting = cases();
    while (waiting.length > 0) verdicts.push(...(await Promise.all(waiting.splice(0, AT_ONCE).map(judge))));

    expect(verdicts.flatMap((verdict) => verdict.problem ?? [])).toEqual([]);
    expect(verdicts).toHaveLength(COUNT);
    expect(Math.max(...verdicts.map((verdict) => verdict.seconds))).toBeLessThan(10);
    expect((await lab.ledger()).calls.length).toBe(before);
  });
});

describe('nonsense', () => {
  const inputs = ['now', 7, ['x'], { nonsense: true }];

  it.each(Object.keys(workflows))('given to %s fails as InvalidInput, in words for a person', async (type) => {
    const failures = await Promise.all(inputs.map(async (input) => failureOf(await lab.start(type, input))));

    expect(failures.map((failure) => failure.type)).toEqual(inputs.map(() => 'InvalidInput'));
    for (const { message } of failures) expect(message).not.toMatch(/undefined|TypeError|not iterable|Cannot read/);
  });
});
