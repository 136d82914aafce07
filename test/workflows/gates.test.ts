/** Does every gate hold back what is not ready, say why, replace what missed it, and keep the order of components? */
import type { WorkflowHandle } from '@temporalio/client';
import type { ExperimentResult, ExperimentStatus } from '../../src/contracts/messages';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { startLab, type Lab } from '../support/lab';
import { expectNoTrace, failureOf, instancesOf, reaches, resultOf } from '../support/outcomes';

type Components = ExperimentInput['components'];

let lab: Lab;

/** Components tell the nodes of all experiments apart: each name has one way to behave. */
beforeAll(async () => {
  const broken = { services: { 'app.service': { fails: true } } };
  lab = await startLab({
    simulator: {
      scenario: {
        extends: 'quick',
        launchFailures: [
          { region: '*', zone: '*', type: 't3.nano', market: '*', code: 'Server.InternalError' },
          { region: '*', zone: '*', type: 't3a.nano', market: '*', code: 'Server.InternalError', times: 1 },
        ],
        nodes: {
          default: {},
          components: {
            mute: { agentNever: true },
            unset: { steps: [{ match: 'exit 7', exitCode: 7, stderr: 'no such file' }] },
            dead: broken,
            deaf: {
              services: {
                'app.service': { ports: [] },
                'other.service': { autostart: false, ports: [{ port: 8080 }] },
              },
            },
          },
          overrides: [
            { component: 'lame', ordinal: 1, script: broken },
            { component: 'spare', ordinal: 0, script: broken },
          ],
        },
      },
    },
  });
});

afterAll(async () => {
  await lab.close();
});

const limits = { ec2: '30s', ssm: '2s', setup: '5s', service: '1s', endpoint: '1s', total: '60s' };

/** One component of two nodes that nobody replaces; every wait is short. */
function spec(components: Components, over: Partial<ExperimentInput> = {}): ExperimentInput {
  const base = { name: 'gates', lease: '10m', poll: '100ms', settle: '300ms', instanceProfile: 'holdfast-node' };
  return { ...base, regions: ['us-west-2'], components, ...over };
}

function start(components: Components, over: Partial<ExperimentInput> = {}): Promise<WorkflowHandle> {
  return lab.start('experiment', spec(components, over));
}

describe('a gate that is missed', () => {
  const strict = { count: 2, replacements: 0, limits };
  const app = { services: ['app.service'] };
  const cases: [gate: string, component: string, part: Components[string], evidence: RegExp][] = [
    ['ec2', 'doomed', { instanceTypes: ['t3.nano'] }, /Server\.InternalError/],
    ['ssm', 'mute', {}, /agent not registered with SSM/],
    ['setup', 'unset', { setup: 'exit 7' }, /the setup script exited 7/],
    ['service', 'dead', app, /app\.service failed/],
    ['endpoint', 'deaf', { ...app, health: [{ tcp: 8080 }] }, /tcp 8080 Connection refused/],
  ];
  let handles: Map<string, WorkflowHandle>;

  beforeAll(async () => {
    const all = cases.map(
      async ([gate, name, part]) => [gate, await start({ [name]: { ...strict, ...part } })] as const,
    );
    handles = new Map(await Promise.all(all));
  });

  it.each(cases)('%s: names gate, node and evidence of %s', async (gate, component, _part, evidence) => {
    const { type, message, details } = await failureOf(handles.get(gate)!);

    expect(type).toBe('GateFailed');
    const [, slot, id, named, seen] =
      /^(\S+) \((i-[0-9a-f]+)\) missed gate (\w+) after \d+ s: (.*); /.exec(message) ?? [];
    expect([slot?.replace(/-\d$/, ''), named]).toEqual([component, gate]);
    expect(seen).toMatch(evidence);
    expect(details).toMatchObject({ phase: 'Failed', reason: 'NotReady', certificate: { verdict: 'clean' } });
    const ids = instancesOf(await lab.ledger(), details.experimentId).map((one) => one.id);
    expect(ids).toHaveLength(2);
    expect(ids).toContain(id);
    await expectNoTrace(lab, details.experimentId);
  });
});

