/** What does the demo print with `--json`? One document, the same shape for every run. */
import { secondsAfterNotice } from '../cli/render/losses';
import type { ErrorClass, Market, RefusalScope } from '../contracts/capacity';
import type { ExperimentResult, Phase, Reason } from '../contracts/messages';
import type { Verdict } from '../contracts/inventory';
import type { LedgerSummary } from './ledger';

export interface DemoReport {
  experiment: { id: string; phase: Phase; reason: Reason | null };
  attempts: {
    component: string;
    tier: string;
    pools: string[];
    market: Market;
    launched: number;
    refusals: { pool: string; code: string; class: ErrorClass; scope: RefusalScope }[];
    seconds: number;
  }[];
  nodes: { slot: string; instanceId: string; type: string; zone: string; market: Market }[];
  steps: { name: string; slot: string; exitCode: number; result: unknown }[];
  /** Nodes that were taken away; seconds from AWS's notice, null for what never came. */
  interruptions: {
    slot: string;
    oldInstance: string;
    newInstance: string | null;
    noticeToDetected: number | null;
    noticeToAsked: number | null;
    noticeToReady: number | null;
    pool: string;
    newPool: string | null;
  }[];
  /** `resources` is how many were ever seen. */
  certificate: { verdict: Verdict; resources: number; left: string[]; document: string };
  /** Of the simulator: instances launched, alive at the end, beyond what was asked for, without ownership tags. */
  ledger: LedgerSummary;
  /** Events in the histories of all workflows of the experiment. */
  history: { events: number };
  /** From the start of the experiment to its end, and the least its cluster could have taken to be ready. */
  seconds: { total: number; criticalPath: number };
}

export interface DemoFacts {
  result: ExperimentResult;
  ledger: LedgerSummary;
  events: number;
  totalSeconds: number;
  criticalPathSeconds: number;
}

/** The document from what was seen. */
export function demoReport({ result, ledger, events, totalSeconds, criticalPathSeconds }: DemoFacts): DemoReport {
  const { launched, alive, duplicates, untagged, calls } = ledger;
  const { verdict, resources, left, document } = result.certificate;
  return {
    experiment: { id: result.experimentId, phase: result.phase, reason: result.reason ?? null },
    attempts: result.attempts.map((attempt) => ({
      component: attempt.component,
      tier: attempt.tier,
      pools: attempt.pools,
      market: attempt.market,
      launched: attempt.launched,
      refusals: attempt.refusals.map(({ pool, code, class: kind, scope }) => ({
        pool: `${pool.zone}/${pool.instanceType}/${pool.market}`,
        code,
        class: kind,
        scope,
      })),
      seconds: attempt.seconds,
    })),
    nodes: result.nodes.map(({ slot, instanceId, instanceType, zone, market }) => ({
      slot,
      instanceId,
      type: instanceType,
      zone,
      market,
    })),
    steps: result.steps.map(({ name, slot, exitCode, result: value }) => ({
      name,
      slot,
      exitCode,
      result: value ?? null,
    })),
    interruptions: result.interruptions.map((record) => ({
      slot: record.slot,
      oldInstance: record.oldInstance,
      newInstance: record.newInstance ?? null,
      noticeToDetected: secondsAfterNotice(record, 'detectedAt') ?? null,
      noticeToAsked: secondsAfterNotice(record, 'askedAt') ?? null,
      noticeToReady: secondsAfterNotice(record, 'readyAt') ?? null,
      pool: record.pool,
      newPool: record.newPool ?? null,
    })),
    certificate: { verdict, resources, left, document },
    ledger: { launched, alive, duplicates, untagged, calls },
    history: { events },
    seconds: { total: round(totalSeconds), criticalPath: round(criticalPathSeconds) },
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
