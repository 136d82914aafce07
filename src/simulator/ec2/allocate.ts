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
export function allocate(ctx: HandlerContext, candidates: Candidate[], request: Request): Allocation {
  const tried = groupsOf(candidates, request).map((group) => fill(ctx, group, request));
  const best = tried.reduce((a, b) => (b.filled > a.filled ? b : a), NOTHING);
  const refusals = new Map(tried.flatMap((allocation) => [...allocation.refusals]));
  return best.filled >= request.min ? { ...best, refusals } : { ...NOTHING, refusals };
}

const NOTHING: Allocation = { picks: [], filled: 0, refusals: new Map() };

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

function fill(ctx: HandlerContext, candidates: Candidate[], request: Request): Allocation {
  const tally = emptyTally();
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
  return { picks, filled, refusals };
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
  const order = ORDERS[strategy] ?? cheapest;
  return [...candidates].sort((a, b) => {
    const [x, y] = [facts.get(a), facts.get(b)];
    return x && y ? order(x, y) : 0;
  });
}

interface PoolFacts {
  price: number;
  room: number;
  /** Whether the pool can take the whole target. */
  ample: boolean;
  priority: number;
}

type Order = (x: PoolFacts, y: PoolFacts) => number;

const cheapest: Order = (x, y) => x.price - y.price;
const amplest: Order = (x, y) => Number(y.ample) - Number(x.ample);
const emptiest: Order = (x, y) => y.room - x.room;

/** Which pool a strategy asks first. AWS publishes no formula for the capacity-optimized ones: invented. */
const ORDERS: Record<string, Order> = {
  prioritized: (x, y) => x.priority - y.priority,
  'capacity-optimized': (x, y) => emptiest(x, y) || cheapest(x, y),
  'capacity-optimized-prioritized': (x, y) => amplest(x, y) || x.priority - y.priority || emptiest(x, y),
  // The cheapest pool that can take it all, then the emptiest.
  'price-capacity-optimized': (x, y) => amplest(x, y) || (x.ample ? 0 : emptiest(x, y)) || cheapest(x, y),
};
