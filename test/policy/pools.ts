/** Builders of policy tests: offers, surveys, refusals and component specs with sensible defaults. */
import {
  poolKey,
  type Market,
  type Pool,
  type PoolOffer,
  type Refusal,
  type RegionSurvey,
} from '../../src/contracts/capacity';
import type { LaunchQuestion } from '../../src/policy/chain';
import { emptyMemory } from '../../src/policy/pool-memory';
import { classify } from '../../src/policy/refusals';
import { experimentSchema, type ComponentSpec } from '../../src/schemas/experiment';

export const REGION = 'us-west-2';

export function pool(over: Partial<Pool> = {}): Pool {
  return { region: REGION, zone: 'us-west-2a', instanceType: 'm6i.large', market: 'spot', ...over };
}

/** A refusal as an adapter reports it: class and scope by the table. */
export function refusal(code: string, over: Partial<Refusal> = {}): Refusal {
  const message = over.message ?? `AWS says ${code}`;
  return { pool: pool(), code, message, ...classify(code, message), ...over };
}

export function offer(over: Partial<PoolOffer> = {}): PoolOffer {
  const zone = over.zone ?? 'us-west-2a';
  return {
    zone,
    subnetId: `subnet-${zone}`,
    instanceType: 'm6i.large',
    architecture: 'x86_64',
    vcpus: 2,
    quotaFamily: 'Standard',
    spotUsd: 0.04,
    onDemandUsd: 0.1,
    ...over,
  };
}

/** Every type in every zone. */
export function offers(types: string[], zones: string[], over: Partial<PoolOffer> = {}): PoolOffer[] {
  return types.flatMap((instanceType) => zones.map((zone) => offer({ zone, instanceType, ...over })));
}

export function survey(all: PoolOffer[], over: Partial<RegionSurvey> = {}): RegionSurvey {
  return {
    region: REGION,
    vpcId: 'vpc-1',
    offers: all,
    images: { broker: { x86_64: 'ami-x86', arm64: 'ami-arm' } },
    problems: [],
    ...over,
  };
}

/** A component as a user writes it, with every default of the schema. */
export function component(given: Record<string, unknown> = {}): ComponentSpec {
  const spec = experimentSchema.parse({ components: { broker: { instanceTypes: ['m6i.large'], ...given } } });
  return spec.components['broker'] as ComponentSpec;
}

export function question(over: Partial<LaunchQuestion> = {}): LaunchQuestion {
  return {
    component: 'broker',
    spec: component(),
    survey: survey(offers(['m6i.large'], ['us-west-2a', 'us-west-2b'])),
    policy: 'spot-then-on-demand',
    markets: ['spot', 'on-demand'],
    memory: emptyMemory(),
    missing: 1,
    asked: [],
    nowMs: 0,
    ...over,
  };
}

export function keys(all: readonly PoolOffer[], market: Market): string[] {
  return all.map(({ zone, instanceType }) => poolKey({ region: REGION, zone, instanceType, market }));
}

/** The value without some of its members, for what AWS leaves out. */
export function without<T extends object, K extends keyof T & string>(value: T, ...left: K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !left.includes(key as K))) as Omit<T, K>;
}
