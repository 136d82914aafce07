/** What can be asked of one experiment? */
import type { Client } from '@temporalio/client';
import {
  QUERY,
  SIGNAL,
  UPDATE,
  type CommandOutcome,
  type ExperimentResult,
  type ExperimentStatus,
  type Phase,
  type TimelineEntry,
} from '../contracts/messages';
import { eventsOf, waitForPhase, type EventOptions, type Sight } from './events';
import { experimentResult } from './result';
import { translated } from './translate';

/** One experiment, running or ended. Every method rejects with a `HoldfastError`. */
export interface ExperimentHandle {
  readonly id: string;
  /** Its page in the Temporal UI. */
  readonly url: string;
  /** What is going on now; also answers after the end, as long as a worker runs and the history is kept. */
  status(): Promise<ExperimentStatus>;
  /** Whether its workflow still runs; needs no worker. */
  isRunning(): Promise<boolean>;
  /** Waits until a phase was come into, however short it was. Rejects with `ended` when the end comes without it. */
  wait(phase: Phase): Promise<ExperimentStatus>;
  /** What happens, each event once and in order, until the experiment is over; looked at every second. */
  events(options?: EventOptions): AsyncIterable<TimelineEntry>;
  /** Waits for the end, whatever it is: look at `phase`. Rejects when there is no result at all (`no-result`). */
  result(): Promise<ExperimentResult>;
  /** Moves the end of the lease by a duration such as `6h`; answers with the new end as ISO text. */
  extend(by: string): Promise<string>;
  /** Keeps the nodes after the end of the work, until `release` or the end of the hold's own lease (`holdFor`). */
  hold(): Promise<void>;
  /** Ends a hold: teardown begins. */
  release(): Promise<void>;
  /** Has the node of a slot, or an instance, replaced; the old one works until the new one is ready. */
  replaceNode(slotOrInstance: string): Promise<{ slot: string; instanceId: string }>;
  /**
   * Runs a bash script on the nodes of a component, or on the node of a slot, and waits for its end there.
   * `timeout` is a duration, five minutes when absent.
   */
  exec(on: string, run: string, options?: { timeout?: string }): Promise<CommandOutcome[]>;
  /** Ends the work early and tears down; the experiment counts as cancelled. */
  stop(): Promise<void>;
  /** Adds a line to its timeline. */
  note(text: string): Promise<void>;
  /** Asks Temporal to cancel: the same orderly teardown, and it works without a worker at hand. */
  cancel(): Promise<void>;
}

/** A worker answers in milliseconds; after 5 s none is there, and the SDK's own limit would say so much later. */
const ANSWER_MS = 5000;

/** A connection, and the signal that it is about to close: a call retried on a closed one would end the process. */
export interface Line {
  client: Client;
  closing: AbortSignal;
}

/** Wraps a workflow handle; `url` is its page. */
export function experimentHandle({ client, closing }: Line, id: string, url: string): ExperimentHandle {
  const workflow = client.workflow.getHandle(id);
  const update = <T>(name: string, args: unknown[]): Promise<T> =>
    translated(id, () => workflow.executeUpdate<T, [unknown]>(name, { args: args as [unknown] }));
  const status = (): Promise<ExperimentStatus> =>
    translated(id, () =>
      client.withDeadline(Date.now() + ANSWER_MS, async () => upToDate(await workflow.query(QUERY.status))),
    );
  const sight: Sight = {
    look: status,
    closed: (signal) =>
      client.withAbortSignal(AbortSignal.any([closing, signal]), () => workflow.result()).then(ignore, ignore),
  };
  return {
    id,
    url,
    status,
    isRunning: () => translated(id, async () => (await workflow.describe()).status.name === 'RUNNING'),
    wait: (phase) => waitForPhase(sight, id, phase),
    events: (options) => eventsOf(sight, options),
    result: () => translated(id, () => client.withAbortSignal(closing, () => experimentResult(client, id))),
    extend: async (by) => (await update<{ expiresAt: string }>(UPDATE.extend, [{ by }])).expiresAt,
    hold: () => ignored(update(UPDATE.hold, [])),
    release: () => ignored(update(UPDATE.release, [])),
    replaceNode: (node) => update(UPDATE.replaceNode, [node.startsWith('i-') ? { instanceId: node } : { slot: node }]),
    exec: (on, run, options = {}) => update(UPDATE.runCommand, [{ on, run, ...options }]),
    stop: () => ignored(update(UPDATE.stop, [])),
    note: (text) => translated(id, () => workflow.signal(SIGNAL.note, text)),
    cancel: () => ignored(translated(id, () => workflow.cancel())),
  };
}

/** A workflow's clock stands still between its events, so what was spent since the last one is added here. */
function upToDate(status: ExperimentStatus): ExperimentStatus {
  const { cost } = status;
  const hours = Math.max(0, Date.now() - Date.parse(cost.at)) / 3_600_000;
  if (cost.usdPerHour === 0) return status;
  return {
    ...status,
    cost: { ...cost, spentUsd: cost.spentUsd + cost.usdPerHour * hours, at: new Date().toISOString() },
  };
}

async function ignored(call: Promise<unknown>): Promise<void> {
  await call;
}

/** How it ended is the result's to say. */
function ignore(): void {
  // Nothing to do.
}
