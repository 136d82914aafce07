/** What would an experiment launch, what would it cost, and what stands in its way? Made of its first requests. */
import { poolKey, type PoolOffer } from '../contracts/capacity';
import type { BlockedPools, ExperimentPlan, PlannedComponent, PlannedQuota } from '../contracts/plan';
import type { ExperimentSpec } from '../schemas/experiment';
import { quotaToRead } from './advice';
import { blockOfOffer, offersOf, type LaunchQuestion } from './candidates';
import type { LaunchPlan } from './chain';
import { hourlyUsd, priceOf, sumUsd } from './cost';
import { tiersOf } from './tiers';

/** The request that is made first for a component; `first` is the best of its pools. */
export function plannedComponent(
  question: LaunchQuestion,
  order: Extract<LaunchPlan, { kind: 'ask' }>,
  first: PoolOffer,
): PlannedComponent {
  const { component, spec, survey } = question;
  const { region } = survey;
  const { tier, market, offers, notes, why } = order;
  const usdPerHour = priceOf(first, market);
  return {
    component,
    count: spec.count,
    standby: spec.standby,
    region,
    tier,
    market,
    instanceType: first.instanceType,
    alternatives: typesOf(question).filter((type) => type !== first.instanceType),
    zones: [...new Set(offers.map(({ zone }) => zone))],
    pools: offers.map(({ zone, instanceType }) => poolKey({ region, zone, instanceType, market })),
    imageId: survey.images[component]?.[first.architecture] ?? '',
    quotaFamily: first.quotaFamily,
    vcpus: first.vcpus,
    ...(usdPerHour === undefined ? {} : { usdPerHour }),
    ...(first.onDemandUsd === undefined ? {} : { onDemandUsdPerHour: first.onDemandUsd }),
    why: [...notes, ...why],
  };
}

/** Types of the whole chain that are offered here. */
function typesOf(question: LaunchQuestion): string[] {
  const { instanceTypes, widerTypes } = question.spec;
  const offered = new Set(offersOf({ wide: true }, question).map(({ instanceType }) => instanceType));
  return [...new Set([...instanceTypes, ...widerTypes])].filter((type) => offered.has(type));
}

/** Everything that keeps a pool of the chain from being asked now. */
export function blockedNow(question: LaunchQuestion): BlockedPools[] {
  const { policy, spec, memory } = question;
  const inTheWay = new Set(
    tiersOf(policy, spec.widerTypes.length > 0).flatMap((tier) =>
      offersOf(tier, question).map((offer) => blockOfOffer(offer, tier.market, question)),
    ),
  );
  return Object.entries(memory.blocks)
    .filter(([, block]) => inTheWay.has(block))
    .map(([what, block]) => ({
      what,
      class: block.class,
      code: block.code,
      until: new Date(block.untilMs).toISOString(),
    }));
}

type Totals = Pick<
  ExperimentPlan,
  'usdPerHour' | 'onDemandUsdPerHour' | 'atLeaseEndUsd' | 'unpriced' | 'components' | 'quotas'
>;

/** The components with their sums. Spot without a price counts as on-demand, its ceiling; what has none counts as 0. */
export function withTotals(components: PlannedComponent[], leaseSeconds: number): Totals {
  const usdPerHour = sumUsd(components.map((one) => nodes(one) * hourlyUsd(one)));
  const onDemand = components.map((one) => nodes(one) * (one.onDemandUsdPerHour ?? hourlyUsd(one)));
  return {
    components,
    usdPerHour,
    onDemandUsdPerHour: sumUsd(onDemand),
    atLeaseEndUsd: sumUsd([(usdPerHour * leaseSeconds) / 3600]),
    unpriced: components.filter((one) => hourlyUsd(one) === 0).map(({ component }) => component),
    quotas: quotasOf(components),
  };
}

function nodes({ count, standby }: PlannedComponent): number {
  return count + standby;
}

/** Service Quotas is an API of its own; the worker's role has no permission for it. */
const UNREAD = "could not be read: Service Quotas is not among the worker's permissions";

/** One line per region, family and market. */
function quotasOf(components: PlannedComponent[]): PlannedQuota[] {
  const wanted = new Map<string, PlannedQuota>();
  for (const one of components) {
    const { region, market, quotaFamily } = one;
    const key = `${region}/${quotaFamily}/${market}`;
    const vcpus = (wanted.get(key)?.vcpus ?? 0) + nodes(one) * one.vcpus;
    wanted.set(key, {
      region,
      market,
      quotaFamily,
      ...quotaToRead(quotaFamily, market, region),
      vcpus,
      unread: UNREAD,
    });
  }
  return [...wanted.values()];
}

/**
 * What the digest of a plan is made of: the spec as resolved, the account, and what would be asked there. Prices are
 * not in it, nor the order of pools that follows from them: they change by the minute, and AWS chooses among all pools.
 */
export function digested(plan: {
  spec: ExperimentSpec;
  target: { account: string; endpoint: string };
  components: PlannedComponent[];
}): unknown {
  return {
    ...plan,
    components: plan.components.map(({ component, region, tier, pools, imageId }) => ({
      ...{ component, region, tier, imageId, pools: [...pools].sort() },
    })),
  };
}
