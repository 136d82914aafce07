/** Is a step started once whatever happens to the worker, and does its output come home whole? */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { attempts, startBench, type Activities, type Bench } from '../support/activity-bench';

type StepInput = Parameters<Activities['runStep']>[0];
type CollectInput = Parameters<Activities['collectStep']>[0];
const REGION = 'us-west-2';
const IMAGE = '/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id';
/** Hardly compressible, so that it takes several slices of 18 KB to bring home. */
const LONG = Array.from({ length: 12_000 }, (_, index) => Math.imul(index + 1, 2_654_435_761) >>> 0).join('\n');

let bench: Bench;

beforeAll(async () => {
  const steps = [
    { match: 'long', stdout: LONG, result: '{"lines":12000}', seconds: 0.1 },
    { match: 'fail', exitCode: 9, stderr: 'no' },
    { match: 'endless', seconds: 600 },
  ];
  bench = await startBench({ scenario: { extends: 'quick', nodes: { default: { steps } } } });
});

afterAll(async () => {
  await bench.close();
});

beforeEach(() => bench.reset());
afterEach(() => bench.faults([]));

/** Nodes whose agents answer. */
async function online(count: number): Promise<string[]> {
  const compute = bench.cloud.compute(REGION);
  const subnets = await compute.subnets(undefined);
  const imageId = (await compute.image({ ssmParameter: IMAGE }, 'x86_64')) ?? '';
  const tags = { ExperimentID: 'exp-1', ManagedBy: 'holdfast', Component: 'box' };
  await compute.ensureTemplate({
    name: 'holdfast-box',
    securityGroupIds: [],
    volumes: [],
    tags,
    instanceProfile: 'node',
  });
  const { nodes } = await compute.fleet({
    templateName: 'holdfast-box',
    market: 'spot',
    allocation: 'price-capacity-optimized',
    pools: subnets.map(({ zone, subnetId }) => ({ zone, subnetId, instanceType: 't3.micro', imageId })),
    count,
    clientToken: 'box',
    tags: { ...tags, LaunchID: 'box' },
  });
  const ids = nodes.map((node) => node.instanceId);
  while ((await bench.cloud.commands(REGION).online(ids)).length < count);
  return ids;
}

function stepInput(ids: string[], run: string): StepInput {
  const step = {
    name: 'work',
    on: ['box'],
    run,
    env: {},
    timeout: 60,
    onDisturbed: 'keep' as const,
    result: { json: 'result.json' },
  };
  const peers = ids.map((instanceId, index) => ({ instanceId, slot: `box-${index}`, component: 'box' }));
  return {
    target: bench.target,
    experimentId: 'exp-1',
    region: REGION,
    step,
    token: 'token-1',
    ids,
    peers,
    pollMs: 100,
  };
}

function exitCode(end: Awaited<ReturnType<Activities['runStep']>>[number]): number | string {
  return 'report' in end ? end.report.exitCode : end.lost;
}

async function starts(): Promise<(number | undefined)[]> {
  return (await bench.ledger()).resources.filter((one) => one.type === 'step').map((one) => one.starts);
}

async function sent(): Promise<number> {
  return (await bench.ledger()).calls.filter((call) => call.operation === 'SendCommand').length;
}

describe('runStep', () => {
  it('sends once, waits by retrying, and answers with every node', async () => {
    const ids = await online(3);

    const { value, waits } = await attempts(bench, 'runStep', stepInput(ids, 'fail'));

    expect(value.map((end) => [end.instanceId, exitCode(end)]).sort()).toEqual(ids.map((id) => [id, 9]).sort());
    expect(waits.length).toBeGreaterThan(0);
    expect(waits[0]?.message).toMatch(/^work: ended on \d of 3 nodes$/);
    expect(await sent()).toBe(1);
    expect(await starts()).toEqual([1, 1, 1]);
  });

  it('sends again when the worker died with what it knew, and the step still starts once', async () => {
    const input = stepInput(await online(2), 'long');
    await expect(bench.run('runStep', input)).rejects.toMatchObject({ type: 'NotReady' });

    const { value } = await attempts(bench, 'runStep', input);

    expect(value.map(exitCode)).toEqual([0, 0]);
    expect(await sent()).toBe(2);
    expect(await starts()).toEqual([1, 1]);
  });

  it('beats with what it sent before it looks, so that the next attempt does not send', async () => {
    const input = stepInput(await online(1), 'long');
    const beats: unknown[] = [];
    await bench.faults([
      { operation: 'ListCommandInvocations', effect: { error: 'InternalServerError', status: 500 } },
    ]);

    await expect(bench.run('runStep', input, {}, beats)).rejects.toMatchObject({ type: 'ServiceUnavailable' });

    expect(beats.at(-1)).toMatchObject({ open: [{ ids: input.ids }], ends: [] });
  });

  it('answers at once for a node that was gone before it could be sent anything, and runs on the others', async () => {
    const [gone = '', ...others] = await online(3);
    await bench.cloud.compute(REGION).terminate([gone]);

    const { value } = await attempts(bench, 'runStep', stepInput([gone, ...others], 'short'));

    expect(value.filter((end) => 'lost' in end).map((end) => end.instanceId)).toEqual([gone]);
    expect(
      value
        .filter((end) => 'report' in end)
        .map((end) => end.instanceId)
        .sort(),
    ).toEqual(others.sort());
  });
});

