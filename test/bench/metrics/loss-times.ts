/**
 * How long does it take until a node that is taken away is noticed, asked for again, and replaced?
 *
 * The numbers are the worst of all losses. Ready: the end of the old node by our own call, which comes after readiness
 * and promotion. The gap is the most members that were missing at any moment after the first notice: an instance serves
 * from when its unit is up until it begins to shut down. At risk is whatever lived in the pool of a lost node at its
 * notice.
 */
import { TAG } from '../../../src/contracts/names';
import type { LedgerDocument } from '../../../src/simulator';
import { instancesOf, type LedgerResource } from '../ledger';
import { afternoon, MEMBERS, REGIONS, worst } from '../losses';
import type { Bench } from '../metric';

const UNIT = 'broker.service';

export const lossTimes: Bench = {
  name: 'loss-times',
  goals: [
    { name: 'simulator: notice to detected, worst of 52', goal: 8, unit: 's' },
    { name: 'simulator: notice to replacement asked', goal: 12, unit: 's' },
    { name: 'simulator: notice to replacement ready', goal: 110, unit: 's' },
    { name: 'simulator: stateless members missing at once', goal: 0, unit: 'nodes' },
    { name: 'simulator: siblings at risk without a replacement asked', goal: 0, unit: 'nodes' },
    { name: 'simulator: launched beyond members, lost and at risk', goal: 0, unit: 'nodes' },
    { name: 'simulator: surplus when all is calm', goal: 0, unit: 'nodes' },
  ],
  async run(stack) {
    const { ledger, ids, losses } = await afternoon(stack, 'stateless', { services: [UNIT] });
    const missing = Math.max(...ids.map((id) => mostMissing(ledger, id)));
    const spares = ids.map((id) => sparesOf(ledger, id));
    const sum = (count: (of: Spares) => number): number => spares.reduce((all, of) => all + count(of), 0);
    return [
      ...(['detected', 'asked', 'ended'] as const).map((moment) => worst(losses.map((loss) => loss[moment]))),
      { value: missing, note: `of ${String(MEMBERS)} members in each of ${String(REGIONS.length)} experiments` },
      { value: sum((of) => of.forgotten), note: `${String(sum((of) => of.atRisk))} siblings were at risk` },
      { value: sum((of) => Math.max(0, of.extra)), note: `${String(sum((of) => of.launched))} launched in all` },
      { value: sum((of) => of.surplus), note: 'living instances beyond the members' },
    ];
  },
};

interface Spares {
  launched: number;
  atRisk: number;
  /** Nodes at risk whose slot no other instance got. */
  forgotten: number;
  /** Launched beyond the members, those lost and those at risk. */
  extra: number;
  surplus: number;
}

function sparesOf(ledger: LedgerDocument, experimentId: string): Spares {
  const instances = instancesOf(ledger, experimentId);
  const lost = ledger.interruptions.filter((one) => one.experimentId === experimentId);
  const isLost = new Set(lost.map(({ instanceId }) => instanceId));
  const atRisk = instances.filter(({ id, zone, instanceType, market, createdAt, endedAt = Infinity }) => {
    if (isLost.has(id) || market !== 'spot') return false;
    return lost.some((one) => {
      const isSibling = one.zone === zone && one.instanceType === instanceType;
      return isSibling && createdAt < one.noticeAt && endedAt > one.noticeAt;
    });
  });
  const forgotten = atRisk.filter(
    ({ id, tags, createdAt }) =>
      !instances.some((next) => next.id !== id && next.tags[TAG.slot] === tags[TAG.slot] && next.createdAt > createdAt),
  );
  return {
    launched: instances.length,
    atRisk: atRisk.length,
    forgotten: forgotten.length,
    extra: instances.length - MEMBERS - lost.length - atRisk.length,
    surplus: instances.filter(({ endedAt }) => endedAt === undefined).length - MEMBERS,
  };
}

/** Looked at whenever the number can fall: just after each member's end. */
function mostMissing(ledger: LedgerDocument, experimentId: string): number {
  const instances = instancesOf(ledger, experimentId);
  const lost = ledger.interruptions.filter((one) => one.experimentId === experimentId);
  const stops = new Map(lost.map(({ instanceId, endedAt }) => [instanceId, endedAt]));
  const first = Math.min(...lost.map(({ noticeAt }) => noticeAt));
  const serves = ({ id, runningAt = Infinity, draws }: LedgerResource, at: number): boolean =>
    runningAt + (draws[`service:${UNIT}`] ?? Infinity) <= at && at < (stops.get(id) ?? Infinity);
  const moments = [first, ...[...stops.values()].filter((at) => at !== undefined)];
  return Math.max(...moments.map((at) => MEMBERS - instances.filter((one) => serves(one, at)).length), 0);
}
