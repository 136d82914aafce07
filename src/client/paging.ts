/** How does a reader go through all experiments, page by page? */
import type { Client } from '@temporalio/client';
import { executionInfoFromRaw } from '@temporalio/client/lib/helpers';
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
  const { executions, nextPageToken } = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query: queryOf(options),
    pageSize: options.limit,
    ...(options.page === undefined ? {} : { nextPageToken: Buffer.from(options.page, 'base64url') }),
  });
  const { loadedDataConverter, namespace } = client.options;
  const infos = await Promise.all(
    executions.map((raw) => executionInfoFromRaw(raw, loadedDataConverter, raw, namespace)),
  );
  const next = Buffer.from(nextPageToken).toString('base64url');
  const experiments = infos.filter((info) => !isTemplate(info)).map(listingOf);
  return { experiments, ...(next === '' ? {} : { next }) };
}

function queryOf({ owner, template, region, phase, state }: PageOptions): string {
  const equal = { HoldfastOwner: owner, HoldfastTemplate: template, HoldfastRegion: region, HoldfastPhase: phase };
  const wanted = Object.entries(equal).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} = ${quoted(value)}`],
  );
  const running = state === undefined ? [] : [`ExecutionStatus ${state === 'running' ? '=' : '!='} 'Running'`];
  return ["WorkflowType = 'experiment'", "ExecutionStatus != 'ContinuedAsNew'", ...running, ...wanted].join(' AND ');
}
