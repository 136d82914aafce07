/** What does a seed do to a cleanup? What lies around where, what AWS does wrong, and what happens meanwhile. */
import type { FaultPlan, ScenarioPatch } from '../../../src/simulator';
import { createRandom } from '../../../src/simulator/random';

export interface CleanupOrdeal {
  seed: number;
  /** `storm`: everything passes in the end, so cleanup must get there. `blind`: something stays unread or forbidden. */
  kind: 'storm' | 'blind';
  /** Cells of resources by region; other regions are empty. */
  cells: Record<string, number>;
  delays: NonNullable<ScenarioPatch['delays']>;
  listings: NonNullable<ScenarioPatch['listings']>;
  /** Between the two looks of the proof; longer than the longest lag. */
  settleSeconds: number;
  faults: FaultPlan;
  /** How many of its resources get a `DoNotDelete` tag. */
  guarded: number;
  /** After so long one more instance is made with its tags. */
  lateAfterMs?: number;
  /** After so long one of its resources loses its tags. */
  untagAfterMs?: number;
  /** After so long its worker is killed, and another starts. */
  killAfterMs?: number;
}

const REGIONS = ['us-west-2', 'us-east-1', 'us-east-2', 'eu-west-1'];

/** Shares of all calls, as storms of a bad day: throttled, failed, and done with the reply lost. */
const STORM: FaultPlan = [
  { operation: '*', probability: 0.2, effect: { throttle: true } },
  { operation: '*', probability: 0.05, effect: { error: 'InternalError', status: 500 } },
  { operation: '*', probability: 0.05, effect: { loseReply: true } },
  { operation: '*', probability: 0.05, effect: { expireTokens: true } },
];

/** Ten times faster than the two minutes for which AWS's listings have been seen to lag. */
const LONG_LAG_MS = 12_000;
/** Interfaces that hold their group and subnet long after their owner is gone. */
const LONG_TAIL_MS = 20_000;

/** Pages that mislead, machines that lose their tags at their end, and what is gone but named for an hour. */
const MISLEADING: CleanupOrdeal['listings'] = {
  shortPages: { ec2: 0.3, tagging: 0.3 },
  emptyPages: { ec2: 0.2, tagging: 0.2 },
  tagsLost: 0.3,
  tagGhostSeconds: { '*': 3600 },
};

/** Reads of a proof, and deletions; without any of them nothing may be called clean while something lives. */
const NEEDED = [
  'DescribeTags',
  'GetResources',
  'DescribeInstances',
  'DescribeVolumes',
  'DescribeSecurityGroups',
  'DescribeNetworkInterfaces',
  'DescribeSubnets',
  'DescribeVpcs',
  'DescribeLaunchTemplates',
  'DescribeSnapshots',
  'TerminateInstances',
  'DeleteVolume',
  'DeleteSecurityGroup',
  'DeleteVpc',
  'DeleteSnapshot',
];

/** The ordeal of a seed; every third one is blind. */
export function drawCleanup(seed: number): CleanupOrdeal {
  const random = createRandom(seed);
  const is = (probability: number): boolean => random.next() < probability;
  const one = <T>(of: readonly T[]): T => of[Math.floor(random.next() * of.length)]!;
  const kind = seed % 3 === 0 ? 'blind' : 'storm';
  const regions = [...new Set([one(REGIONS), one(REGIONS)])];
  const cells = Object.fromEntries(regions.map((region) => [region, random.between([1, 2])]));
  const lag = is(0.15) ? LONG_LAG_MS : random.between([0, 1500]);
  const linger = is(0.1) ? LONG_TAIL_MS : 2000;
  return {
    seed,
    kind,
    cells,
    delays: {
      visibilityLag: [0, lag],
      tagIndexLag: [0, lag],
      deleteLag: [0, lag],
      describeTagsLag: [0, lag],
      interfaceLinger: [0, linger],
    },
    listings: is(0.6) ? MISLEADING : {},
    settleSeconds: 2 + Math.ceil(lag / 1000),
    faults: [...(is(0.8) ? STORM : []), ...(kind === 'blind' ? blindness(one, is, regions) : [])],
    guarded: is(0.3) ? random.between([1, 3]) : 0,
    ...(is(0.4) ? { lateAfterMs: random.between([0, 3000]) } : {}),
    ...(is(0.2) ? { untagAfterMs: random.between([0, 3000]) } : {}),
    ...(is(0.2) ? { killAfterMs: random.between([0, 6000]) } : {}),
  };
}

/** A region that answers nobody, or an operation that is not permitted in one region or in all. */
function blindness(
  one: <T>(of: readonly T[]) => T,
  is: (probability: number) => boolean,
  regions: string[],
): FaultPlan {
  const effect = { error: one(['UnauthorizedOperation', 'AuthFailure']), status: 403 };
  if (is(0.3)) return [{ operation: '*', region: one(regions), effect }];
  return [{ operation: one(NEEDED), region: is(0.5) ? one(regions) : '*', effect }];
}
