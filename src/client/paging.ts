/** How does a reader go through all experiments, page by page? */
import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { executionInfoFromRaw } from '@temporalio/client/lib/helpers';
import { HoldfastError } from './errors';
import { isTemplate, listingOf, quoted, type ExperimentListing } from './listing';

/** What is wanted; everything that is absent does not matter. */
export interface PageOptions {
  owner?: string | undefined;
  template?: string | undefined;
  region?: string | undefined;
  phase?: string | undefined;
  state?: 'running' | 'closed' | undefined;
  limit: number;
  /** `next` of the page before. */
  page?: string | undefined;
}

export interface ListPage {
  experiments: ExperimentListing[];
  /** Absent on the last page. */
  next?: string;
}

/** Those that run first, then the newest end first: Temporal's own order. */
export async function pageOfExperiments(client: Client, options: PageOptions): Promise<ListPage> {
  const query = queryOf(options);
  const { executions, nextPageToken } = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query,
    pageSize: options.limit,
    ...(options.page === undefined ? {} : { nextPageToken: tokenOf(options.page, query) }),
  });
  const { loadedDataConverter, namespace } = client.options;
  const infos = await Promise.all(
    executions.map((raw) => executionInfoFromRaw(raw, loadedDataConverter, raw, namespace)),
  );
  const next = nextPageToken.length === 0 ? {} : { next: pageOf(nextPageToken, query) };
  return { experiments: infos.filter((info) => !isTemplate(info)).map(listingOf), ...next };
}

/** 48 bits: what was cut or mistyped is found out. Base64 makes eight characters of them. */
const SUM_BYTES = 6;

/**
 * Temporal's token with a check sum before it, which holds for one list only. Temporal answers a token that it cannot
 * read with an error that looks like one of its own, after it was asked again for 20 seconds.
 */
function pageOf(token: Uint8Array, query: string): string {
  return Buffer.concat([sumOf(token, query), token]).toString('base64url');
}

function tokenOf(page: string, query: string): Buffer {
  const bytes = Buffer.from(page, 'base64url');
  const token = bytes.subarray(SUM_BYTES);
  if (sumOf(token, query).equals(bytes.subarray(0, SUM_BYTES))) return token;
  throw new HoldfastError('refused', 'the page is wrong', { lines: ['page: is no page of this list'] });
}

function sumOf(token: Uint8Array, query: string): Buffer {
  return createHash('sha256').update(query).update('\0').update(token).digest().subarray(0, SUM_BYTES);
}

function queryOf({ owner, template, region, phase, state }: PageOptions): string {
  const equal = { HoldfastOwner: owner, HoldfastTemplate: template, HoldfastRegion: region, HoldfastPhase: phase };
  const wanted = Object.entries(equal).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} = ${quoted(value)}`],
  );
  const running = state === undefined ? [] : [`ExecutionStatus ${state === 'running' ? '=' : '!='} 'Running'`];
  return ["WorkflowType = 'experiment'", "ExecutionStatus != 'ContinuedAsNew'", ...running, ...wanted].join(' AND ');
}
