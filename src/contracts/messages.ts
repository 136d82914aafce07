/** What goes over the wire between workflows and their callers? Phases, reasons, queries, updates, results. */
import type { Attempt, Market } from './capacity';
import type { InterruptionRecord } from './failover';
import type { Verdict } from './inventory';
import type { NodeProgress } from './readiness';
import type { SlotVolume } from './volumes';

export const PHASES = [
  'Planning',
  'Provisioning',
  'Configuring',
  'Ready',
  'Running',
  'Recovering',
  'Collecting',
  'Held',
  'TearingDown',
  'Done',
  'Failed',
  'Cancelled',
  'Expired',
] as const;
export type Phase = (typeof PHASES)[number];

/** Phases in which nothing changes any more. */
export const FINAL_PHASES: readonly Phase[] = ['Done', 'Failed', 'Cancelled', 'Expired'] satisfies FinalPhase[];
export type FinalPhase = 'Done' | 'Failed' | 'Cancelled' | 'Expired';

/** Why an experiment ended as it did; a closed list. */
export type Reason =
  | 'Spec'
  | 'Policy'
  | 'Budget'
  | 'Quota'
  | 'Capacity'
  | 'Interrupted'
  | 'NotReady'
  | 'Workload'
  | 'Timeout'
  | 'Internal'
  | 'User';

/** The member that fills a slot now. */
export interface Node {
  slot: string;
  component: string;
  /** 1 for the first instance of the slot. */
  generation: number;
  instanceId: string;
  instanceType: string;
  region: string;
  zone: string;
  market: Market;
  privateIp?: string;
  /** Data volumes that follow the slot; known from the time the slot was first ready. */
  volumes?: SlotVolume[];
  /** USD per hour as bought; absent when no price is known. */
  usdPerHour?: number;
  onDemandUsdPerHour?: number;
}

/** One step on one node. */
export interface StepOutcome {
  name: string;
  slot: string;
  /** 124 when it ran over its time limit. */
  exitCode: number;
  seconds: number;
  /** The parsed result, when the step declares one and it is small enough for a history (64 KiB). */
  result?: unknown;
  /** Where its whole output is kept in the result store. */
  outputs: { stdout: string; stderr: string; result?: string };
  /** Slots that were replaced while it ran. */
  disturbed?: string[];
  /** Why the declared result could not be read. */
  resultProblem?: string;
}

/** What a command that a person sent did on one node. */
export interface CommandOutcome {
  slot: string;
  instanceId: string;
  /** 124 when it ran over its time limit; absent when the node went first. */
  exitCode?: number;
  /** Why the node could not answer. */
  lost?: string;
  /** The beginning of what it printed; the whole is in the result store. */
  stdout: string;
  stderr: string;
  /** True when `stdout` or `stderr` goes on in the result store. */
  cut?: boolean;
  /** Where the whole outputs are kept. */
  outputs?: { stdout: string; stderr: string };
}

/** One event of an experiment. */
export interface TimelineEntry {
  /** 1 for the first event, without gaps: who has seen one can ask for what came after it. */
  seq: number;
  at: string;
  text: string;
  /** Set when the experiment came into this phase. */
  phase?: Phase;
  reason?: Reason;
}

export interface CostSummary {
  usdPerHour: number;
  onDemandUsdPerHour: number;
  /** Spent until `at`, from launch times and the price at launch. */
  spentUsd: number;
  /** Expected at the end of the lease. */
  atExpiryUsd: number;
  at: string;
}

/** The answer of the `status` query. */
export interface ExperimentStatus {
  experimentId: string;
  name: string;
  owner: string;
  phase: Phase;
  reason?: Reason;
  message?: string;
  region?: string;
  startedAt: string;
  expiresAt: string;
  /** The members: who holds which slot. */
  nodes: Node[];
  /** What runs and holds no slot of the work: standbys, and replacements on their way. */
  spares: Node[];
  progress: NodeProgress[];
  desired: Record<string, number>;
  attempts: Attempt[];
  steps: StepOutcome[];
  interruptions: InterruptionRecord[];
  cost: CostSummary;
  /** The last events. */
  timeline: TimelineEntry[];
  /** When each phase was first come into. */
  reached: Partial<Record<Phase, string>>;
  cleanup?: { verdict: Verdict; left: string[]; digest: string };
}

