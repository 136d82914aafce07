/** Does capacity over time do what scenarios say: outages, drains, prices, hints, recorded traces, losses by chance? */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScenarioPatch } from '../../src/simulator';
import { loadScenario } from '../../src/simulator/scenario-load';
import type { LossPlan } from '../../src/simulator/scenario-weather';
import { clockwork, type Clockwork } from './clockwork';

let sim: Clockwork;
afterEach(() => sim.stop());

const taken = (): string[] => sim.ledger().interruptions.map(({ instanceId }) => instanceId);
const causes = (): string[] => sim.ledger().interruptions.map(({ by, reason }) => `${by} ${reason}`);
const hints = (): number => JSON.stringify(sim.read('events')).split('Rebalance Recommendation').length - 1;

describe('an outage', () => {
  it('takes a whole zone after a while, and gives no machines there until it ends', async () => {
    sim = clockwork({ weather: [{ kind: 'outage', zone: 'us-west-2a', at: 60, seconds: 600 }] });
    const lost = [...(await sim.launch(3)), ...(await sim.launch(2, { type: 't3a.small' }))];
    await sim.launch(2, { zone: 'us-west-2b' });
    await sim.launch(1, { market: 'on-demand' });
    sim.pass(59);
    expect(taken()).toEqual([]);
    sim.pass(1);
    expect(taken().sort()).toEqual(lost.sort());
    expect(causes()[0]).toBe('weather no-capacity');
    await expect(sim.launch(1)).rejects.toThrow('no Spot capacity');
    await sim.launch(1, { market: 'on-demand' });
    sim.pass(600);
    await sim.launch(1);
  });

  it('can take a share, spread over seconds, with a notice of its own', async () => {
    sim = clockwork();
    await sim.launch(10);
    sim.control('weather', { kind: 'outage', type: 't3.*', share: 0.5, spreadSeconds: 60, noticeSeconds: 5 });
    sim.pass(200);
    const { interruptions } = sim.ledger();
    expect(interruptions).toHaveLength(5);
    expect(new Set(interruptions.map(({ noticeAt }) => noticeAt)).size).toBeGreaterThan(1);
    for (const { noticeAt, endsAt } of interruptions) expect(endsAt - noticeAt).toBe(5000);
  });
});

describe('a drain', () => {
  it('leaves what runs, and lets nothing new in', async () => {
    sim = clockwork({ weather: [{ kind: 'drain', zone: 'us-west-2a', at: 10, capacity: 3 }] });
    await sim.launch(2);
    sim.pass(10);
    await sim.launch(1);
    await expect(sim.launch(1)).rejects.toThrow('no Spot capacity');
    sim.pass(1000);
    expect(taken()).toEqual([]);
  });

  it('at 0 holds for the first launch as well', async () => {
    sim = clockwork({ weather: [{ kind: 'drain', seconds: 60 }] });
    await expect(sim.launch(1)).rejects.toThrow('no Spot capacity');
    await sim.launch(1, { market: 'on-demand' });
    sim.pass(60);
    await sim.launch(1);
  });
});

describe('a price', () => {
  const history = async (): Promise<number[]> => {
    const { SpotPriceHistory } = await sim.call('DescribeSpotPriceHistory', {
      InstanceTypes: ['t3.small'],
      AvailabilityZone: 'us-west-2a',
      StartTime: new Date(Date.now() - 1000),
    });
    return (SpotPriceHistory as { SpotPrice: string }[]).map(({ SpotPrice }) => Number(SpotPrice));
  };

  it('rises and falls in the history, and stays at or under on-demand', async () => {
    sim = clockwork({ weather: [{ kind: 'price', at: 60, seconds: 60, factor: 2, zone: 'us-west-2a' }] });
    await sim.launch(1);
    const [before = 0] = await history();
    sim.pass(60);
    expect((await history())[0]).toBeCloseTo(2 * before, 5);
    sim.pass(60);
    expect((await history())[0]).toBe(before);
    sim.control('weather', { kind: 'price', factor: 100 });
    expect((await history())[0]).toBe(0.0208);
  });

  it('takes the machines whose maximum it passes, and no others', async () => {
    sim = clockwork();
    const price = (await history())[0] ?? 0;
    const [cheap] = await sim.launch(1, {
      input: { InstanceMarketOptions: { MarketType: 'spot', SpotOptions: { MaxPrice: String(price * 1.5) } } },
    });
    await sim.launch(2);
    sim.control('weather', { kind: 'price', factor: 2 });
    sim.pass(0);
    expect([taken(), causes()]).toEqual([[cheap], ['price by-price']]);
  });
});

it('hints of a pool are events and nothing more', async () => {
  sim = clockwork({ weather: [{ kind: 'rebalance', type: 't3.small', at: 5 }] });
  await sim.launch(3);
  await sim.launch(1, { type: 't3a.small' });
  sim.pass(1000);
  expect([hints(), taken()]).toEqual([3, []]);
});

