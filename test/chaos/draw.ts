/** What does a seed bring? Experiments, the world they meet, and what strikes them when: all from one number. */
import type { Phase, Reason } from '../../src/contracts/messages';
import type { ExperimentInput } from '../../src/schemas/experiment';
import type { FaultPlan, ScenarioPatch } from '../../src/simulator';
import { createRandom, type Random, type Range } from '../../src/simulator/random';

/** One test of endurance. */
export interface Ordeal {
  seed: number;
  scenario: ScenarioPatch;
  specs: ExperimentInput[];
  blows: Blow[];
  /** Why an experiment may fail here; without a cause in the world, none may. */
  mayFailFor: Reason[];
}

/** Something that happens to the experiments, so long after one of them reached a phase. */
export interface Blow {
  /** Which experiment is watched, and is struck where one is. */
  on: number;
  phase: Phase;
  afterMs: number;
  act:
    | { kind: 'interrupt'; body: Record<string, unknown>; everyones?: boolean }
    | { kind: 'kill-worker'; downMs: number }
    | { kind: 'kill-sentinel' | 'kill-memory' | 'cancel' | 'stop' };
}

const TYPES = ['t3.micro', 't3.small', 't3a.small', 't3.medium', 't2.small'];
const ZONES = ['us-west-2a', 'us-west-2b', 'us-west-2c', 'us-west-2d'];

/** Operations that experiments, sentinel and cleanup call. */
const OPERATIONS = [
  'CreateFleet',
  'CreateLaunchTemplate',
  'CreateSecurityGroup',
  'CreateTags',
  'DeleteLaunchTemplate',
  'DeleteSecurityGroup',
  'DescribeInstanceInformation',
  'DescribeInstanceStatus',
  'DescribeInstances',
  'DescribeSpotInstanceRequests',
  'DescribeTags',
  'GetResources',
  'ListCommandInvocations',
  'SendCommand',
  'TerminateInstances',
];
/** None of these is a reason to fail: each passes, and what it interrupted is repeated. */
const EFFECTS: FaultPlan[number]['effect'][] = [
  { loseReply: true },
  { throttle: true },
  { error: 'InternalError', status: 500 },
  { delayMs: 700 },
];

/** The ordeal of a seed; the same seed, the same ordeal. */
export function draw(seed: number): Ordeal {
  const chance = dice(seed);
  const ordeal: Ordeal = {
    seed,
    specs: Array.from({ length: chance.whole([1, 3]) }, () => specOf(chance)),
    scenario: { extends: 'quick', seed, nodes: { default: { steps: [stepOf(chance)] } } },
    blows: [],
    mayFailFor: [],
  };
  for (const [probability, ill] of ILLS) if (chance.is(probability)) ill(ordeal, chance);
  return ordeal;
}

/** What can be wrong with a world, each with its probability. */
const ILLS: [number, (ordeal: Ordeal, chance: Dice) => void][] = [
  [0.5, ({ scenario }, chance) => Object.assign(scenario, { faults: faultsOf(chance) })],
  [0.4, ({ scenario }) => Object.assign(scenario, { delays: LAGS })],
  [
    0.35,
    ({ scenario, mayFailFor }, chance) => {
      Object.assign(scenario, droughtOf(chance));
      mayFailFor.push('Capacity');
    },
  ],
  [
    0.1,
    ({ scenario, mayFailFor }, chance) => {
      scenario.launchFailures = [failingLaunches(chance)];
      mayFailFor.push('Capacity', 'NotReady');
    },
  ],
  [
    0.35,
    ({ scenario, mayFailFor }, chance) => {
      scenario.losses = [lossesOf(chance)];
      mayFailFor.push('Interrupted', 'Capacity', 'NotReady');
    },
  ],
  [
    0.6,
    (ordeal, chance) => {
      for (let left = chance.whole([1, 2]); left > 0; left -= 1) strike(ordeal, chance, ALIVE, interruptionOf(chance));
      ordeal.mayFailFor.push('Interrupted', 'Capacity', 'NotReady');
    },
  ],
  [0.25, (ordeal, chance) => strike(ordeal, chance, ANY, { kind: 'kill-worker', downMs: chance.whole([0, 3000]) })],
  [0.2, (ordeal, chance) => strike(ordeal, chance, ALIVE, { kind: 'kill-sentinel' })],
  [0.2, (ordeal, chance) => strike(ordeal, chance, ANY, { kind: 'kill-memory' })],
  [0.2, (ordeal, chance) => strike(ordeal, chance, ANY, { kind: chance.one(['cancel', 'stop']) })],
];

const LAGS: ScenarioPatch['delays'] = { visibilityLag: [0, 1000], tagIndexLag: [0, 1000], spotStatusLag: [0, 500] };

function strike({ specs, blows }: Ordeal, chance: Dice, phases: Phase[], act: Blow['act']): void {
  blows.push({ on: chance.index(specs), phase: chance.one(phases), afterMs: chance.whole([0, 3000]), act });
}

const ANY: Phase[] = ['Planning', 'Provisioning', 'Configuring', 'Running', 'TearingDown'];
/** Phases with machines to lose; most of them go while the work goes on. */
const ALIVE: Phase[] = ['Provisioning', 'Configuring', 'Running', 'Running', 'Running', 'TearingDown'];

