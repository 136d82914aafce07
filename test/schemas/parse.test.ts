/** Does every wrong input become one line that names its field? */
import { parseExperiment } from '../../src/schemas/parse';

const valid = { components: { broker: { count: 2 } } };

function problems(input: unknown): string[] {
  const parsed = parseExperiment(input);
  return parsed.ok ? [] : parsed.problems;
}

describe('a spec', () => {
  it('needs nothing but components and gets every default', () => {
    const parsed = parseExperiment(valid);

    expect(parsed).toMatchObject({
      ok: true,
      value: {
        lease: 43_200,
        market: 'spot-then-on-demand',
        components: { broker: { count: 2, limits: { total: 900 } } },
      },
    });
  });

  it.each([
    ['nothing', undefined, 'components: is missing (expected record)'],
    ['an empty object', {}, 'components: is missing (expected record)'],
    ['a number', 5, '(input): expected object, received number'],
    ['no component at all', { components: {} }, 'components: needs at least one component'],
    ['a slip of the pen', { ...valid, leese: '1h' }, 'leese: is no known field; did you mean "lease"?'],
    ['an unknown duration', { ...valid, lease: 'soon' }, 'lease: is no duration: write 90s, 15m, 12h or 2d'],
    [
      'a slip in a health check',
      withHealth([{ tpc: 1 }]),
      'components.broker.health.0.tpc: is no known field; did you mean "tcp"?',
    ],
    [
      'a dependency on nobody',
      withBroker({ dependsOn: ['zk'] }),
      'components.broker.dependsOn.0: names no component: zk',
    ],
    ['a circle', withBroker({ dependsOn: ['broker'] }), 'components.broker.dependsOn: depends on itself in a circle'],
    ['too many ready', withBroker({ minReady: 3 }), 'components.broker.minReady: must be at most count (2)'],
    ['a step on nobody', { ...valid, steps: [{ name: 'x', on: 'q', run: 'ls' }] }, 'steps.0.on: names no component: q'],
    [
      'a network too small to be cut',
      { ...valid, network: { create: true, cidr: '10.0.0.0/26' } },
      'network.cidr: is no block of a network: write 10.64.0.0/16; /16 to /25',
    ],
    [
      'an address that is none',
      { ...valid, network: { create: true, cidr: '10.0.300.0/16' } },
      'network.cidr: is no block of a network: write 10.64.0.0/16; /16 to /25',
    ],
    [
      'a network that is made and named at once',
      { ...valid, network: { create: true, cidr: '10.0.0.0/16', subnetIds: ['subnet-0123456789abcdef0'] } },
      'network.subnetIds: belongs to another form of network',
    ],
    [
      'a network without subnets',
      { ...valid, network: { vpcId: 'vpc-0123456789abcdef0' } },
      'network.subnetIds: is missing (expected array)',
    ],
    [
      'the subnets of one region for two',
      { ...valid, regions: ['us-west-2', 'us-east-1'], network: { subnetIds: ['subnet-0123456789abcdef0'] } },
      'network.subnetIds: are of one region, and regions names 2: keep one of them, or make networks with create: true',
    ],
    [
      'a component that accepts nobody known',
      { ...withBroker({ accepts: ['zk'] }), network: { create: true } },
      'components.broker.accepts.0: names no component: zk',
    ],
    [
      'doors between components that share a group',
      withBroker({ accepts: ['broker'] }),
      'components.broker.accepts: needs network.create: elsewhere one security group holds the whole experiment',
    ],
    ['an aws: tag', { ...valid, tags: { 'aws:x': '1' } }, 'tags.aws:x: must not start with aws:'],
  ])('says what is wrong with %s', (_name, input, line) => {
    expect(problems(input)).toContain(line);
  });

  it('asks for an instance profile where something has to run on the node', () => {
    expect(problems(withBroker({ services: ['a.service'] }))).toEqual([
      expect.stringMatching(/^components\.broker\.instanceProfile: is missing/),
    ]);
    expect(problems({ ...withBroker({ services: ['a.service'] }), instanceProfile: 'p' })).toEqual([]);
  });

  it.each([
    [{ quorum: true, onInterruption: 'restart-all' }, 'onInterruption: restart-all ends every member at once'],
    [{ standby: 1, volumes: [{ sizeGiB: 1, follows: 'slot' }] }, 'standby: has no volume of a slot'],
    [{ standby: 1 }, 'standby: are named like the nodes of component pair-standby'],
  ])('refuses %j, which no failover could keep', (part, line) => {
    const parsed = parseExperiment({ components: { pair: part, 'pair-standby': {} } });

    expect(parsed.ok ? [] : parsed.problems.filter((problem) => problem.includes(line))).toEqual([
      expect.stringContaining(`components.pair.${line}`),
    ]);
  });

  it('names every mistake at once', () => {
    expect(problems({ ...valid, market: 'spto', regions: ['mars'], lease: -1 })).toHaveLength(3);
  });
});

function withBroker(fields: object): object {
  return { components: { broker: { count: 2, ...fields } } };
}

function withHealth(health: unknown): object {
  return withBroker({ health });
}
