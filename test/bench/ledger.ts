/** What does the simulator's ledger prove? Questions that several metrics ask of it. */
import { TAG } from '../../src/contracts/names';
import type { LedgerDocument } from '../../src/simulator';

export type LedgerCall = LedgerDocument['calls'][number];
export type LedgerResource = LedgerDocument['resources'][number];

/** Calls in a region that ask for instances; rehearsals (`DryRun`) ask for none. */
export function launchCallsIn(ledger: LedgerDocument, region: string): LedgerCall[] {
  return ledger.calls.filter(
    (call) =>
      call.region === region &&
      ['CreateFleet', 'RunInstances'].includes(call.operation) &&
      call.outcome !== 'DryRunOperation',
  );
}

export function instancesOf(ledger: LedgerDocument, experimentId: string): LedgerResource[] {
  return ledger.resources.filter(({ type, tags }) => type === 'instance' && tags[TAG.experimentId] === experimentId);
}

/** One launch request of an experiment; times are epoch milliseconds of the simulator. */
export interface LaunchRequest {
  region: string;
  askedAt: number;
  answeredAt: number;
  nodes: LedgerResource[];
}

/**
 * The launch requests of an experiment in order. The ledger tags fleets and not calls; a fleet is made in the moment
 * in which its call is answered, so it belongs to the call of its region that ended closest to it.
 */
export function launchesOf(ledger: LedgerDocument, experimentId: string): LaunchRequest[] {
  const instances = instancesOf(ledger, experimentId);
  return ledger.resources
    .filter(({ type, tags }) => type === 'fleet' && tags[TAG.experimentId] === experimentId)
    .map((fleet) => {
      const off = (call: LedgerCall): number => Math.abs(call.at + call.millis - fleet.createdAt);
      const call = launchCallsIn(ledger, fleet.region).reduce((best, next) => (off(next) < off(best) ? next : best));
      const nodes = instances.filter(({ tags }) => tags['aws:ec2:fleet-id'] === fleet.id);
      return { region: fleet.region, askedAt: call.at, answeredAt: call.at + call.millis, nodes };
    })
    .sort((a, b) => a.askedAt - b.askedAt);
}

/** Whether the call only looks. */
export function isRead({ operation }: LedgerCall): boolean {
  return /^(Describe|Get|List)/.test(operation);
}
