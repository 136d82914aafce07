/** How does cleanup wait? It looks at what is on its way out, less often the longer it takes. */
import { Context } from '@temporalio/activity';
import type { Cloud, InventoryPort } from '../aws/ports';
import type { SeenResource, TaggedResource } from '../contracts/inventory';
import { plannedKey } from '../policy/cleanup-plan';
import { endingFirst, endingNow, foldSeen, type Entries, type Entry } from '../policy/deletion';
import { pack, unpack, type Sightings } from '../policy/sightings';
import { beating } from './beating';
import { inventoryOf, type InRegion } from './cleanup-region';
import { notReady } from './failure';

export interface ObserveRemainingInput extends InRegion {
  /** What is going away. */
  entries: Sightings<Entry>;
  /** ISO time of the last that was heard of the region: the pause between two looks begins there. */
  heardAt: string;
  /** ISO time after which it answers with whatever it sees. */
  deadline: string;
}

export interface ObserveReply {
  /** What is not as it was. */
  found: Sightings;
  at: string;
}

/**
 * Between two looks, as long as the last deletion is ago: what takes a second is seen to have gone a second later, and
 * what takes minutes is not asked for all the time. At most 15 s, as the waiters of AWS's own command line.
 */
const SHORTEST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 15_000;

export function createWaitActivities({ cloud }: { cloud: Cloud }) {
  return {
    /**
     * Looks once at what is on its way out. Returns when something of it is gone or the deadline passed; otherwise
     * throws `NotReady`, so that waiting costs neither a slot nor history.
     */
    async observeRemaining(input: ObserveRemainingInput): Promise<ObserveReply> {
      const inventory = await inventoryOf(cloud, input);
      const { scheduledTimestampMs } = Context.current().info;
      const at = new Date().toISOString();
      const entries = unpack<Entry>(input.region, input.entries, at);
      const before = Object.fromEntries(entries.map((one) => [plannedKey(one), one]));
      const leftMs = Date.parse(input.deadline) - Date.now();
      const pauseOf = (known: Entries): number => pauseMs(endingFirst(known), scheduledTimestampMs);
      const notYet = (known: Entries, ms: number): Error =>
        notReady(stillThere(endingNow(known), input.region), Math.min(ms, leftMs));
      const earlyMs = Date.parse(input.heardAt) + pauseOf(before) - Date.now();
      if (earlyMs > 0 && leftMs > 0) throw notYet(before, earlyMs);
      const seen = await lookAtEnding(inventory, before, at);
      const after = foldSeen(before, seen, at);
      const isSame = endingNow(after).length === endingNow(before).length;
      if (isSame && leftMs > 0) throw notYet(after, pauseOf(after));
      return { found: pack(seen.filter((one) => differs(one, before[plannedKey(one)]))), at };
    },
  };
}

/** What goes first, and at once what that has freed. */
async function lookAtEnding(inventory: InventoryPort, before: Entries, at: string): Promise<SeenResource[]> {
  const { cancellationSignal: signal } = Context.current();
  const look = async (refs: Entry[]): Promise<SeenResource[]> =>
    (await beating(() => inventory.describe(refs, { signal }))).map((one) => stripped(one, before));
  const owners = endingFirst(before);
  const ended = await look(owners);
  const freed = endingFirst(foldSeen(before, ended, at)).filter((one) => !owners.some(({ id }) => id === one.id));
  return [...ended, ...(await look(freed))];
}

function differs(now: SeenResource, before: Entry | undefined): boolean {
  return now.state !== before?.state || now.seen !== before.seen || now.diesWith !== before.diesWith;
}

/** A Describe of the id alone knows the state; who holds what was found out by the last discovery. */
function stripped(seen: TaggedResource, before: Record<string, Entry>): SeenResource {
  const known = before[plannedKey(seen)];
  const { state, seen: word } = seen;
  const { region, type, id } = seen;
  const neededBy = known?.neededBy ?? seen.neededBy;
  const { protectedBy, holders, diesWith } = known ?? seen;
  return {
    region,
    type,
    id,
    state,
    seen: word,
    neededBy,
    ...(protectedBy === undefined ? {} : { protectedBy }),
    ...(holders === undefined ? {} : { holders }),
    // Without its attachment a volume does not end with the instance any more, and has to be deleted.
    ...(diesWith === undefined || seen.diesWith === undefined ? {} : { diesWith }),
  };
}

function pauseMs(going: Entry[], waitingSince: number): number {
  const asked = going.flatMap((one) => one.askedAt ?? []);
  const since = asked.length === 0 ? waitingSince : Math.max(...asked);
  return Math.min(Math.max(Date.now() - since, SHORTEST_LOOK_MS), LONGEST_LOOK_MS);
}

/** Short, since long details vanish from the pending view. */
function stillThere(going: Entry[], region: string): string {
  const [first] = going;
  const others = going.length > 1 ? ` and ${String(going.length - 1)} more` : '';
  return `${region}: ${first?.type ?? ''} ${first?.id ?? ''} is ${first?.seen ?? ''}${others}`;
}
