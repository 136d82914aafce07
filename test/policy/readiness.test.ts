/** Does the fold over observations move each node through its gates, and fail only those that were looked at too late? */
import fc from 'fast-check';
import type { NodeProgress } from '../../src/contracts/readiness';
import { advance, enter, waitsForOthers, type CascadeRules, type Observation } from '../../src/policy/readiness';

const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const limits = { ec2: 300, ssm: 300, setup: 300, service: 300, endpoint: 300, total: 900 };
const rules: CascadeRules = { dependsOn: [], limits, count: 1, minReady: 1, viaSsm: true };

function at(seconds: number): string {
  return new Date(T0 + seconds * 1000).toISOString();
}

function node(instanceId = 'i-1', component = 'broker'): NodeProgress {
  return enter({ slot: `${component}-0`, component, instanceId, region: 'us-west-2' }, at(0));
}

function seen(seconds: number, parts: Partial<Observation> = {}): Observation {
  return { at: at(seconds), instances: [], agents: { asked: [], online: {} }, reports: [], ...parts };
}

const running = [{ instanceId: 'i-1', state: 'running', privateIp: '10.0.0.5' }];
const online = { asked: ['i-1'], online: { 'i-1': '3.3' } };
const allPassed = (seconds: number): Observation['reports'] => [
  {
    instanceId: 'i-1',
    askedAt: at(seconds),
    gates: (['setup', 'service', 'endpoint'] as const).map((gate) => ({ gate, passed: true, seen: 'ok' })),
  },
];

function fold(observations: Observation[], table: Record<string, CascadeRules> = { broker: rules }, start = [node()]) {
  return observations.reduce<NodeProgress[]>((nodes, observation) => advance(nodes, observation, table), start);
}

describe('the readiness fold', () => {
  it('lets a node pass several gates in one observation and keeps the evidence of each', () => {
    const [result] = fold([
      seen(5, { instances: running, agents: online }),
      seen(9, { instances: running, reports: allPassed(6) }),
    ]);

    expect(result).toMatchObject({ at: 'ready', privateIp: '10.0.0.5' });
    expect(result?.evidence.map((entry) => [entry.gate, entry.passed])).toEqual([
      ['ec2', true],
      ['ssm', true],
      ['setup', true],
      ['service', true],
      ['endpoint', true],
    ]);
  });

  it('fails a node at the gate whose limit it missed, with what was seen last', () => {
    const [result] = fold([
      seen(5, { instances: running }),
      seen(200, { instances: running, agents: { asked: ['i-1'], online: {} } }),
      seen(306, { instances: running, agents: { asked: ['i-1'], online: {} } }),
    ]);

    expect(result?.at).toBe('failed');
    expect(result?.evidence.at(-1)).toMatchObject({
      gate: 'ssm',
      passed: false,
      seen: 'agent not registered with SSM',
    });
  });

  it('does not fail a healthy node after an outage longer than every limit', () => {
    const [result] = fold([
      seen(5, { instances: running }),
      seen(4000, { instances: running, agents: online }),
      seen(4005, { instances: running, reports: allPassed(4001) }),
    ]);

    expect(result?.at).toBe('ready');
  });

  it('does not judge a gate by a look that began before its deadline', () => {
    const late = [
      { instanceId: 'i-1', askedAt: at(290), gates: [{ gate: 'setup' as const, passed: false, seen: 'exit 1' }] },
    ];
    const [result] = fold([
      seen(5, { instances: running, agents: online }),
      seen(400, { instances: running, reports: late }),
    ]);

    expect(result?.at).toBe('setup');
  });

  it('fails a node whose setup script exited at once, without waiting for the limit', () => {
    const reports = [
      {
        instanceId: 'i-1',
        askedAt: at(6),
        gates: [{ gate: 'setup' as const, passed: false, seen: 'exited 3', final: true }],
      },
    ];
    const [result] = fold([seen(5, { instances: running, agents: online }), seen(8, { instances: running, reports })]);

    expect(result?.evidence.at(-1)).toMatchObject({ gate: 'setup', seen: 'exited 3' });
    expect(result?.at).toBe('failed');
  });

  it('fails a node that ended, whichever gate it is at, even when it was ready', () => {
    const ended = [{ instanceId: 'i-1', state: 'terminated', stateReason: 'Server.SpotInstanceTermination' }];
    const ready = fold([seen(5, { instances: running, agents: online, reports: allPassed(5) })]);
    const [result] = advance(ready, seen(60, { instances: ended }), { broker: rules });

    expect(ready[0]?.at).toBe('ready');
    expect(result?.at).toBe('failed');
    expect(result?.evidence.at(-1)?.seen).toBe('terminated (Server.SpotInstanceTermination)');
  });

  it('does not start the clock of setup before the dependencies are ready', () => {
    const table = { zk: rules, broker: { ...rules, dependsOn: ['zk'] } };
    const start = [node('i-1', 'broker'), node('i-2', 'zk')];
    const waiting = fold(
      [seen(5, { instances: running, agents: online }), seen(2000, { instances: running })],
      table,
      start,
    );

    expect(waitsForOthers(waiting[0] as NodeProgress, waiting, table)).toBe(true);
    expect(waiting[0]).toMatchObject({ at: 'setup', since: at(2000), waitedMs: 1_995_000 });
  });

  it('asks only for the ec2 gate when there is no instance profile', () => {
    const [result] = fold([seen(5, { instances: running })], { broker: { ...rules, viaSsm: false } });

    expect(result?.at).toBe('ready');
  });

  it('never moves a node backwards and never leaves failed, whatever is observed', () => {
    const order = ['ec2', 'ssm', 'setup', 'service', 'endpoint', 'ready', 'failed'];
    const observation = fc.record({
      state: fc.constantFrom('pending', 'running', 'terminated', undefined),
      agent: fc.boolean(),
      passed: fc.subarray(['setup', 'service', 'endpoint'] as const),
      seconds: fc.integer({ min: 1, max: 400 }),
    });
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 20 }), (steps) => {
        let clock = 0;
        let nodes = [node()];
        for (const step of steps) {
          clock += step.seconds;
          const before = order.indexOf(nodes[0]?.at ?? '');
          nodes = advance(
            nodes,
            seen(clock, {
              instances: step.state === undefined ? [] : [{ instanceId: 'i-1', state: step.state }],
              agents: { asked: ['i-1'], online: step.agent ? { 'i-1': '3' } : {} },
              reports: [
                {
                  instanceId: 'i-1',
                  askedAt: at(clock),
                  gates: step.passed.map((gate) => ({ gate, passed: true, seen: '' })),
                },
              ],
            }),
            { broker: rules },
          );
          expect(order.indexOf(nodes[0]?.at ?? '')).toBeGreaterThanOrEqual(before);
        }
      }),
    );
  });
});
