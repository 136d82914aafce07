/** What does a run know of itself, and how is it shown? State as plain data, published to the Temporal UI. */
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { SearchAttributeType, type SearchAttributeUpdatePair } from '@temporalio/common';
import type { SEARCH_ATTRIBUTES } from '../contracts/names';
import { cleanupWorkflowId } from '../contracts/names';
import type { ExperimentStatus, Node, Phase, Reason, TimelineEntry } from '../contracts/messages';
import { costSummary } from '../policy/cost';
import { currentDetails } from '../policy/current-details';

/** The last events kept in the state; the whole story is in the history. */
const TIMELINE_LENGTH = 100;

/** A run's state: the answer of the `status` query plus what its numbers are made from. */
export interface RunState {
  status: ExperimentStatus;
  launchedAtMs: Record<string, number>;
  endedAtMs: Record<string, number>;
  /** Every node the run ever had, for the cost. */
  everyNode: Node[];
  /** Markdown links for the run page; cleanup has a page once it has begun. */
  links: { like: string; cleanup: string };
  /** One line that the run page shows as long as it runs. */
  warning?: string;
  /** Hears of every phase, once somebody wants to know. */
  onPhase?: (event: TimelineEntry) => void;
  /** The request id is this run's own, or it has none. */
  claimed: boolean;
  /** The phase of the work while it is shown as Recovering. */
  beside?: Phase;
}

/** The state before anything is known but the id. */
export function newRunState(experimentId: string, nowMs: number): RunState {
  const at = new Date(nowMs).toISOString();
  return {
    status: {
      experimentId,
      name: '',
      owner: '',
      phase: 'Planning',
      startedAt: at,
      expiresAt: at,
      nodes: [],
      spares: [],
      progress: [],
      desired: {},
      attempts: [],
      steps: [],
      interruptions: [],
      cost: costSummary([], {}, {}, nowMs, nowMs),
      timeline: [],
      reached: { Planning: at },
    },
    launchedAtMs: {},
    endedAtMs: {},
    claimed: false,
    everyNode: [],
    links: runLinks(),
  };
}

/** Relative links: the page that shows them is the Temporal UI itself. */
function runLinks(): RunState['links'] {
  const { namespace, workflowId, runId, taskQueue, workflowType } = workflowInfo();
  const base = `/namespaces/${namespace}/workflows`;
  const like = Object.entries({ workflowType, taskQueue, workflowId, runId })
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  return {
    like: `[Start one like this](${base}/start-workflow?${like})`,
    cleanup: `[Cleanup](${base}/${encodeURIComponent(cleanupWorkflowId(workflowId))})`,
  };
}

/** Adds a line to the timeline and shows it. */
export function tell(state: RunState, text: string, more: Pick<TimelineEntry, 'phase' | 'reason'> = {}): void {
  const { timeline } = state.status;
  const entry: TimelineEntry = { seq: (timeline.at(-1)?.seq ?? 0) + 1, at: new Date().toISOString(), text, ...more };
  state.status.timeline = [...timeline, entry].slice(-TIMELINE_LENGTH);
  if (entry.phase !== undefined) state.onPhase?.(entry);
  publish(state);
}

/** Replaces the inventory: nodes no longer in it count as ended now. Spares stay as they are unless they are given. */
export function setNodes(state: RunState, nodes: Node[], spares: Node[] = state.status.spares): void {
  const nowMs = Date.now();
  const before = new Set(state.everyNode.map((node) => node.instanceId));
  for (const node of [...nodes, ...spares]) {
    if (before.has(node.instanceId)) continue;
    state.everyNode = [...state.everyNode, node];
    state.launchedAtMs[node.instanceId] = nowMs;
  }
  // A node known from its launch gets its address once it is ready.
  const now = new Map([...nodes, ...spares].map((node) => [node.instanceId, node]));
  state.everyNode = state.everyNode.map((node) => now.get(node.instanceId) ?? node);
  const kept = new Set(now.keys());
  for (const node of state.everyNode) if (!kept.has(node.instanceId)) state.endedAtMs[node.instanceId] ??= nowMs;
  state.status.nodes = nodes;
  state.status.spares = spares;
  publish(state);
}

/** Phases of work that goes on beside a failover. */
const BESIDE_FAILOVER: readonly Phase[] = ['Ready', 'Running', 'Collecting'];

