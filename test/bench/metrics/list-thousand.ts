/**
 * How much longer than Temporal's own answer does the list of 1,000 experiments take?
 *
 * A thousand experiments that were refused in their first step, and so are closed. The raw query asks the server for the
 * same thousand in one page. Both are asked in turn; each number is a median.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { median, openDoors } from '../doors';
import type { Bench } from '../metric';
import { until } from '../watch';

const COUNT = 1000;
/** At once: more only wait for each other. */
const BATCH = 50;
const ROUNDS = 15;
const PREFIX = 'thousand-';

export const listThousand: Bench = {
  name: 'list-thousand',
  goals: [{ name: 'list of 1,000 experiments over the raw query', goal: 1.5, unit: 'ratio' }],
  async run(stack) {
    const world = await stack.world();
    const doors = await openDoors(stack, world);
    const own = `WorkflowId STARTS_WITH '${PREFIX}'`;
    const query = `WorkflowType = 'experiment' AND (${own})`;
    const { workflowService } = stack.client;
    for (let from = 0; from < COUNT; from += BATCH) {
      const ids = Array.from({ length: BATCH }, (_, index) => `${PREFIX}${String(from + index)}`);
      await Promise.all(ids.map((id) => world.run('experiment', id, { template: 'not-there' })));
    }
    await until('a thousand closed experiments', 300_000, async () => {
      const closed = `${query} AND ExecutionStatus = 'Failed'`;
      const { count } = await workflowService.countWorkflowExecutions({ namespace: 'default', query: closed });
      return Number(count) === COUNT ? true : undefined;
    });
    const raw = async (): Promise<number> => {
      const request = { namespace: 'default', query, pageSize: COUNT };
      return (await workflowService.listWorkflowExecutions(request)).executions.length;
    };
    const listed = async (): Promise<number> => (await doors.holdfast.list({ query: own, limit: COUNT })).length;
    const times: { raw: number[]; listed: number[] } = { raw: [], listed: [] };
    // Two rounds warm up; who comes first changes, since each leaves the server warm for the other.
    for (let round = -2; round < ROUNDS; round += 1) {
      const [first, second] = round % 2 === 0 ? [raw, listed] : [listed, raw];
      const [a, b] = [await timed(first), await timed(second)];
      if (round < 0) continue;
      times.raw.push(first === raw ? a : b);
      times.listed.push(first === raw ? b : a);
    }
    await doors.close();
    await world.close();
    const [base, took] = [median(times.raw), median(times.listed)];
    return [
      {
        value: took / base,
        note: `${took.toFixed(0)} ms against ${base.toFixed(0)} ms, medians of ${String(ROUNDS)} in turn`,
      },
    ];
  },
};

async function timed(ask: () => Promise<number>): Promise<number> {
  await pause(50); // so that one's garbage is not the other's
  const startedAt = performance.now();
  const rows = await ask();
  const millis = performance.now() - startedAt;
  if (rows !== COUNT) throw new Error(`${String(rows)} experiments were listed`);
  return millis;
}
