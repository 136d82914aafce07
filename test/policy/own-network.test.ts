import * as fc from 'fast-check';
import type { RegionSurvey } from '../../src/contracts/capacity';
import { acceptedBy, roomPerZone, withNetwork, zoneBlocks, zonesOf } from '../../src/policy/own-network';
import { parseExperiment } from '../../src/schemas/parse';
import type { ExperimentInput, ExperimentSpec } from '../../src/schemas/experiment';

const ZONES = ['us-west-2a', 'us-west-2b', 'us-west-2c'];

function spec(components: ExperimentInput['components']): ExperimentSpec {
  const parsed = parseExperiment({ components });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.value;
}

function survey(pools: [zone: string, instanceType: string][]): RegionSurvey {
  const offer = { subnetId: '', architecture: 'x86_64' as const, vcpus: 2, quotaFamily: 'Standard' };
  const offers = pools.map(([zone, instanceType]) => ({ ...offer, zone, instanceType }));
  return { region: 'us-west-2', vpcId: '', offers, images: {}, problems: [] };
}

/** First address and how many. */
function range(cidr: string): [number, number] {
  const [address = '', bits = ''] = cidr.split('/');
  return [address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0), 2 ** (32 - Number(bits))];
}

describe('the blocks of the zones', () => {
  it('are eighths of the network, in order', () => {
    expect(zoneBlocks('10.64.0.0/16', ZONES, [])).toEqual({
      'us-west-2a': '10.64.0.0/19',
      'us-west-2b': '10.64.32.0/19',
      'us-west-2c': '10.64.64.0/19',
    });
    expect(zoneBlocks('192.168.255.128/25', ZONES, [])).toMatchObject({ 'us-west-2c': '192.168.255.160/28' });
  });

  it('are the same again for what is missing, so that a block in use is in the way of a second subnet', () => {
    const first = zoneBlocks('10.64.0.0/16', ZONES, []);

    expect(zoneBlocks('10.64.0.0/16', ZONES.slice(1), [first['us-west-2a'] ?? ''])).toEqual({
      'us-west-2b': first['us-west-2b'],
      'us-west-2c': first['us-west-2c'],
    });
  });

  it('never overlap, never leave the network and never repeat what is taken', () => {
    const bits = fc.integer({ min: 16, max: 25 });
    const start = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(
        bits,
        start,
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 0, max: 10 }),
        (size, any, gone, n) => {
          const base = Math.floor(any / 2 ** (32 - size)) * 2 ** (32 - size);
          const cidr = `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${String(size)}`;
          const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `z${String(index)}`);
          const taken = Object.values(zoneBlocks(cidr, names(gone), []));

          const blocks = Object.values(zoneBlocks(cidr, names(n), taken));

          expect(blocks).toHaveLength(Math.min(n, 8 - gone));
          const all = [...taken, ...blocks].map(range).sort(([a], [b]) => a - b);
          for (const [index, [from, count]] of all.entries()) {
            expect(from).toBeGreaterThanOrEqual(base);
            expect(from + count).toBeLessThanOrEqual(all[index + 1]?.[0] ?? base + 2 ** (32 - size));
          }
        },
      ),
    );
  });

  it('hold the addresses that AWS leaves of a subnet', () => {
    expect(roomPerZone('10.64.0.0/16')).toBe(8187);
    expect(roomPerZone('10.64.0.0/25')).toBe(11);
  });
});

describe('the zones of a network', () => {
  const pools: [string, string][] = [
    ['us-west-2b', 't3.micro'],
    ['us-west-2a', 't3.micro'],
    ['us-west-2c', 'm6i.large'],
    ['us-west-2d', 'c6i.large'],
  ];

  it('are those that offer a wanted or wider type, each once', () => {
    const wanted = spec({
      a: { instanceTypes: ['t3.micro'], widerTypes: ['m6i.large'] },
      b: { instanceTypes: ['t3.micro'] },
    });

    expect(zonesOf(wanted, survey(pools))).toEqual(['us-west-2a', 'us-west-2b', 'us-west-2c']);
  });

  it('are only those that a component names, where it names any of the region', () => {
    const picky = { instanceTypes: ['t3.micro'], zones: ['us-west-2b', 'eu-west-1a'] };

    expect(zonesOf(spec({ a: picky }), survey(pools))).toEqual(['us-west-2b']);
    expect(zonesOf(spec({ a: { ...picky, zones: ['eu-west-1a'] } }), survey(pools))).toEqual([
      'us-west-2a',
      'us-west-2b',
    ]);
  });
});

it('a survey with a network offers what has a subnet, in that subnet', () => {
  const network = { vpcId: 'vpc-1', cidr: '10.64.0.0/16', subnets: { 'us-west-2a': 'subnet-a' } };

  const on = withNetwork(
    survey([
      ['us-west-2a', 't3.micro'],
      ['us-west-2b', 't3.micro'],
    ]),
    network,
  );

  expect(on.vpcId).toBe('vpc-1');
  expect(on.offers.map(({ zone, subnetId }) => [zone, subnetId])).toEqual([['us-west-2a', 'subnet-a']]);
});

it('a component accepts all others when it does not say, and those that it names when it does', () => {
  const network = { create: true as const };
  const parsed = parseExperiment({
    network,
    components: { a: {}, b: { accepts: ['a', 'a', 'b'] }, c: { accepts: [] } },
  });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));

  expect(acceptedBy(parsed.value, 'a')).toEqual(['b', 'c']);
  expect(acceptedBy(parsed.value, 'b')).toEqual(['a']);
  expect(acceptedBy(parsed.value, 'c')).toEqual([]);
});