function specOf(chance: Dice): ExperimentInput {
  const policy = (): Pick<ExperimentInput['components'][string], 'onInterruption'> =>
    chance.is(0.15) ? { onInterruption: chance.one(['fail', 'ignore']) } : {};
  const hooks = { onDrain: 'true drain', onReplace: 'true replaced' };
  return {
    name: 'chaos',
    lease: '10m',
    instanceProfile: 'holdfast-node',
    poll: '300ms',
    // Longer than the longest lag of the tag indexes, as a user's is.
    settle: '1500ms',
    market: chance.one(['spot-then-on-demand', 'spot-then-on-demand', 'spot']),
    placement: chance.one(['together', 'any']),
    components: {
      zk: {
        count: 3,
        instanceTypes: chance.some(TYPES, 2),
        services: ['zookeeper.service'],
        quorum: chance.is(0.5),
        ...policy(),
      },
      broker: {
        count: chance.whole([1, 5]),
        instanceTypes: chance.some(TYPES, 2),
        widerTypes: chance.is(0.5) ? TYPES : [],
        services: ['broker.service'],
        setup: 'systemctl start broker.service',
        dependsOn: ['zk'],
        ...policy(),
        ...(chance.is(0.3) ? hooks : {}),
      },
    },
    steps: ['first', 'second'].slice(0, chance.whole([1, 2])).map((name) => ({
      name,
      on: chance.one([['broker'], ['zk', 'broker']]),
      run: 'work',
      timeout: '2m',
      onDisturbed: chance.one(['keep', 'keep', 'rerun', 'rerun', 'fail']),
    })),
  };
}

function stepOf(chance: Dice): { match: string; seconds: number } {
  return { match: 'work', seconds: chance.whole([1, 6]) };
}

/** Up to six rules of the many there could be, each of which strikes a few times. */
function faultsOf(chance: Dice): FaultPlan {
  const rules = OPERATIONS.flatMap((operation) =>
    EFFECTS.map((effect) => ({ operation, effect, probability: 0.5, times: 2 })),
  );
  return chance.some(rules, 6);
}

/** Pools that refuse from the start, and others that run dry and may give again. */
function droughtOf(chance: Dice): ScenarioPatch {
  const drains = chance.some(ZONES, 3).map((zone) => ({
    kind: 'drain' as const,
    zone,
    ...(chance.is(0.7) ? { type: chance.one(TYPES) } : {}),
    at: chance.whole([0, 8]),
    ...(chance.is(0.5) ? { seconds: chance.whole([2, 20]) } : {}),
    capacity: chance.whole([0, 2]),
  }));
  const capacity = chance.some(TYPES, 2).map((type) => ({
    region: '*',
    zone: chance.one(['*', ...ZONES]),
    type,
    market: chance.one(['spot', '*'] as const),
    capacity: chance.whole([0, 3]),
  }));
  return { weather: drains, capacity };
}

function failingLaunches(chance: Dice): NonNullable<ScenarioPatch['launchFailures']>[number] {
  const code = chance.one(['Server.InternalError', 'Server.InsufficientInstanceCapacity']);
  return { region: '*', zone: '*', type: '*', market: '*', code, times: chance.whole([1, 3]) };
}

/** A bad afternoon in half a minute. */
function lossesOf(chance: Dice): NonNullable<ScenarioPatch['losses']>[number] {
  return {
    fromSeconds: chance.whole([0, 3]),
    untilSeconds: 25,
    everySeconds: [2, 10],
    noticeSeconds: [0, 5],
    poolChance: 0.35,
    zoneChance: 0.1,
    siblingShare: 0.7,
    siblingSeconds: [0, 3],
    outageSeconds: [5, 30],
    hintChance: 0.6,
    hintLeadSeconds: [0, 3],
    falseHintChance: 0.9,
  };
}

function interruptionOf(chance: Dice): Blow['act'] {
  const who: Record<string, unknown> = chance.one([
    { slot: chance.one(['zk-0', 'zk-2', 'broker-0']) },
    { component: chance.one(['zk', 'broker']), share: chance.one([0.5, 1]) },
    { pool: { zone: chance.one(ZONES) } },
    { pool: { type: chance.one(TYPES) }, share: 0.5 },
    { share: chance.one([0.2, 0.5, 1]) },
  ]);
  const lengths = { noticeSeconds: chance.whole([0, 6]), outageSeconds: chance.whole([0, 20]) };
  return { kind: 'interrupt', body: { ...who, ...lengths }, everyones: chance.is(0.3) };
}

interface Dice {
  is(probability: number): boolean;
  whole(range: Range): number;
  one<T>(of: readonly T[]): T;
  index(of: readonly unknown[]): number;
  /** One to `most` of them, each once. */
  some<T>(of: readonly T[], most: number): T[];
}

function dice(seed: number): Dice {
  const random: Random = createRandom(seed);
  const index = (of: readonly unknown[]): number => Math.floor(random.next() * of.length);
  return {
    is: (probability) => random.next() < probability,
    whole: (range) => random.between(range),
    one: (of) => of[index(of)]!,
    index,
    some: (of, most) => {
      const keyed = of.map((value) => ({ value, key: random.next() })).sort((a, b) => a.key - b.key);
      return keyed.slice(0, random.between([1, most])).map(({ value }) => value);
    },
  };
}
