/** What do the capacity memories of all accounts and regions hold? */
import type { Client } from '@temporalio/client';
import type { CapacityView } from '../contracts/capacity';
import { QUERY } from '../contracts/messages';

/** The memory of one account and region. */
export interface CapacityListing extends CapacityView {
  /** The account, with the endpoint behind an `@` when it is not AWS's own. */
  account: string;
  region: string;
  /** Why its workflow did not answer; it is shown without blocks then. */
  problem?: string;
}

/** Longer than a worker takes to replay a long memory; without a worker nobody answers. */
const ANSWER_MS = 10_000;

/** All memories, or those of a region, by account and region. A list of Temporal may lag a second behind. */
export async function listCapacity(client: Client, region?: string): Promise<CapacityListing[]> {
  const found: { id: string; account: string; region: string }[] = [];
  const query = `WorkflowType = 'capacity' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId: id } of client.workflow.list({ query })) {
    const [, account, where] = /^capacity\/([^/]+)\/([^/]+)$/.exec(id) ?? [];
    if (account === undefined || where === undefined || (region !== undefined && region !== where)) continue;
    found.push({ id, account, region: where });
  }
  found.sort((a, b) => compare(a.account, b.account) || compare(a.region, b.region));
  return client.withDeadline(Date.now() + ANSWER_MS, () =>
    Promise.all(found.map(async ({ id, ...name }) => ({ ...name, ...(await viewOf(client, id)) }))),
  );
}

/** One that nobody serves, such as that of a simulator that is gone, must not hide the others. */
async function viewOf(client: Client, id: string): Promise<CapacityView & { problem?: string }> {
  try {
    return await client.workflow.getHandle(id).query<CapacityView>(QUERY.memory);
  } catch (error) {
    return {
      blocks: {},
      told: 0,
      ignored: 0,
      open: {},
      problem: error instanceof Error ? error.message : String(error),
    };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
