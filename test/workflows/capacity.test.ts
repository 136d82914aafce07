/** Does one memory serve all experiments of a region, for as long as there are any? */
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { connect } from '../../src/client';
import type { CapacityNews, CapacityView, Pool } from '../../src/contracts/capacity';
import { capacityWorkflowId } from '../../src/contracts/names';
import { sharedBundle } from '../support/bundle';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { failureOf } from '../support/outcomes';
import { sharedTemporal } from '../support/temporal';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});

afterAll(async () => {
  await lab.close();
});

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

const MINUTE = 60_000;
const pool = (zone: string): Pool => ({ region: 'us-west-2', zone, instanceType: 't3.micro', market: 'spot' });
const keyOf = ({ zone }: Pool): string => `pool:${zone}/t3.micro/spot`;

function dry(from: string, of: Pool, atMs = Date.now()): CapacityNews {
  const refused = { key: keyOf(of), class: 'capacity', scope: 'pool', code: 'InsufficientInstanceCapacity' } as const;
  return { from, atMs, came: [], refused: [refused] };
}

async function tell(id: string, news: unknown, input: unknown = {}): Promise<void> {
  await lab.client.workflow.signalWithStart('capacity', {
    workflowId: id,
    taskQueue: lab.taskQueue,
    args: [input],
    signal: 'told',
    signalArgs: [news],
  });
}

async function memoryOf(id: string): Promise<CapacityView> {
  return lab.client.workflow.getHandle(id).query<CapacityView>('memory');
}

describe('a capacity memory', () => {
  it('is one for everybody: told by several, asked by anybody', async () => {
    const id = uniqueId('capacity');
    const senders = ['us-west-2a', 'us-west-2b', 'us-west-2c'].map((zone, at) =>
      tell(id, dry(`lab-${String(at)}`, pool(zone))),
    );
    await Promise.all(senders);

    const { blocks, told } = await memoryOf(id);

    expect(told).toBe(3);
    expect(Object.keys(blocks).sort()).toEqual([
      'pool:us-west-2a/t3.micro/spot',
      'pool:us-west-2b/t3.micro/spot',
      'pool:us-west-2c/t3.micro/spot',
    ]);
    expect(blocks[keyOf(pool('us-west-2a'))]).toMatchObject({ strikes: 1, code: 'InsufficientInstanceCapacity' });
  });

  it('blocks a pool once for all who were refused at the same time, and frees it by the success of one', async () => {
    const id = uniqueId('capacity');
    const startedAt = Date.now();
    for (const from of ['lab-1', 'lab-2', 'lab-3']) await tell(id, dry(from, pool('us-west-2a')));
    const blocked = (await memoryOf(id)).blocks[keyOf(pool('us-west-2a'))];
    await tell(id, { from: 'lab-4', atMs: Date.now(), came: [pool('us-west-2a')], refused: [] });
    const freed = (await memoryOf(id)).blocks[keyOf(pool('us-west-2a'))];

    expect(blocked?.strikes).toBe(1);
    expect((blocked?.untilMs ?? 0) - startedAt).toBeGreaterThanOrEqual(3 * MINUTE);
    expect(freed).toMatchObject({ strikes: 0, allowed: 2 });
    expect(freed?.untilMs).toBeLessThanOrEqual(Date.now());
  });

  it('shows its blocks in the Temporal UI as a table', async () => {
    const id = uniqueId('capacity');
    await tell(id, dry('lab-1', pool('us-west-2a'), Date.now()));
    await memoryOf(id);

    const { currentDetails } = await lab.client.workflow
      .getHandle(id)
      .query<{ currentDetails: string }>('__temporal_workflow_metadata');

    expect(currentDetails).toContain('1 blocked, 0 open again; 1 messages heard');
    expect(currentDetails).toMatch(
      /\| pool:us-west-2a\/t3\.micro\/spot \| \d{4}-\d\d-\d\d [\d:]{8} \| 1 \| 1 \| capacity \|/,
    );
  });

  it('goes on after what is no news, and does not believe a clock that runs ahead', async () => {
    const id = uniqueId('capacity');
    for (const nonsense of [undefined, 'dry', { from: 'lab-1' }, { ...dry('x', pool('a')), refused: [{ key: 1 }] }]) {
      await tell(id, nonsense);
    }
    await tell(id, dry('lab-1', pool('us-west-2a'), Date.now() + 1000 * MINUTE));

    const { blocks, told, ignored } = await memoryOf(id);

    expect({ told, ignored, keys: Object.keys(blocks) }).toEqual({
      told: 5,
      ignored: 4,
      keys: [keyOf(pool('us-west-2a'))],
    });
    expect(blocks[keyOf(pool('us-west-2a'))]?.untilMs).toBeLessThan(Date.now() + 4 * MINUTE);
  });

  it('goes on in a new run with all it knows, any number of times', async () => {
    const id = uniqueId('capacity');
    await tell(id, dry('lab-1', pool('us-west-2a')), { continueAfter: 3 });
    const first = (await lab.client.workflow.getHandle(id).describe()).runId;
    for (let at = 0; at < 8; at += 1) await tell(id, dry('lab-1', pool(`us-west-2${'bcd'[at % 3] ?? ''}`)));

    const view = await eventually(async () => {
      const { runId } = await lab.client.workflow.getHandle(id).describe();
      const now = await memoryOf(id);
      return runId !== first && now.told === 9 ? now : undefined;
    });
    const runs = await runsOf(id);

    expect(Object.keys(view.blocks)).toHaveLength(4);
    expect(view.ignored).toBe(0);
    expect(runs.length).toBeGreaterThan(1);
    expect(runs.filter((run) => run.status === 'RUNNING')).toHaveLength(1);
    expect(runs.every((run) => run.status === 'RUNNING' || run.status === 'CONTINUED_AS_NEW')).toBe(true);
  });

  it('replays: every run of it comes to the same commands', async () => {
    const id = uniqueId('capacity');
    await tell(id, dry('lab-1', pool('us-west-2a')), { continueAfter: 2 });
    for (let at = 0; at < 4; at += 1) await tell(id, dry('lab-1', pool('us-west-2b')));
    await memoryOf(id);
    const runs = await eventually(async () => {
      const all = await runsOf(id);
      return all.length > 1 ? all : undefined;
    });

    for (const { runId } of runs) {
      const history = await eventually(() => decidedHistory(id, runId));
      await Worker.runReplayHistory({ workflowBundle: { codePath: sharedBundle() } }, history, id);
    }
  });

  it('refuses an input that it does not understand, with one line per mistake', async () => {
    const handle = await lab.start('capacity', { blocks: { 'pool:x': { strikes: 1 } }, region: 'us-west-2', told: -1 });

    const { type, message } = await failureOf(handle);

    expect(type).toBe('InvalidInput');
    expect(message.split('\n')).toEqual([
      'region: is unknown; known are blocks, told, ignored, continueAfter',
      'blocks.pool:x: must have untilMs, strikes, class, code and atMs',
      'told: must be a whole number',
    ]);
  });
});