/** The step's end on every node, as `collectStep` takes it. */
async function ended(input: StepInput): Promise<CollectInput> {
  const { value } = await attempts(bench, 'runStep', input);
  const ends = value.flatMap((end) => {
    const slot = input.peers.find((peer) => peer.instanceId === end.instanceId)?.slot ?? '';
    return 'report' in end ? [{ ...end, slot }] : [];
  });
  const { target, experimentId, region, step, token } = input;
  return { target, experimentId, region, step, token, ends, seconds: 1, resultBytes: 65_536 };
}

function content(url: string | undefined): string {
  return readFileSync((url ?? '').replace('file://', ''), 'utf8');
}

describe('collectStep', () => {
  it('brings home all output of any length, and the declared result', async () => {
    expect(gzipSync(LONG).byteLength).toBeGreaterThan(40_000);
    const input = await ended(stepInput(await online(2), 'long'));

    const { outcomes, lost } = await bench.run('collectStep', input);

    expect(lost).toEqual([]);
    expect(outcomes.map(({ slot }) => slot).sort()).toEqual(['box-0', 'box-1']);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ name: 'work', exitCode: 0, result: { lines: 12_000 } });
      expect(content(outcome.outputs.stdout)).toBe(LONG);
      expect(content(outcome.outputs.stderr)).toBe('');
    }
  });

  it('asks no more often for many nodes than for one when they said little', async () => {
    const input = await ended(stepInput(await online(12), 'fail'));
    const before = await sent();

    const { outcomes } = await bench.run('collectStep', input);

    expect(outcomes.map(({ outputs }) => content(outputs.stderr).trim())).toEqual(Array(12).fill('no'));
    expect((await sent()) - before).toBe(2); // stdout and stderr; there is no result file
    const { calls } = await bench.ledger();
    expect(calls.filter((call) => call.operation === 'GetCommandInvocation')).toEqual([]);
  });

  it('keeps a result that is too large for a history, and says so', async () => {
    const input = await ended(stepInput(await online(1), 'long'));

    const { outcomes } = await bench.run('collectStep', { ...input, resultBytes: 5 });

    expect(outcomes).toMatchObject([{ resultProblem: '15 bytes: kept in the result store only' }]);
    expect(outcomes[0]?.result).toBeUndefined();
    expect(content(outcomes[0]?.outputs.result)).toBe('{"lines":12000}');
  });

  it('answers nodes as lost that ended before their output was home, and brings the others', async () => {
    const ids = await online(2);
    const input = await ended(stepInput(ids, 'long'));
    await bench.cloud.compute(REGION).terminate(ids.slice(0, 1));

    const { outcomes, lost } = await bench.run('collectStep', input);

    expect(lost).toEqual([{ instanceId: ids[0], lost: expect.stringContaining('Client.UserInitiatedShutdown') }]);
    expect(outcomes.map((outcome) => content(outcome.outputs.stdout))).toEqual([LONG]);
  });
});

describe('killStep', () => {
  it('ends the step on its nodes and passes over nodes that are gone', async () => {
    const ids = await online(2);
    const input = stepInput(ids, 'endless');
    await expect(bench.run('runStep', input)).rejects.toMatchObject({ type: 'NotReady' });
    await bench.cloud.compute(REGION).terminate(ids.slice(0, 1));

    const { target, region, token } = input;
    await bench.run('killStep', { target, region, token, ids });
    const [, alive] = ids;
    const { value } = await attempts(bench, 'runStep', { ...input, ids: [alive!] });

    expect(value).toMatchObject([{ instanceId: alive, report: { exitCode: 143 } }]);
  });
});
