/**
 * How much memory of a worker does a live experiment take?
 *
 * Forty experiments warm the worker up; its memory is taken, 200 more are started, and it is taken again when all
 * 240 wait for the end of their lease (phase Ready) and the SDK's sticky-cache metric says that every one of them is
 * resident. Each has three components and six nodes. The number is the growth of the whole process (resident set,
 * native parts included) per experiment, after a full collection in every thread. They are started in groups of the
 * size of the first, so that the peak of a start is in both figures, and over four regions, so that the account's API
 * rates are no part of it. The note has the JavaScript heaps alone, and the same two figures for workflows that only
 * sleep: what the SDK takes before we do anything.
 */
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { ExperimentInput } from '../../../src/schemas/experiment';
import { writeBundle } from '../../support/bundle';
import type { Bench } from '../metric';
import type { WorkerMemory } from '../processes/memory';
import type { Stack, World } from '../stack';
import { pendingActivities, until, untilPhase } from '../watch';

const GROUP = 40;
const WARM = GROUP;
const MORE = 200;
const REGIONS = ['us-west-2', 'us-east-1', 'us-east-2', 'eu-west-1'];
const GAUGE = 'temporal_sticky_cache_size';

export const workerMemory: Bench = {
  name: 'worker-memory',
  goals: [{ name: 'worker memory per waiting experiment, 200 resident', goal: 100, unit: 'KiB' }],
  async run(stack) {
    const floor = await asleep(stack);
    const ours = await growth(await stack.world(), live);
    const text = ({ rssKib, heapKib }: Growth): string => `${rssKib.toFixed(0)} KiB, heaps alone ${heapKib.toFixed(0)}`;
    return [{ value: ours.rssKib, note: `${ours.cache}; ${text(ours)}; only sleeping: ${text(floor)}` }];
  },
};

interface Growth {
  /** Per workflow. */
  rssKib: number;
  heapKib: number;
  /** The sticky-cache metric at the end. */
  cache: string;
}

/** Workflows that come to rest: `count` of them, the first of which has this number. */
type Fill = (world: World, first: number, count: number) => Promise<void>;

async function growth(world: World, fill: Fill): Promise<Growth> {
  await fill(world, 0, WARM);
  const before = await world.memory();
  for (let first = WARM; first < WARM + MORE; first += GROUP) await fill(world, first, GROUP);
  const after = await world.memory();
  const resident = await world.gauge(GAUGE);
  await world.close();
  if (resident < WARM + MORE) throw new Error(`only ${String(resident)} workflows are resident`);
  const each = (of: (memory: WorkerMemory) => number): number => (of(after) - of(before)) / MORE / 1024;
  return {
    rssKib: each(({ rssBytes }) => rssBytes),
    heapKib: each(({ heapBytes }) => heapBytes),
    cache: `${GAUGE} ${String(resident)}`,
  };
}

/** The floor: the same worker with workflows that do nothing. */
async function asleep(stack: Stack): Promise<Growth> {
  const bundle = await writeBundle({ workflowsPath: require.resolve('../asleep') });
  try {
    return await growth(await stack.world({}, bundle), async (world, first, count) => {
      for (let index = first; index < first + count; index += 1) await world.start(`asleep-${String(index)}`, lab(''));
      await until('sleep', 120_000, async () => ((await world.gauge(GAUGE)) >= first + count ? true : undefined));
    });
  } finally {
    await rm(dirname(bundle), { recursive: true, force: true });
  }
}

async function live(world: World, first: number, count: number): Promise<void> {
  const handles: WorkflowHandle[] = [];
  for (let index = first; index < first + count; index += 1) {
    handles.push(await world.start(`live-${String(index)}`, lab(REGIONS[index % REGIONS.length] ?? 'us-west-2')));
  }
  for (const handle of handles) await untilPhase(handle, ['Ready'], 300_000);
  // Naming the nodes is the last thing they do before they only wait; what goes on then is having them watched.
  for (const handle of handles) {
    await until('names', 120_000, async () => {
      const pending = await pendingActivities(handle);
      return pending.some(({ type }) => type === 'nameNodes') ? undefined : true;
    });
  }
}

function lab(region: string): ExperimentInput {
  const types = { instanceTypes: ['t3.small'], widerTypes: ['t3a.small', 't2.small'] };
  return {
    name: 'lab',
    regions: [region],
    instanceProfile: 'holdfast-node',
    components: {
      zookeeper: { ...types, count: 3, quorum: true, services: ['zookeeper.service'], health: [{ tcp: 2181 }] },
      broker: { ...types, count: 2, services: ['pulsar-broker.service'], health: [{ http: 8080 }] },
      client: { ...types, count: 1 },
    },
  };
}
