/** What is said of a run that did not come about, by what is known. */
import { notRun, type Gaps } from '../../src/client/schedule-gaps';

const due = ['2026-01-01T02:00:00.000Z', '2026-01-02T02:00:00.000Z', '2026-01-03T02:00:00.000Z'];
const [first = '', second = '', third = ''] = due;

function gaps(more: Partial<Gaps> = {}): { dueAt: string; why: string }[] {
  return notRun({ due, begun: [first], experiments: [], overlap: 'skip', catchUpSeconds: 600, missed: 0, ...more });
}

describe('what was due and did not run', () => {
  it('is nothing when everything was begun', () => {
    expect(gaps({ begun: due })).toEqual([]);
  });

  it('was skipped when another run went on at that time, and names it', () => {
    const long = { id: 'nightly-1', startedAt: first, endedAt: '2026-01-02T12:00:00.000Z' };

    expect(gaps({ begun: [first, third], experiments: [long] })).toEqual([
      { dueAt: second, why: 'skipped: nightly-1 was running' },
    ]);
  });

  it('still waits where the schedule keeps it until that run ends', () => {
    const experiments = [{ id: 'nightly-1', startedAt: first }];

    expect(gaps({ begun: [first, third], experiments, overlap: 'buffer-one' })).toEqual([
      { dueAt: second, why: 'waits for nightly-1' },
    ]);
    expect(gaps({ begun: [first, third], experiments })[0]?.why).toBe('skipped: nightly-1 was running');
  });

  it('was paused when nothing ran and Temporal counts nothing as missed, and else may be either', () => {
    expect(gaps({ begun: [first, third] })[0]?.why).toBe('the schedule was paused');
    expect(gaps({ begun: [first, third], missed: 1 })[0]?.why).toMatch(/^missed or paused: .* more than 600s/);
  });

  it('is the ten newest of many', () => {
    const many = Array.from({ length: 30 }, (_, day) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString());

    expect(gaps({ due: many, begun: [] }).map(({ dueAt }) => dueAt)).toEqual(many.slice(-10));
  });
});