describe('the client', () => {
  it('lists what each memory of a region holds, also when one of them does not answer', async () => {
    const region = uniqueId('zz-test');
    await tell(`capacity/1/${region}`, dry('lab-1', pool('us-west-2a')));
    await lab.client.workflow.start('capacity', {
      workflowId: `capacity/2/${region}`,
      taskQueue: 'nobody',
      args: [{}],
    });
    const { address, namespace } = sharedTemporal();
    const holdfast = await connect({ connection: { address }, namespace });
    try {
      const memories = await eventually(async () => {
        const all = await holdfast.capacity(region);
        return all.length === 2 ? all : undefined;
      });

      expect(memories[0]).toMatchObject({ account: '1', region, told: 1 });
      expect(Object.keys(memories[0]?.blocks ?? {})).toEqual([keyOf(pool('us-west-2a'))]);
      expect(memories[1]).toMatchObject({ account: '2', blocks: {}, problem: expect.any(String) });
    } finally {
      await holdfast.close();
    }
  });
});

describe('the name of a memory', () => {
  it('keeps what a simulator refuses apart from AWS', () => {
    const account = '123456789012';

    expect(capacityWorkflowId({ account, endpoint: '' }, 'us-west-2')).toBe('capacity/123456789012/us-west-2');
    expect(capacityWorkflowId({ account, endpoint: 'http://127.0.0.1:4566' }, 'us-west-2')).toBe(
      'capacity/123456789012@127.0.0.1:4566/us-west-2',
    );
  });
});

/** The history once a workflow task of the run is done: there is nothing to replay before that. */
async function decidedHistory(id: string, runId: string): Promise<History | undefined> {
  const history = await lab.client.workflow.getHandle(id, runId).fetchHistory();
  return history.events?.some((event) => event.workflowTaskCompletedEventAttributes != null) === true
    ? history
    : undefined;
}

async function runsOf(id: string): Promise<{ runId: string; status: string }[]> {
  const runs: { runId: string; status: string }[] = [];
  for await (const run of lab.client.workflow.list({ query: `WorkflowId = '${id}'` })) {
    runs.push({ runId: run.runId, status: run.status.name });
  }
  return runs;
}