describe('a recorded trace', () => {
  const recording = (data: number[]) => ({ metadata: { gap_seconds: 100 }, data });

  it('takes the youngest back with notice as its count falls, and capacity follows', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trace-'));
    writeFileSync(join(folder, 'zone-a.json'), JSON.stringify(recording([4, 4, 1, 3])));
    writeFileSync(join(folder, 'scenario.yaml'), 'traces: [{ zone: us-west-2a, type: t3.small, path: zone-a.json }]\n');
    sim = clockwork(loadScenario(join(folder, 'scenario.yaml')));
    rmSync(folder, { recursive: true });
    const ids = await sim.launch(3);
    sim.pass(50);
    ids.push(...(await sim.launch(1)));
    await expect(sim.launch(1)).rejects.toThrow('no Spot capacity');
    await sim.launch(5, { zone: 'us-west-2b' });
    sim.pass(149);
    expect(taken()).toEqual([]);
    sim.pass(1);
    expect(taken()).toEqual([ids[3], ids[2], ids[1]]);
    expect(causes()[0]).toBe('trace no-capacity');
    sim.pass(99);
    await expect(sim.launch(1)).rejects.toThrow('no Spot capacity');
    sim.pass(60);
    await sim.launch(2);
    await expect(sim.launch(1)).rejects.toThrow('no Spot capacity');
  });

  it('plays faster, from a later start, with more machines per recorded one', async () => {
    const rule = { speed: 10, startSeconds: 100, scale: 2, noticeSeconds: 1 };
    sim = clockwork({ traces: [{ ...rule, trace: recording([0, 2, 1]) }] });
    await sim.launch(4);
    sim.pass(9.9);
    expect(taken()).toHaveLength(0);
    sim.pass(0.1);
    expect(taken()).toHaveLength(2);
  });

  it('applies to each pool by itself', async () => {
    sim = clockwork({ traces: [{ trace: recording([2, 1]) }] });
    await sim.launch(2);
    await sim.launch(2, { zone: 'us-west-2b' });
    sim.pass(100);
    expect(taken()).toHaveLength(2);
  });
});

describe('a bad scenario', () => {
  it.each<[ScenarioPatch, string]>([
    [
      { weather: [{ kind: 'hail' }] as never },
      'Scenario: weather[0]: kind must be one of drain, outage, price, rebalance, got "hail"',
    ],
    [
      { weather: [{ kind: 'drain' }, { kind: 'drain', zoen: 'a' }] as never },
      "Scenario: weather[1]: unknown field 'zoen'",
    ],
    [
      { losses: [{}] as never },
      'Scenario: losses[0]: fromSeconds must be a number of seconds, 0 or more, got undefined',
    ],
    [{ traces: [{ zone: 'a' }] }, 'Scenario: traces[0]: needs a path, or the recording itself as trace'],
    [{ traces: [{ path: '/nowhere.json' }] }, 'Scenario: traces[0]: /nowhere.json cannot be read'],
    [{ traces: [{ trace: { metadata: {}, data: [1] } as never }] }, 'gap_seconds is undefined'],
    [{ traces: [{ trace: { metadata: { gap_seconds: 1 }, data: [1, -1] } }] }, 'data[1] is -1'],
    [{ traces: [{ trace: { metadata: { gap_seconds: 1 }, data: [] } }] }, 'data is empty'],
  ])('%j is refused with one line', (patch, line) => {
    sim = clockwork();
    expect(() => loadScenario(patch)).toThrow(line);
    expect(sim.refusal('scenario', patch)).toMatch(/^400 Scenario: [^\n]+$/);
  });
});

describe('losses by chance', () => {
  /** What an afternoon of 40 machines in four pools looks like, from its start. */
  async function afternoon(patch: ScenarioPatch) {
    sim = clockwork({ extends: 'bad-afternoon', ...patch });
    for (const zone of ['us-west-2a', 'us-west-2b'])
      for (const type of ['t3.small', 't3a.small']) await sim.launch(10, { zone, type });
    const start = Date.now();
    sim.pass(6 * 3600);
    const losses = sim.ledger().interruptions.map(({ instanceId, noticeAt }) => ({ instanceId, at: noticeAt - start }));
    const hinted = hints();
    sim.stop();
    return { losses, hinted };
  }

  const [plan] = loadScenario('bad-afternoon').losses;
  const only = (more: Partial<LossPlan>): ScenarioPatch => ({ losses: [{ ...(plan as LossPlan), ...more }] });

  it('are the same for the same seed, and others for another', async () => {
    const first = await afternoon({ seed: 3 });
    expect(await afternoon({ seed: 3 })).toEqual(first);
    expect((await afternoon({ seed: 4 })).losses.map(({ at }) => at)).not.toEqual(first.losses.map(({ at }) => at));
    expect(first.losses.length).toBeGreaterThan(10);
    expect(first.hinted).toBeGreaterThan(0);
  });

  it('fall within their window, one by one, at their pace', async () => {
    const alone = { poolChance: 0, zoneChance: 0, hintChance: 0, falseHintChance: 0 };
    const { losses, hinted } = await afternoon(
      only({ ...alone, fromSeconds: 600, untilSeconds: 3600, everySeconds: [300, 300] }),
    );
    expect(losses.map(({ at }) => at / 1000)).toEqual([900, 1200, 1500, 1800, 2100, 2400, 2700, 3000, 3300, 3600]);
    expect(hinted).toBe(0);
  });

  it('take the pool or the zone with them when chance says so', async () => {
    const one = {
      fromSeconds: 0,
      untilSeconds: 1000,
      everySeconds: [900, 900],
      siblingShare: 1,
      hintChance: 0,
    } as const;
    expect((await afternoon(only({ ...one, poolChance: 1, zoneChance: 0 }))).losses).toHaveLength(10);
    expect((await afternoon(only({ ...one, poolChance: 0, zoneChance: 1 }))).losses).toHaveLength(20);
  });

  it('hint before the notice when they hint', async () => {
    const { losses, hinted } = await afternoon(
      only({
        untilSeconds: 900,
        everySeconds: [600, 600],
        poolChance: 0,
        zoneChance: 0,
        hintChance: 1,
        falseHintChance: 0,
        hintLeadSeconds: [240, 240],
      }),
    );
    expect([hinted, losses.map(({ at }) => at)]).toEqual([1, [960_000]]);
  });
});
