/** Does one look at all nodes cost little, wait by retrying, and go on where the look before stopped? */
import { parseExperiment } from '../../src/schemas/parse';
import { attempts, startBench, type Activities, type Bench } from '../support/activity-bench';
import { bought } from '../support/bought';
import { smallSpec } from '../support/specs';

type ObserveInput = Parameters<Activities['observeNodes']>[0];

let bench: Bench;

beforeAll(async () => {
  const components = {
    broken: { services: { 'never.service': { fails: true } } },
    slow: { services: { 'app.service': { delay: [900, 900] as [number, number] } } },
  };
  bench = await startBench({ scenario: { extends: 'quick', nodes: { components } } });
});

afterAll(async () => {
  await bench.close();
});

beforeEach(() => bench.reset());

function checks(dependsOn: string[] = [], part: Partial<ObserveInput['components'][string]> = {}) {
  const parsed = parseExperiment(smallSpec());
  const limits = parsed.ok ? parsed.value.components['zk']?.limits : undefined;
  if (limits === undefined) throw new Error('the small spec is right');
  return { dependsOn, limits, count: 2, minReady: 2, viaSsm: true, services: ['app.service'], health: [], ...part };
}

async function observing(components: ObserveInput['components']): Promise<ObserveInput> {
  const nodes = await Promise.all(Object.keys(components).map((name) => bought(bench, name, 2)));
  return {
    target: bench.target,
    experimentId: 'exp-1',
    nodes: nodes.flat(),
    asked: [],
    components,
    pollMs: 50,
    reportMs: 10_000,
  };
}

async function calls(operation: string): Promise<number> {
  return (await bench.ledger()).calls.filter((call) => call.operation === operation).length;
}

describe('observeNodes', () => {
  it('waits by failing benignly with the pause it wants, and says how far it got', async () => {
    const input = await observing({ app: checks() });

    const {
      value: { nodes: value },
      waits,
    } = await attempts(bench, 'observeNodes', input);

    expect(value.map((node) => node.at)).toEqual(['ready', 'ready']);
    expect(waits.length).toBeGreaterThan(0);
    for (const { pauseMs } of waits) expect(pauseMs).toBeLessThanOrEqual(50);
    expect(waits[0]?.message).toMatch(/^0 of 2 nodes ready; app-\d at /);
  });

  it('asks each machine once however many looks it takes, and EC2 seldom once the agents answer', async () => {
    const input = await observing({ slow: checks() });

    const { waits } = await attempts(bench, 'observeNodes', input);

    expect(waits.length).toBeGreaterThan(5);
    expect(await calls('SendCommand')).toBeLessThanOrEqual(2);
    expect(await calls('DescribeInstances')).toBeLessThan(waits.length / 2);
  });

  it('gives every passed gate its evidence', async () => {
    const input = await observing({ app: checks([], { health: [{ tcp: 8080 }] }) });

    const {
      value: { nodes: value },
    } = await attempts(bench, 'observeNodes', input);

    const seen = value[0]?.evidence.map((entry) => [entry.gate, entry.passed, entry.seen.replace(/\d+(\.\d+)+/, 'V')]);
    expect(seen).toEqual([
      ['ec2', true, 'running'],
      ['ssm', true, 'agent V online'],
      ['setup', true, 'nothing to set up'],
      ['service', true, 'app.service active'],
      ['endpoint', true, 'tcp 8080 open'],
    ]);
  });

  it('returns as soon as a component is complete, while another still waits for it', async () => {
    const input = await observing({ base: checks(), top: checks(['base']) });

    const {
      value: { nodes: value },
    } = await attempts(bench, 'observeNodes', input);

    const at = (component: string): string[] =>
      value.filter((node) => node.component === component).map((node) => node.at);
    expect(at('base')).toEqual(['ready', 'ready']);
    expect(at('top')).not.toContain('ready');
  });

  it('returns when a node failed, with the gate and what was seen there', async () => {
    const { limits } = checks();
    const short = { ...limits, service: 1, endpoint: 1 };
    const input = await observing({ broken: checks([], { services: ['never.service'], limits: short }) });

    const {
      value: { nodes: value },
    } = await attempts(bench, 'observeNodes', input);

    const failed = value.find((node) => node.at === 'failed');
    expect(failed?.evidence.at(-1)).toMatchObject({ gate: 'service', passed: false, seen: 'never.service failed' });
  });

  it('asks anew, and does no harm, when the worker that asked is gone with what it knew', async () => {
    const input = await observing({ app: checks([], { setup: 'true' }) });
    const beats: unknown[] = [];
    // The attempts after these get no beat of theirs: what a killed worker leaves.
    const before = await untilSent(input, beats);

    const {
      value: { nodes: value },
    } = await attempts(bench, 'observeNodes', input);

    expect(value.map((node) => node.at)).toEqual(['ready', 'ready']);
    expect(await calls('SendCommand')).toBeGreaterThan(before);
    const steps = (await bench.ledger()).resources.filter((one) => one.type === 'step');
    expect(steps.map((one) => one.starts)).toEqual([1, 1]);
  });
});

/** Looks until a command was sent. */
async function untilSent(input: ObserveInput, beats: unknown[]): Promise<number> {
  for (;;) {
    await bench.run('observeNodes', input, { heartbeatDetails: beats.at(-1) }, beats).catch(() => undefined);
    const sent = await calls('SendCommand');
    if (sent > 0) return sent;
  }
}