describe('a node that misses a gate', () => {
  const app = { services: ['app.service'], limits };
  const parts = {
    spare: { count: 2, ...app },
    frail: { count: 2, instanceTypes: ['t3a.nano'], limits },
    lame: { count: 3, minReady: 2, replacements: 0, ...app },
    dead: { count: 1, replacements: 2, ...app },
  } satisfies Components;
  let handles: Record<string, WorkflowHandle>;

  beforeAll(async () => {
    const all = Object.entries(parts).map(async ([name, part]) => [name, await start({ [name]: part })] as const);
    handles = Object.fromEntries(await Promise.all(all));
  });

  /** Stops it once it is ready; what it was like then, and its result. */
  async function lived(name: keyof typeof parts): Promise<{ status: ExperimentStatus; result: ExperimentResult }> {
    const status = await reaches(handles[name]!, 'Ready');
    await handles[name]!.executeUpdate('stop');
    return { status, result: await resultOf(handles[name]!) };
  }

  it('is ended and replaced, and its slot goes to the next generation', async () => {
    const { status, result } = await lived('spare');

    const generations = result.nodes.map((node) => [node.slot, node.generation]).sort();
    expect(generations).toHaveLength(3);
    const replaced = generations.find(([, generation]) => generation === 2)?.[0];
    expect(generations.filter(([slot]) => slot === replaced)).toEqual([
      [replaced, 1],
      [replaced, 2],
    ]);
    expect(status.nodes.map((node) => node.slot).sort()).toEqual(['spare-0', 'spare-1']);
    expect(result.attempts.map((attempt) => attempt.asked)).toEqual([2, 1]);
    const instances = instancesOf(await lab.ledger(), result.experimentId);
    expect(instances).toHaveLength(3);
    // The node that never got ready was ended before teardown ended the others.
    const [first, ...others] = instances.map((one) => one.endedAt ?? Infinity).sort((a, b) => a - b);
    expect(first).toBeLessThan(Math.min(...others));
    await expectNoTrace(lab, result.experimentId);
  });

  it('is replaced as well when it died while pending', async () => {
    const { result } = await lived('frail');

    expect(result.nodes.filter((node) => node.generation === 2)).toHaveLength(1);
    expect(instancesOf(await lab.ledger(), result.experimentId)).toHaveLength(3);
    await expectNoTrace(lab, result.experimentId);
  });

  it('is done without when minReady are left', async () => {
    const { status, result } = await lived('lame');

    expect(status.progress.map((node) => node.at)).toEqual(['ready', 'ready']);
    const told = status.timeline.map((entry) => entry.text).join('\n');
    expect(told).toMatch(/missed gate service .*app\.service failed, not replaced/);
    expect(instancesOf(await lab.ledger(), result.experimentId)).toHaveLength(3);
    await expectNoTrace(lab, result.experimentId);
  });

  it('is replaced as often as allowed and no more', async () => {
    const { type, details } = await failureOf(handles['dead']!);

    expect(type).toBe('GateFailed');
    expect(instancesOf(await lab.ledger(), details.experimentId)).toHaveLength(3);
    await expectNoTrace(lab, details.experimentId);
  });
});

describe('components that depend on others', () => {
  it('are not touched before those are ready', async () => {
    const part = { count: 2, setup: 'true', services: ['app.service'] };
    const chain = ['first', 'second', 'third'];
    const components = Object.fromEntries(
      chain.map((name, index) => [name, { ...part, dependsOn: chain.slice(Math.max(0, index - 1), index) }]),
    );
    const handle = await start(components, { steps: [{ name: 'work', on: chain, run: 'true' }] });

    const result = await resultOf(handle);

    const { resources } = await lab.ledger();
    // When each component's setup began, and when the last of its machines had its service up, by the drawn delay.
    const times = chain.map((name) => {
      const ids = result.nodes.filter((node) => node.component === name).map((node) => node.instanceId);
      const setups = resources.filter((one) => one.type === 'step' && ids.some((id) => one.id === `step-${id}-setup`));
      const machines = resources.filter((one) => ids.includes(one.id));
      expect(setups.map((one) => one.starts)).toEqual([1, 1]);
      return {
        began: Math.min(...setups.map((one) => one.createdAt)),
        done: Math.max(...setups.map((one) => one.endedAt ?? Infinity)),
        up: Math.max(...machines.map((one) => one.createdAt)),
      };
    });
    expect(times[1]?.began).toBeGreaterThan(times[0]?.done ?? Infinity);
    expect(times[2]?.began).toBeGreaterThan(times[1]?.done ?? Infinity);
    // The machines themselves were all bought at once: only what runs on them waits.
    expect(Math.max(...times.map((one) => one.up))).toBeLessThan(times[0]?.began ?? 0);
    await expectNoTrace(lab, handle.workflowId);
  });
});
