/** Which pool gives which instance? The allocation strategies of EC2 Fleet, played against the room that pools have. */
import { AwsError } from '../errors';
import type { HandlerContext, Market } from '../world/state';
import { emptyTally, priceOf, promise, refusalOf, roomFor, type Candidate, type Tally } from './candidates';

export interface Request {
  market: Market;
  /** Units to fill; a pick fills as many as its weight. */
  target: number;
  strategy: string;
  singleType: boolean;
  singleZone: boolean;
  /** Launch nothing below this. */
  min: number;
}

export interface Allocation {
  picks: Candidate[];
  filled: number;
  refusals: Map<Candidate, AwsError>;
}

/** "EC2 Fleet allocation strategies" (EC2 user guide); the older spellings are of Spot Fleet. */
const STRATEGIES: Record<Market, string[]> = {
  spot: [
    'price-capacity-optimized',
    'capacity-optimized',
    'capacity-optimized-prioritized',
    'diversified',
    'lowest-price',
  ],
  'on-demand': ['lowest-price', 'prioritized'],
};

export function checkStrategy(market: Market, strategy: string): void {
  if (STRATEGIES[market].includes(strategy)) return;
  throw new AwsError(
    'InvalidParameterValue',
    `Value (${strategy}) for parameter allocationStrategy is invalid. Expecting one of ${STRATEGIES[market].join(', ')}`,
  );
}

/** Fills the target from the candidates. Every pool that was tried and refused is named once, with its reason. */
export function allocate(
  ctx: HandlerContext,
  candidates: Candidate[],
  request: Request,
  tally = emptyTally(),
): Allocation {
  const groups = groupsOf(candidates, request);
  const tried = groups.map((group) => fill(ctx, group, request, copyOf(tally)));
  const best = tried.reduce((a, b) => (b.allocation.filled > a.allocation.filled ? b : a), tried[0] ?? none(tally));
  const refusals = new Map(tried.flatMap(({ allocation }) => [...allocation.refusals]));
  const enough = best.allocation.filled >= request.min;
  if (enough) merge(tally, best.tally);
  return enough ? { ...best.allocation, refusals } : { picks: [], filled: 0, refusals };
}

function none(tally: Tally): { allocation: Allocation; tally: Tally } {
  return { allocation: { picks: [], filled: 0, refusals: new Map() }, tally };
}

/** With a single type or zone asked for, each of them is tried as a whole. */
function groupsOf(candidates: Candidate[], { singleType, singleZone }: Request): Candidate[][] {
  if (!singleType && !singleZone) return [candidates];
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const key = `${singleType ? candidate.type : ''}/${singleZone ? candidate.subnet.zone : ''}`;
    groups.set(key, [...(groups.get(key) ?? []), candidate]);
  }
  return [...groups.values()];
}

function fill(
  ctx: HandlerContext,
  candidates: Candidate[],
  request: Request,
  tally: Tally,
): { allocation: Allocation; tally: Tally } {
  const picks: Candidate[] = [];
  const refusals = new Map<Candidate, AwsError>();
  const counts = new Map<Candidate, number>();
  let open = ranked(ctx, candidates, request, tally);
  let filled = 0;
  while (filled < request.target && open.length > 0) {
    const pick = request.strategy === 'diversified' ? leastUsed(open, counts) : open[0];
    if (!pick) break;
    const refusal = refusalOf(ctx, pick, request.market, tally);
    if (refusal) {
      // A pool that gave some before it ran dry has refused the rest: it is named as well.
      refusals.set(pick, refusal);
      open = open.filter((candidate) => candidate !== pick);
      continue;
    }
    promise(ctx, pick, request.market, tally);
    counts.set(pick, (counts.get(pick) ?? 0) + 1);
    picks.push(pick);
    filled += pick.weight;
  }
  return { allocation: { picks, filled, refusals }, tally };
}

/** Spread over zones first, then over pools. */
function leastUsed(open: Candidate[], counts: Map<Candidate, number>): Candidate | undefined {
  const perZone = new Map<string, number>();
  for (const [candidate, count] of counts) {
    perZone.set(candidate.subnet.zone, (perZone.get(candidate.subnet.zone) ?? 0) + count);
  }
  const use = (candidate: Candidate): [number, number] => [
    perZone.get(candidate.subnet.zone) ?? 0,
    counts.get(candidate) ?? 0,
  ];
  return open.reduce<Candidate | undefined>((best, candidate) => {
    if (!best) return candidate;
    const [[zone, pool], [bestZone, bestPool]] = [use(candidate), use(best)];
    return zone < bestZone || (zone === bestZone && pool < bestPool) ? candidate : best;
  }, undefined);
}

function ranked(ctx: HandlerContext, candidates: Candidate[], request: Request, tally: Tally): Candidate[] {
  const { market, strategy, target } = request;
  const facts = new Map(
    candidates.map((candidate) => {
      const room = roomFor(ctx, candidate, market, tally);
      return [
        candidate,
        {
          price: priceOf(ctx, candidate, market) / candidate.weight,
          room,
          ample: room >= target,
          priority: candidate.priority,
        },
      ];
    }),
  );
  const compare = (a: Candidate, b: Candidate): number => {
    const [x, y] = [facts.get(a), facts.get(b)];
    if (!x || !y) return 0;
    switch (strategy) {
      case 'prioritized':
        return x.priority - y.priority;
      case 'capacity-optimized':
        return y.room - x.room || x.price - y.price;
      case 'capacity-optimized-prioritized':
        return Number(y.ample) - Number(x.ample) || x.priority - y.priority || y.room - x.room;
      case 'price-capacity-optimized':
        // AWS publishes no formula. Invented: the cheapest pool that can take it all, then the emptiest.
        return Number(y.ample) - Number(x.ample) || (x.ample ? 0 : y.room - x.room) || x.price - y.price;
      default:
        return x.price - y.price;
    }
  };
  return [...candidates].sort(compare);
}

function copyOf(tally: Tally): Tally {
  return { pools: new Map(tally.pools), vcpus: new Map(tally.vcpus), addresses: new Map(tally.addresses) };
}

function merge(into: Tally, from: Tally): void {
  into.pools = from.pools;
  into.vcpus = from.vcpus;
  into.addresses = from.addresses;
}
