/** Which experiments are there? Read from Temporal's visibility, so it needs no worker. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { MEMO } from '../contracts/names';
import { HoldfastError } from './errors';

/** One row of the list. Search attributes that the workflow has not set yet are absent. */
export interface ExperimentListing {
  id: string;
  runId: string;
  /** Temporal's word: RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED, TIMED_OUT, CONTINUED_AS_NEW. */
  state: string;
  startedAt: string;
  endedAt?: string;
  template?: string;
  owner?: string;
  phase?: string;
  reason?: string;
  region?: string;
  expiresAt?: string;
  costUsd?: number;
  nodesReady?: number;
  /** Nodes that were lost. */
  interruptions?: number;
  /** `start`, or `schedule`. */
  trigger?: string;
}

export interface ListOptions {
  /** More of Temporal's list filter, e.g. `HoldfastOwner = "ada"`. */
  query?: string;
  /** Rows at most; 100 when absent. */
  limit?: number;
}

/** A terminal shows no more without scrolling for long. */
const DEFAULT_LIMIT = 100;

/** Newest first. */
export async function listExperiments(client: Client, options: ListOptions = {}): Promise<ExperimentListing[]> {
  const query = `WorkflowType = 'experiment'${options.query === undefined ? '' : ` AND (${options.query})`}`;
  const limit = options.limit ?? DEFAULT_LIMIT;
  const rows: ExperimentListing[] = [];
  for await (const info of client.workflow.list({ query, pageSize: Math.min(limit, 1000) })) {
    if (info.status.name === 'CONTINUED_AS_NEW' || isTemplate(info)) continue;
    rows.push(listingOf(info));
    if (rows.length >= limit) break;
  }
  return rows.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
}

/** The full id for an id, a unique prefix of one, or `latest`. Rejects with `not-found` or `ambiguous`. */
export async function resolveId(client: Client, given: string): Promise<string> {
  if (given === 'latest') {
    const [newest] = await listExperiments(client);
    if (newest === undefined) throw new HoldfastError('not-found', 'there is no experiment yet');
    return newest.id;
  }
  const query = `WorkflowId = ${quoted(given)} OR WorkflowId STARTS_WITH ${quoted(given)}`;
  const ids = [...new Set((await listExperiments(client, { query })).map((row) => row.id))];
  if (ids.includes(given)) return given;
  if (ids.length > 1) {
    throw new HoldfastError('ambiguous', `${String(ids.length)} experiments begin with ${given}`, { lines: ids });
  }
  const [only] = ids;
  if (only === undefined) throw new HoldfastError('not-found', `no experiment has the id ${given}`);
  return only;
}

/** Events of all runs of an experiment and of the workflows below its id. */
export async function historyEvents(client: Client, id: string): Promise<number> {
  const query = `WorkflowId = ${quoted(id)} OR WorkflowId STARTS_WITH ${quoted(`${id}/`)}`;
  let events = 0;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    // Described rather than listed: visibility learns the length of a history some time after its end.
    events += (await client.workflow.getHandle(workflowId, runId).describe()).historyLength;
  }
  return events;
}

/** A text as a value of Temporal's list filter. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Whether it only stands in the start form of the Temporal UI. */
export function isTemplate({ memo }: WorkflowExecutionInfo): boolean {
  return memo?.[MEMO.template] !== undefined;
}

/** The row of one workflow. */
export function listingOf(info: WorkflowExecutionInfo): ExperimentListing {
  const read = attributeReader(info);
  return {
    id: info.workflowId,
    runId: info.runId,
    state: info.status.name,
    startedAt: info.startTime.toISOString(),
    ...(info.closeTime === undefined ? {} : { endedAt: info.closeTime.toISOString() }),
    ...read.text('template', 'HoldfastTemplate'),
    ...read.text('owner', 'HoldfastOwner'),
    ...read.text('phase', 'HoldfastPhase'),
    ...read.text('reason', 'HoldfastReason'),
    ...read.text('region', 'HoldfastRegion'),
    ...read.text('expiresAt', 'HoldfastExpiresAt'),
    ...read.number('costUsd', 'HoldfastCostUsd'),
    ...read.number('nodesReady', 'HoldfastNodesReady'),
    ...read.number('interruptions', 'HoldfastInterruptions'),
    ...read.text('trigger', 'HoldfastTrigger'),
  };
}

interface AttributeReader {
  text<K extends string>(key: K, attribute: string): Partial<Record<K, string>>;
  number<K extends string>(key: K, attribute: string): Partial<Record<K, number>>;
}

function attributeReader(info: WorkflowExecutionInfo): AttributeReader {
  const values = new Map(info.typedSearchAttributes.getAll().map((pair) => [pair.key.name, pair.value as unknown]));
  return {
    text: (key, attribute) => {
      const value = values.get(attribute);
      const text = value instanceof Date ? value.toISOString() : value;
      return (typeof text === 'string' ? { [key]: text } : {}) as Partial<Record<typeof key, string>>;
    },
    number: (key, attribute) => {
      const value = values.get(attribute);
      return (typeof value === 'number' ? { [key]: value } : {}) as Partial<Record<typeof key, number>>;
    },
  };
}