/** Shows that nodes are being replaced; afterwards the phase is again what the work has come to meanwhile. */
export function setRecovering(state: RunState, isRecovering: boolean): void {
  const { phase } = state.status;
  if (isRecovering && BESIDE_FAILOVER.includes(phase)) {
    state.beside = phase;
    setPhase(state, 'Recovering');
  } else if (!isRecovering && phase === 'Recovering' && state.beside !== undefined) {
    const back = state.beside;
    delete state.beside;
    setPhase(state, back);
  }
}

/** Moves to a phase; search attributes follow, so that lists can be filtered by it. */
export function setPhase(state: RunState, phase: Phase, reason?: Reason, message?: string): void {
  if (state.beside !== undefined && BESIDE_FAILOVER.includes(phase)) {
    state.beside = phase;
    return;
  }
  state.status.phase = phase;
  if (reason !== undefined) state.status.reason = reason;
  if (message !== undefined) state.status.message = message;
  const { status } = state;
  status.reached[phase] ??= new Date().toISOString();
  const text = [phase, reason, message?.split('\n')[0]].filter((part) => part !== undefined).join(': ');
  tell(state, text, { phase, ...(reason === undefined ? {} : { reason }) });
  upsertSearchAttributes([
    keyword('HoldfastPhase', phase),
    ...(reason === undefined ? [] : [keyword('HoldfastReason', reason)]),
    ...(status.region === undefined ? [] : [keyword('HoldfastRegion', status.region)]),
    number('HoldfastNodesReady', 'INT', status.progress.filter((node) => node.at === 'ready').length),
    number('HoldfastInterruptions', 'INT', status.interruptions.length),
    number('HoldfastCostUsd', 'DOUBLE', status.cost.spentUsd),
  ]);
}

/**
 * Says that the run has begun. The start form of the UI copies search attributes of an earlier run, so whatever this
 * run does not know yet is taken back.
 */
export function announce(state: RunState): void {
  upsertSearchAttributes([
    keyword('HoldfastPhase', state.status.phase),
    ...(['HoldfastReason', 'HoldfastRegion', 'HoldfastOwner', 'HoldfastTemplate'] as const).map((name) => ({
      key: { name, type: SearchAttributeType.KEYWORD },
      value: null,
    })),
    number('HoldfastNodesReady', 'INT', 0),
    number('HoldfastInterruptions', 'INT', 0),
    number('HoldfastCostUsd', 'DOUBLE', 0),
  ]);
}

/** What is fixed once the spec is admitted. */
export function describeRun(state: RunState, trigger: string): void {
  const { status } = state;
  upsertSearchAttributes([
    keyword('HoldfastOwner', status.owner),
    keyword('HoldfastTemplate', status.name),
    keyword('HoldfastTrigger', trigger),
    expiry(status.expiresAt),
  ]);
}

/** Shows a new end of the lease. */
export function setExpiry(state: RunState, expiresAt: string): void {
  state.status.expiresAt = expiresAt;
  upsertSearchAttributes([expiry(expiresAt)]);
  publish(state);
}

/** Brings the cost up to date and shows the state as markdown. */
export function publish(state: RunState): void {
  const expiresAtMs = Date.parse(state.status.expiresAt);
  state.status.cost = costSummary(state.everyNode, state.launchedAtMs, state.endedAtMs, Date.now(), expiresAtMs);
  const { like, cleanup } = state.links;
  const hasCleanup = state.status.phase === 'TearingDown' || state.status.cleanup !== undefined;
  setCurrentDetails(currentDetails(state.status, hasCleanup ? [cleanup, like] : [like], state.warning));
}

function keyword(name: keyof typeof SEARCH_ATTRIBUTES, value: string): SearchAttributeUpdatePair {
  return { key: { name, type: SearchAttributeType.KEYWORD }, value };
}

function number(
  name: keyof typeof SEARCH_ATTRIBUTES,
  type: 'INT' | 'DOUBLE',
  value: number,
): SearchAttributeUpdatePair {
  return { key: { name, type: SearchAttributeType[type] }, value } as SearchAttributeUpdatePair;
}

function expiry(at: string): SearchAttributeUpdatePair {
  return { key: { name: 'HoldfastExpiresAt', type: SearchAttributeType.DATETIME }, value: new Date(at) };
}
