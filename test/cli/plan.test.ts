import type { ExperimentHandle, ExperimentPlan } from '../../src/client';
import { without } from '../policy/pools';
import { aHandle, runCli, type Ran } from './fake-context';

const aPlan: ExperimentPlan = {
  name: 'gpu-one',
  owner: 'ada',
  account: '123456789012',
  endpoint: '',
  leaseSeconds: 7200,
  components: [
    {
      component: 'broker',
      count: 3,
      standby: 1,
      region: 'us-west-2',
      tier: 'spot',
      market: 'spot',
      instanceType: 'm6i.large',
      alternatives: ['m6a.large', 'm5.large'],
      zones: ['us-west-2b', 'us-west-2a'],
      pools: ['us-west-2b/m6i.large/spot', 'us-west-2a/m6i.large/spot'],
      imageId: 'ami-1',
      quotaFamily: 'Standard',
      vcpus: 2,
      usdPerHour: 0.04,
      onDemandUsdPerHour: 0.1,
      why: ['left out, dearer than on-demand: us-west-2c/m6i.large/spot'],
    },
  ],
  usdPerHour: 0.16,
  onDemandUsdPerHour: 0.4,
  atLeaseEndUsd: 0.32,
  unpriced: [],
  quotas: [
    {
      ...{ region: 'us-west-2', market: 'spot', quotaFamily: 'Standard', code: 'L-34B43A08', vcpus: 8 },
      ...{ unread: 'could not be read: no permission', command: 'aws service-quotas get-service-quota' },
    },
  ],
  blocked: [
    {
      ...{ what: 'pool:us-west-2d/m6i.large/spot', class: 'capacity', code: 'InsufficientInstanceCapacity' },
      until: '2026-01-02T15:07:04.000Z',
    },
  ],
  notes: [],
  at: '2026-01-02T15:04:04.000Z',
  digest: '3f9a1c0b77de3f9a1c0b77de3f9a1c0b77de3f9a1c0b77de3f9a1c0b77de3f9a',
};
const refused: ExperimentPlan = {
  ...{ ...aPlan, components: [], quotas: [], usdPerHour: 0, onDemandUsdPerHour: 0, atLeaseEndUsd: 0 },
  refused: { reason: 'Quota', lines: ['Quota: 4 x m6i.large need 8 vCPU. Ask for 8 more'] },
};

function plan(answer: ExperimentPlan, args: string[] = [], asked: unknown[] = []): Promise<Ran> {
  const client = {
    plan: (spec: unknown) => {
      asked.push(spec);
      return Promise.resolve(answer);
    },
  };
  return runCli(['plan', '-f', 'examples/gpu-one.yaml', ...args], { client });
}

describe('plan', () => {
  it('shows what would be launched where, money, the quota, what is left alone, and the digest', async () => {
    const { code, out, err } = await plan(aPlan);

    expect(err).toEqual([]);
    expect(code).toBe(0);
    expect(out).toEqual([
      'gpu-one: 4 nodes in account 123456789012, lease 2h00m (nothing was made)',
      'COMPONENT  COUNT  TYPE          MARKET  REGION     ZONES  EACH $/H  $/H',
      'broker     3+1    m6i.large +2  spot    us-west-2  b a    $0.0400   $0.1600',
      '  broker: left out, dearer than on-demand: us-west-2c/m6i.large/spot',
      'total $0.1600/h now, $0.3200 at the end of the lease, 60 % less than on-demand at $0.4000/h',
      'quota 8 vCPU of L-34B43A08 (Standard, spot, us-west-2); its limit could not be read: no permission',
      '    look: aws service-quotas get-service-quota',
      'left alone pool:us-west-2d/m6i.large/spot: InsufficientInstanceCapacity, opens in 3m00s',
      'plan 3f9a1c0b77de',
      'next:  holdfast run --plan 3f9a1c0b77de with the same options starts this or nothing',
    ]);
  });

  it('asks for the same spec as run would start: files, --set, and the owner', async () => {
    const asked: unknown[] = [];

    await plan(aPlan, ['--set', 'lease=90m'], asked);

    expect(asked).toMatchObject([{ name: 'gpu-one', lease: '90m', owner: 'ada' }]);
  });

  it('gives a digest that run keeps to', async () => {
    const given: unknown[] = [];
    const start = (_spec: unknown, options: unknown): Promise<ExperimentHandle> => {
      given.push(options);
      return Promise.resolve(aHandle());
    };

    await runCli(['run', '-f', 'examples/gpu-one.yaml', '--plan', '3f9a1c0b77de', '--detach'], { client: { start } });

    expect(given).toEqual([{ plan: '3f9a1c0b77de' }]);
  });

  it('says which price is not known instead of counting it as nothing', async () => {
    const unpriced = aPlan.components.map((one) => without(one, 'usdPerHour', 'onDemandUsdPerHour'));

    const { out } = await plan({ ...aPlan, components: unpriced, unpriced: ['broker'] });

    expect(out.join('\n')).toMatch(/broker .* unknown/);
    expect(out.join('\n')).toMatch(/without broker: no price is published/);
  });

  it('prints the plan as JSON', async () => {
    const { out } = await plan(aPlan, ['-o', 'json']);

    expect(JSON.parse(out.join('\n'))).toEqual(aPlan);
  });

  it.each([[[]], [['-o', 'json']]])('exits with 3, the reason and the fix when it is refused %s', async (args) => {
    const { code, out, err } = await plan(refused, args);

    expect(code).toBe(3);
    expect(err).toEqual([
      'error: nothing would come of this now: Quota',
      '  Quota: 4 x m6i.large need 8 vCPU. Ask for 8 more',
      expect.stringMatching(/^next: {2}ask for the quota/),
    ]);
    expect(out.join('\n')).toMatch(/left alone|"blocked"/);
    expect(out.join('\n')).not.toMatch(/^plan 3f9a/m);
  });

  it('exits with 3 for a wrong spec before anybody is asked', async () => {
    const asked: unknown[] = [];

    const { code, err } = await plan(aPlan, ['--set', 'lease=soon'], asked);

    expect(code).toBe(3);
    expect(err.join('\n')).toContain('lease: is no duration');
    expect(asked).toEqual([]);
  });
});
