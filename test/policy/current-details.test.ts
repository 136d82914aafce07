/** Does the run page answer what, whose, why, how long and what broke? */
import type { ExperimentStatus } from '../../src/contracts/messages';
import { currentDetails } from '../../src/policy/current-details';

const status: ExperimentStatus = {
  experimentId: 'e1',
  name: 'lab',
  owner: 'ada',
  phase: 'Configuring',
  startedAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2026-01-01T12:00:00.000Z',
  nodes: [
    {
      slot: 'zk-0',
      component: 'zk',
      generation: 1,
      instanceId: 'i-1',
      instanceType: 't3.micro',
      region: 'us-west-2',
      zone: 'us-west-2a',
      market: 'spot',
    },
  ],
  spares: [],
  progress: [
    {
      slot: 'zk-0',
      component: 'zk',
      instanceId: 'i-1',
      region: 'us-west-2',
      at: 'ssm',
      since: '2026-01-01T00:00:00.000Z',
      startedAt: '2026-01-01T00:00:00.000Z',
      waitedMs: 0,
      evidence: [{ gate: 'ec2', passed: true, seen: 'running', at: '2026-01-01T00:00:05.000Z', afterMs: 5000 }],
    },
  ],
  desired: { zk: 3 },
  attempts: [
    {
      component: 'zk',
      region: 'us-west-2',
      tier: 'spot',
      market: 'spot',
      pools: ['us-west-2a/t3.micro/spot'],
      asked: 3,
      launched: 1,
      seconds: 0.5,
      at: '2026-01-01T00:00:00.000Z',
      refusals: [
        {
          pool: { region: 'us-west-2', zone: 'us-west-2a', instanceType: 't3.micro', market: 'spot' },
          code: 'InsufficientInstanceCapacity',
          message: 'none left',
          class: 'capacity',
          scope: 'pool',
        },
      ],
    },
  ],
  steps: [],
  interruptions: [],
  cost: { usdPerHour: 0.003, onDemandUsdPerHour: 0.01, spentUsd: 0.5, atExpiryUsd: 1, at: '2026-01-01T00:00:00.000Z' },
  timeline: Array.from({ length: 8 }, (_, index) => ({
    seq: index + 1,
    at: `2026-01-01T00:00:0${String(index)}.000Z`,
    text: `event ${String(index)}`,
  })),
  reached: {},
};

describe('current details', () => {
  const text = currentDetails(status, ['[Cleanup](/x)']);

  it('come in the promised order', () => {
    const order = [
      '**Configuring**',
      '**Lease** until 2026-01-01T12:00',
      '**Cost**',
      '| zk | 3 | 1 | 0 |',
      '**Last events**',
      '**Attempts**',
      '[Cleanup]',
    ];
    const places = order.map((part) => text.indexOf(part));

    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('warn above the table as long as it runs, and no longer', () => {
    const warned = currentDetails(status, [], 'No acting reaper.');

    expect(warned.indexOf('No acting reaper.')).toBeLessThan(warned.indexOf('| zk |'));
    expect(warned).toContain('No acting reaper.');
    expect(currentDetails({ ...status, phase: 'Done' }, [], 'No acting reaper.')).not.toContain('reaper');
  });

  it('show the last five events only', () => {
    expect(text).not.toContain('event 2');
    expect(text).toContain('event 7');
  });

  it('name refusals by code', () => {
    expect(text).toContain('zk us-west-2 spot: 1 of 3 from 1 pools in 0.5 s; refused InsufficientInstanceCapacity x1');
  });

  it('hold no dollar sign, which the UI would typeset as a formula', () => {
    expect(text).not.toContain('$');
    expect(text).toContain('70 % below on-demand');
  });
});