/** What an experiment leaves behind: the workflow's result, and the details of its failure. */
export interface ExperimentResult {
  experimentId: string;
  phase: FinalPhase;
  reason?: Reason;
  message?: string;
  nodes: Node[];
  attempts: Attempt[];
  steps: StepOutcome[];
  interruptions: InterruptionRecord[];
  cost: CostSummary;
  certificate: CertificateSummary;
  /** Folder or prefix that holds everything. */
  results: string;
}

/** What fits in a history of the certificate; the whole document is in the result store. */
export interface CertificateSummary {
  verdict: Verdict;
  /** Number of resources ever seen. */
  resources: number;
  left: string[];
  /** SHA-256 of the whole document. */
  digest: string;
  /** Where the whole document is. */
  document: string;
}

/** Input of the `cleanup` workflow: the id and nothing else is needed. */
export interface CleanupInput {
  experimentId: string;
  /** All regions of the account when absent. */
  regions?: string[];
  /** Only look, and keep a plan of what would be deleted: no call that changes anything. */
  plan?: boolean;
  /** Digest of a plan, or its first 12 digits and more: only what that plan names is deleted. */
  apply?: string;
  /** More living resources than this, and nothing is deleted at all. */
  maxResources?: number;
  /** Seconds, or a duration, between the two looks that have to find nothing; 60 s when absent. */
  settleSeconds?: number | string;
  /** Seconds, or a duration, after a clean end until all is looked at once more; 75 min when absent. */
  recheckSeconds?: number | string;
  /** Seconds, or a duration, after which the verdict is given with whatever is left; 30 min when absent. */
  limitSeconds?: number | string;
  /** The account and endpoint it is meant for; those of the worker when absent. */
  target?: { account: string; endpoint: string };
}

/** The result of the `cleanup` workflow, and the details of its failure. */
export interface CleanupResult extends CertificateSummary {
  experimentId: string;
}

/** Resources of one type in one region. */
export interface PlanRow {
  region: string;
  type: string;
  count: number;
  /** How many of them are not deleted. */
  kept: number;
  /** What they cost together, of those with a known price. */
  usdPerHour: number;
  /** How many are charged for at an unknown price. */
  unpriced: number;
}

/** The result of the `cleanup` workflow with `plan: true`; the whole document is in the result store. */
export interface CleanupPlan {
  experimentId: string;
  digest: string;
  document: string;
  account: string;
  regions: string[];
  resources: number;
  rows: PlanRow[];
  usdPerHour: number;
  /** What is not deleted and why, one line each. */
  kept: string[];
  /** What could not be read, one line each: there may be more than the plan knows. */
  unreadable: string[];
}

/** The answer of cleanup's `status` query. */
export interface CleanupStatus {
  experimentId: string;
  regions: string[];
  doing: 'checking' | 'planning' | 'waiting' | 'looking' | 'deleting' | 'settling' | 'done';
  live: number;
  ending: number;
  gone: number;
  left: string[];
}

export const QUERY = {
  status: 'status',
  inventory: 'inventory',
  attempts: 'attempts',
  cost: 'cost',
  timeline: 'timeline',
  /** Of `capacity`. */
  memory: 'memory',
} as const;
export const UPDATE = {
  extend: 'extend',
  hold: 'hold',
  release: 'release',
  replaceNode: 'replaceNode',
  runCommand: 'runCommand',
  /** Answers when the run knows that its request id is its own. */
  claimed: 'claimed',
  stop: 'stop',
} as const;
export const SIGNAL = {
  note: 'note',
  /** A list of `Interruption`: what was noticed about nodes of the experiment. */
  interruption: 'interruption',
  /** Of `capacity`: what one launch request taught. */
  told: 'told',
} as const;
