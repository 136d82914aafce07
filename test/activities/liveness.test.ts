/** Do checks that go on notice a dead service, and nothing else, at the price of one command per component and period? */
import { stepScript } from '../../src/policy/node-script';
import { attempts, startBench, type Activities, type Bench } from '../support/activity-bench';
import { bought } from '../support/bought';
import { eventually } from '../support/lab';

type Input = Parameters<Activities['checkNodes']>[0];
const REGION = 'us-west-2';

let bench: Bench;

beforeAll(async () => {
  const services = { 'app.service': { ports: [{ port: 8080 }] } };
  bench = await startBench({ scenario: { extends: 'quick', nodes: { default: { services } } } });
});
afterAll(() => bench.close());
beforeEach(() => bench.reset());

/** Nodes whose agents answer, with one unit and one endpoint to check. */
async function ready(counts: Record<string, number>, every = 0.1): Promise<Input> {
  const nodes = await Promise.all(Object.entries(counts).map(([name, count]) => bought(bench, name, count)));
  const ids = nodes.flat().map((node) => node.instanceId);
  await eventually(async () => {
    const online = await bench.cloud.commands(REGION).online(ids);
    return online.length === ids.length ? true : undefined;
  });
  const checks = { services: ['app.service'], health: [{ tcp: 8080 }], every, failures: 3 };
  const components = Object.fromEntries(Object.keys(counts).map((name) => [name, checks]));
  return { target: bench.target, nodes: nodes.flat(), components };
}

async function stopService(instanceId: string): Promise<void> {
  const script = stepScript({ token: 'stop', timeoutSeconds: 5, env: {}, script: 'systemctl stop app.service' });
  const commands = bench.cloud.commands(REGION);
  const commandId = await commands.send({ ids: [instanceId], script, timeoutSeconds: 5, comment: 'a test' });
  await eventually(async () => {
    const [answer] = await commands.invocations(commandId);
    return answer?.status === 'Success' ? true : undefined;
  });
}

async function sent(): Promise<number> {
  return (await bench.ledger()).calls.filter((call) => call.operation === 'SendCommand').length;
}

/** Tries until so many more commands were sent and answered; none of the tries may return. */
async function untilChecked(input: Input, count: number): Promise<{ beat: unknown; waits: string[] }> {
  const beats: unknown[] = [];
  const waits: string[] = [];
  const scheduledTimestampMs = Date.now() - 60_000;
  const commands = (await sent()) + count;
  await eventually(async () => {
    const info = { heartbeatDetails: beats.at(-1), scheduledTimestampMs };
    const waited = await bench.run('checkNodes', input, info, beats).catch((error: unknown) => error as Error);
    if (!(waited instanceof Error)) throw new Error(`returned ${JSON.stringify(waited)}`);
    waits.push(waited.message);
    const { open } = beats.at(-1) as { open: unknown[] };
    return open.length === 0 && (await sent()) >= commands ? true : undefined;
  });
  return { beat: beats.at(-1), waits };
}

describe('checkNodes', () => {
  it('sends one command per component and period, however many nodes and looks', async () => {
    const input = await ready({ zk: 3, app: 52 }, 60);

    const { waits } = await untilChecked(input, 3);

    expect(waits.length).toBeGreaterThan(1);
    expect(await sent()).toBe(3);
    expect(new Set(waits)).toEqual(new Set(['checking 55 nodes']));
  });

  it('returns a node whose service failed so many checks in a row, with what was seen', async () => {
    const input = await ready({ zk: 2, app: 1 });
    const lost = input.nodes[0]?.instanceId ?? '';
    await stopService(lost);

    const { value, waits } = await attempts(bench, 'checkNodes', input);

    expect(value.unhealthy).toMatchObject([
      { instanceId: lost, region: REGION, kind: 'unhealthy', source: 'checks', reason: 'NotReady' },
    ]);
    expect(value.unhealthy[0]?.seen).toBe('app.service inactive');
    expect(waits.at(-1)?.message).toBe(`checking 3 nodes; ${lost} failed 2 checks in a row`);
  });

  it('does not tell the same node again when it goes on with what it left', async () => {
    const input = await ready({ zk: 1 });
    await stopService(input.nodes[0]?.instanceId ?? '');
    const { value } = await attempts(bench, 'checkNodes', input);
    const { waits } = await untilChecked({ ...input, carry: value.carry }, 2);

    // More of them on a busy machine.
    expect(Number(/failed (\d+) checks in a row$/.exec(waits.at(-1) ?? '')?.[1])).toBeGreaterThanOrEqual(5);
  });

  it('leaves a host whose agent is silent to the watch over its state, and goes on with the others', async () => {
    const input = await ready({ zk: 2 }, 0.5);
    const [silent = '', other = ''] = input.nodes.map((node) => node.instanceId);
    await Promise.all([silent, other].map(stopService));
    await bench.control('impair', { instanceId: silent, agentLost: true });
    await eventually(async () => {
      const online = await bench.cloud.commands(REGION).online([silent]);
      return online.length === 0 ? true : undefined;
    });

    const { beat } = await untilChecked(input, 2);

    expect(Object.keys((beat as { streaks: object }).streaks)).toEqual([other]);
  });

  it('counts what a node answered, and not the time during which no worker asked', async () => {
    const input = await ready({ zk: 1 }, 0.5);
    await stopService(input.nodes[0]?.instanceId ?? '');
    const { beat } = await untilChecked(input, 1);
    // Four periods without a worker.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const before = await sent();
    const beats: unknown[] = [beat];
    await bench.run('checkNodes', input, { heartbeatDetails: beat }, beats).catch(() => undefined);

    const { streaks } = beats.at(-1) as { streaks: Record<string, { failures: number }> };
    expect(Object.values(streaks).map((streak) => streak.failures)).toEqual([1]);
    expect(await sent()).toBe(before + 1);
  });

  it('passes over a period in which a node went between two calls', async () => {
    const input = await ready({ zk: 2 });
    await bench.faults([{ operation: 'SendCommand', effect: { error: 'InvalidInstanceId', status: 400 }, times: 1 }]);

    const { beat } = await untilChecked(input, 3);

    expect((beat as { streaks: object }).streaks).toEqual({});
  });
});
