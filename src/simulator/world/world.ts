/** How is a world made, reached and emptied? One per server; regions come into being with their first call. */
import { AwsError } from '../errors';
import { createFaults } from '../faults';
import { createLedger } from '../ledger';
import { createRandom } from '../random';
import type { Scenario } from '../scenario';
import { createBuckets } from '../throttle';
import { createTokens } from '../tokens';
import { clearAgenda, createAgenda } from './agenda';
import { furnish } from './furniture';
import type { HandlerContext, RegionState, World } from './state';

export function createWorld(scenario: Scenario, options: { seed?: number; exec: boolean; dir: string }): World {
  const seed = options.seed ?? scenario.seed;
  return {
    scenario,
    seed,
    account: scenario.account,
    random: createRandom(seed),
    regions: new Map(),
    ledger: createLedger(),
    faults: createFaults(scenario.faults),
    buckets: createBuckets(),
    tokens: createTokens(),
    agenda: createAgenda(),
    events: [],
    interrupted: [],
    weather: { posted: [] },
    overrides: { capacity: [], quotas: [] },
    occupancy: { pools: new Map(), vcpus: new Map() },
    nextNodeAddress: firstNodeAddress(),
    launchFailures: scenario.launchFailures.map(() => 0),
    exec: options.exec,
    dir: options.dir,
    epoch: 0,
    onInstanceEnd: [],
    onReset: [],
    controls: new Map(),
  };
}

/** 127.64.0.0, the start of the loopback addresses for nodes; /10 of them. */
const NODE_BASE = 127 * 2 ** 24 + 64 * 2 ** 16;
const NODE_COUNT = 2 ** 22;

/** Where this process begins, so that several simulators on one machine seldom meet. */
function firstNodeAddress(): number {
  // 4096 addresses apart per process id: more nodes than one rehearsal has.
  return NODE_BASE + ((process.pid * 4096) % NODE_COUNT) + 1;
}

/** The region of this account, made with its default VPC when first used. Refuses regions the scenario lacks. */
export function regionState(ctx: HandlerContext): RegionState {
  const { world, region, account } = ctx;
  const key = account === world.account ? region : `${account}/${region}`;
  const known = world.regions.get(key);
  if (known) return known;
  if (!world.scenario.regions[region]) {
    throw new AwsError('AuthFailure', `The scenario '${world.scenario.name}' has no region '${region}'`, 401);
  }
  const state = emptyRegion(region);
  world.regions.set(key, state);
  furnish({ world, region, account }, state);
  return state;
}

/** Empties the world as if it had just been made, keeping scenario and seed unless others are given. */
export function resetWorld(world: World, scenario: Scenario = world.scenario, seed: number = world.seed): void {
  for (const notify of world.onReset) void notify();
  clearAgenda(world.agenda);
  const { onInstanceEnd, onReset, controls, url, epoch, exec, dir } = world;
  Object.assign(world, createWorld(scenario, { seed, exec, dir }), {
    onInstanceEnd,
    onReset,
    controls,
    epoch: epoch + 1,
  });
  if (url !== undefined) world.url = url;
}

function emptyRegion(name: string): RegionState {
  return {
    name,
    made: 0,
    leaving: new Map(),
    all: new Map(),
    tagIndex: new Map(),
    instances: new Map(),
    volumes: new Map(),
    snapshots: new Map(),
    networkInterfaces: new Map(),
    securityGroups: new Map(),
    vpcs: new Map(),
    subnets: new Map(),
    launchTemplates: new Map(),
    fleets: new Map(),
    spotRequests: new Map(),
    addresses: new Map(),
    keyPairs: new Map(),
    placementGroups: new Map(),
    natGateways: new Map(),
    vpcEndpoints: new Map(),
    routeTables: new Map(),
    internetGateways: new Map(),
    ownImages: new Map(),
    parameters: new Map(),
    steps: new Map(),
  };
}
