/**
 * Do 200 requests at once with 50 keys make 50 experiments?
 *
 * Each key is sent four times over HTTP, three times with one spec and once with another, all at once. The spec names a
 * template that is not there, so that its run ends in its first step. Whichever spec is first under a key, the others
 * are the same or a conflict.
 */
import { requestExperimentId } from '../../../src/client/request';
import { openDoors } from '../doors';
import type { Bench } from '../metric';
import { until } from '../watch';

const KEYS = 50;
const SPECS = ['one', 'one', 'one', 'another'];

export const doorPosts: Bench = {
  name: 'door-posts',
  goals: [
    { name: '200 POSTs with 50 keys: off 50 experiments by', goal: 0, unit: 'number' },
    { name: 'the same: answers other than 202 and 409', goal: 0, unit: 'number' },
  ],
  async run(stack) {
    const world = await stack.world();
    const doors = await openDoors(stack, world);
    const posts = Array.from({ length: KEYS }, (_, key) => SPECS.map((template) => ({ key: nameOf(key), template })));
    const answers = await Promise.all(posts.flat().map((one) => post(doors.url, one)));
    const runs = await until('every experiment in the list', 60_000, async () => {
      const found = await stack.client.workflowService.countWorkflowExecutions({
        namespace: 'default',
        query: `WorkflowType = 'experiment' AND ExecutionStatus != 'Running' AND TaskQueue = '${world.taskQueue}'`,
      });
      const count = Number(found.count);
      return count >= KEYS ? count : undefined;
    });
    await doors.close();
    await world.close();
    const odd = answers.filter(({ status }) => status !== 202 && status !== 409);
    const ids = new Set(answers.flatMap(({ id }) => id ?? []));
    const wanted = new Set(Array.from({ length: KEYS }, (_, key) => requestExperimentId(nameOf(key))));
    const strangers = [...ids].filter((id) => !wanted.has(id)).length;
    const slowest = Math.max(...answers.map(({ millis }) => millis));
    const accepted = answers.filter(({ status }) => status === 202).length;
    return [
      {
        value: Math.abs(runs - KEYS) + Math.abs(ids.size - KEYS) + strangers,
        note: `${String(runs)} runs under ${String(ids.size)} ids`,
      },
      {
        value: odd.length,
        note: `${String(accepted)} of ${String(answers.length)} were 202, the last after ${(slowest / 1000).toFixed(1)} s`,
      },
    ];
  },
};

function nameOf(key: number): string {
  return `posts-${String(key)}`;
}

async function post(
  url: string,
  { key, template }: { key: string; template: string },
): Promise<{ status: number; id?: string; millis: number }> {
  const startedAt = Date.now();
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  const response = await fetch(`${url}/experiments`, { method: 'POST', headers, body: JSON.stringify({ template }) });
  const { id } = (await response.json()) as { id?: string };
  const millis = Date.now() - startedAt;
  return { status: response.status, millis, ...(id === undefined ? {} : { id }) };
}
