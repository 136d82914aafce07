/**
 * How much longer than with the plain Temporal client does it take from the start to the first AWS call?
 *
 * Each door in turn starts one experiment, each in another region than those before, so that what they still ask is not
 * counted. The time runs from the call of the door to the first call of that region in the ledger. The plain start is
 * what every Temporal SDK does; the others are the start form's request to the server of the Temporal UI, our client,
 * our HTTP door with a key, and the trigger of a schedule. The first round warms up and does not count.
 */
import { shuffled } from '../../support/mutations';
import { openDoors, median, type Doors } from '../doors';
import type { Bench, Measured } from '../metric';
import { bare } from '../specs';
import type { Stack, World } from '../stack';
import { until } from '../watch';

const GOAL = 1.2;
/** Many, since one start varies by half. */
const ROUNDS = 24;
const REGIONS = ['us-west-2', 'us-east-1', 'us-east-2', 'eu-west-1'];

type Spec = ReturnType<typeof specIn>;

interface Place {
  stack: Stack;
  world: World;
  doors: Doors;
}

/** Starts an experiment, and gives its id as soon as it is known. */
type Door = (place: Place, spec: Spec, id: string) => Promise<string>;

const DOORS: Record<string, Door> = {
  plain: async ({ world }, spec, id) => (await world.run('experiment', id, spec)).workflowId,
  ui: startInUi,
  client: async ({ doors }, spec, id) => (await doors.holdfast.start(spec, { id })).id,
  http: async ({ doors }, spec, id) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': id };
    const response = await fetch(`${doors.url}/experiments`, { method: 'POST', headers, body: JSON.stringify(spec) });
    if (response.status !== 202) throw new Error(`the door answered ${String(response.status)}`);
    return ((await response.json()) as { id: string }).id;
  },
  schedule: async ({ doors }, _spec, id) => {
    await doors.holdfast.schedules.trigger(id);
    return id;
  },
};

export const doorStart: Bench = {
  name: 'door-start',
  goals: ['ui', 'client', 'http', 'schedule'].map((door) => ({
    name: `start to first AWS call, ${door} over plain`,
    goal: GOAL,
    unit: 'ratio',
  })),
  async run(stack) {
    const world = await stack.world();
    const doors = await openDoors(stack, world);
    const millis: Record<string, Took[]> = Object.fromEntries(Object.keys(DOORS).map((name) => [name, []]));
    let starts = 0;
    for (let round = 0; round <= ROUNDS; round += 1) {
      // In another order each time: what the one before has left to do is not always left to the same one.
      for (const [name, door] of shuffled(Object.entries(DOORS), round)) {
        starts += 1;
        const region = REGIONS[starts % REGIONS.length] ?? '';
        const took = await measure({ stack, world, doors }, door, { region, id: `${name}-${String(round)}`, name });
        if (round > 0) millis[name]?.push(took);
      }
    }
    await doors.close();
    await world.close();
    const { plain = [], ...others } = millis;
    return Object.values(others).map((times) => ratio(times, plain));
  },
};

/** Milliseconds from the call of the door to the first AWS call, and to the start that Temporal wrote down. */
interface Took {
  whole: number;
  begun: number;
}

function ratio(times: Took[], plain: Took[]): Measured {
  const [own, base] = [times, plain].map((all) => median(all.map(({ whole }) => whole))) as [number, number];
  const begun = median(times.map((took) => took.begun));
  return {
    value: own / base,
    note: `${own.toFixed(0)} ms against ${base.toFixed(0)} ms, medians of ${String(times.length)} in turn; ${begun.toFixed(0)} ms of it until Temporal began the run`,
  };
}

async function measure(
  place: Place,
  door: Door,
  { region, id, name }: { region: string; id: string; name: string },
): Promise<Took> {
  const { stack, world, doors } = place;
  const spec = specIn(region);
  const isSchedule = name === 'schedule';
  if (isSchedule) await doors.holdfast.schedules.create({ id, spec, cron: ['0 0 1 1 *'], paused: 'only triggered' });
  const startedAt = Date.now();
  const started = await door(place, spec, id);
  const firstAt = await until(`the first call of ${id}`, 60_000, async () => {
    const { calls } = await world.ledger();
    return calls.find((call) => call.region === region && call.at >= startedAt)?.at;
  });
  const ended = isSchedule ? ((await doors.holdfast.schedules.show(id)).recent[0]?.id ?? '') : started;
  const handle = stack.client.workflow.getHandle(ended);
  const { startTime } = await handle.describe();
  await handle.terminate('measured');
  if (isSchedule) await doors.holdfast.schedules.delete(id);
  await quiet(world, region);
  return { whole: firstAt - startedAt, begun: startTime.getTime() - startedAt };
}

/** What was under way when the experiment was terminated comes to its end. */
async function quiet(world: World, region: string): Promise<void> {
  const count = async (): Promise<number> =>
    (await world.ledger()).calls.filter((call) => call.region === region).length;
  let before = await count();
  await until(`silence in ${region}`, 60_000, async () => {
    const now = await count();
    const isQuiet = now === before;
    before = now;
    return isQuiet ? true : undefined;
  });
}

function specIn(region: string) {
  return bare(1, { regions: [region] });
}

/** The request of the UI's start form; its server wants back the token of its own cookie. */
async function startInUi({ stack, world }: Place, spec: Spec, id: string): Promise<string> {
  const cookie = await uiCookie(stack.uiUrl);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const response = await fetch(`${stack.uiUrl}/api/v1/namespaces/default/workflows/${id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...cookie },
    body: JSON.stringify({
      workflowId: id,
      workflowType: { name: 'experiment' },
      taskQueue: { name: world.taskQueue },
      input: { payloads: [{ metadata: { encoding: base64('json/plain') }, data: base64(JSON.stringify(spec)) }] },
    }),
  });
  if (!response.ok) throw new Error(`the UI answered ${String(response.status)} ${await response.text()}`);
  return id;
}

let known: Record<string, string> | undefined;

/** Fetched once, as by a browser that has opened the form. */
async function uiCookie(uiUrl: string): Promise<Record<string, string>> {
  if (known !== undefined) return known;
  const { headers } = await fetch(`${uiUrl}/api/v1/settings`);
  const [cookie = ''] = (headers.get('set-cookie') ?? '').split(';');
  known = { cookie, 'x-csrf-token': cookie.replace(/^_csrf=/, '') };
  return known;
}
