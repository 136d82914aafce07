/** Which machines does a control call mean? One by id or slot, or a share of a pool, a component or everything. */
import { checkRecord, type Shape } from '../checks';
import { POOL_FIELDS } from '../scenario-check';
import { patternOf, type PoolPattern } from '../scenario-weather';
import { isReclaimable, type Placed } from '../world/interruptions';
import { stateAt } from '../world/instance';
import { covers, poolOf } from '../world/pool';
import { chosen } from '../world/storms';
import type { World } from '../world/state';
import { ControlError, orBadRequest, type Body } from './input';

/** The fields that name machines; calls add their own. */
export const TARGET: Shape = {
  'instanceId?': 'text',
  'slot?': 'text',
  'component?': 'text',
  'ordinal?': 'count',
  'experimentId?': 'text',
  'pool?': 'any',
  'share?': 'part',
};

/** The tags that Holdfast writes and the simulator reads to tell machines apart. */
const TAG = { experiment: 'ExperimentID', component: 'Component', slot: 'Slot' };

/**
 * The machines meant. One that is named must be there and live (404, 409); with `spot` it must also be a spot machine
 * (400). Groups are what is left after that, in the order of the seed's lot; an empty one is 404.
 */
export function targetsOf(world: World, body: Body, spot: boolean): Placed[] {
  const target: Target = body;
  const one = named(world, target);
  if (one) return [checked(one, spot)];
  if (target.ordinal !== undefined) throw new ControlError(400, 'ordinal needs a component');
  return group(world, target, spot);
}

/** The machine that is named by itself; undefined when a group is. */
function named(world: World, target: Target): Placed | undefined {
  const { instanceId, slot, component, ordinal } = target;
  const ways = WAYS.filter((way) => target[way] !== undefined);
  if (ways.length === 0 && target.share === undefined)
    throw new ControlError(400, `name machines by ${WAYS.join(', ')} or share`);
  if (ways.length > 1) throw new ControlError(400, `name machines in one way, not by ${ways.join(' and ')}`);
  if (instanceId !== undefined) return byId(world, instanceId);
  if (slot !== undefined) return bySlot(world, target, ...partsOf(slot));
  return component === undefined || ordinal === undefined ? undefined : bySlot(world, target, component, ordinal);
}

const WAYS = ['instanceId', 'slot', 'component', 'pool'] as const;

interface Target {
  instanceId?: string;
  slot?: string;
  component?: string;
  ordinal?: number;
  experimentId?: string;
  pool?: Partial<PoolPattern>;
  share?: number;
}

function all(world: World): Placed[] {
  return [...world.regions.values()].flatMap((state) =>
    [...state.instances.values()].map((instance) => ({ state, instance })),
  );
}

function isLive({ instance }: Placed): boolean {
  return ['pending', 'running'].includes(stateAt(instance, Date.now()));
}

function checked(placed: Placed, spot: boolean): Placed {
  const { instance } = placed;
  if (spot && instance.market !== 'spot') throw new ControlError(400, `${instance.id} is not a spot instance`);
  if (!isLive(placed)) throw new ControlError(409, `${instance.id} is ${stateAt(instance, Date.now())}`);
  return placed;
}

function byId(world: World, id: string): Placed {
  const placed = all(world).find(({ instance }) => instance.id === id);
  if (!placed) throw new ControlError(404, `no instance '${id}'`);
  return placed;
}

function partsOf(slot: string): [component: string, ordinal: number] {
  const match = /^(.+)-(\d+)$/.exec(slot);
  if (!match) throw new ControlError(400, `slot must be COMPONENT-ORDINAL, got '${slot}'`);
  return [match[1] ?? '', Number(match[2])];
}

/**
 * The live machine of a slot. A machine that carries the `Slot` tag has that slot; the others of the component have the
 * ordinals that are left, in the order of their ids.
 */
function bySlot(world: World, { experimentId }: Target, component: string, ordinal: number): Placed {
  const live = all(world).filter(
    (placed) => isLive(placed) && tagOf(placed, TAG.component) === component && within(placed, experimentId),
  );
  const experiments = [...new Set(live.map((placed) => tagOf(placed, TAG.experiment)))];
  if (experiments.length > 1)
    throw new ControlError(400, `${component} is in ${experiments.join(', ')}: name the experimentId`);
  const found = slotted(live, component)[ordinal];
  if (!found) throw new ControlError(404, `no live machine in slot '${component}-${ordinal}'`);
  return found;
}

/** The machines by ordinal. */
function slotted(live: readonly Placed[], component: string): (Placed | undefined)[] {
  const slots: (Placed | undefined)[] = [];
  const untagged = live.filter((placed) => tagOf(placed, TAG.slot) === undefined);
  for (const placed of live) {
    const [owner, ordinal] = /^(.+)-(\d+)$/.exec(tagOf(placed, TAG.slot) ?? '')?.slice(1) ?? [];
    if (owner === component) slots[Number(ordinal)] = placed;
  }
  let next = 0;
  for (const placed of untagged.sort((a, b) => (a.instance.id < b.instance.id ? -1 : 1))) {
    while (slots[next]) next += 1;
    slots[next] = placed;
  }
  return slots;
}

function group(world: World, { component, pool, share = 1, experimentId }: Target, spot: boolean): Placed[] {
  if (pool !== undefined) orBadRequest(() => checkRecord('pool', pool, POOL_FIELDS));
  const pattern = pool && patternOf({ market: '*', ...pool });
  const members = all(world).filter(
    (placed) =>
      (spot ? isReclaimable(placed.instance) : isLive(placed)) &&
      within(placed, experimentId) &&
      (component === undefined || tagOf(placed, TAG.component) === component) &&
      (pattern === undefined || covers(pattern, poolOf(placed.instance))),
  );
  if (members.length === 0) throw new ControlError(404, 'no machine matches');
  // Rounded up: a share of a few machines strikes at least one.
  return chosen(world, members, Math.ceil(members.length * share));
}

function within(placed: Placed, experimentId: string | undefined): boolean {
  return experimentId === undefined || tagOf(placed, TAG.experiment) === experimentId;
}

function tagOf({ instance }: Placed, key: string): string | undefined {
  return instance.tags[key];
}
