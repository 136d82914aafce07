/** How does one request make one experiment, however often it is sent? Its id and its spec's digest follow from it. */
import { createHash } from 'node:crypto';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import { canonical } from '../contracts/canonical';
import { UPDATE } from '../contracts/messages';
import { MEMO } from '../contracts/names';
import { HoldfastError } from './errors';

/** Ids allow 128 characters; names of AWS and folders made of them are easier to read when short. */
const READABLE_LENGTH = 40;
/** 64 bits: a billion requests meet with a chance of 3 %, and then only with the same readable part. */
const HASH_LENGTH = 16;
/** The experiment id of a request: `nightly-4711` becomes `nightly-4711-5c1a8e90f3b2d764`. */
export function requestExperimentId(requestId: string): string {
  const readable = requestId.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  const hash = createHash('sha256').update(requestId).digest('hex').slice(0, HASH_LENGTH);
  return readable === '' ? `request-${hash}` : `${readable.slice(0, READABLE_LENGTH).toLowerCase()}-${hash}`;
}

/** SHA-256 of a spec as it was given; the order of its fields makes no difference. */
export function specDigest(spec: unknown): string {
  return createHash('sha256').update(canonical(spec)).digest('hex');
}

type ReusePolicy = 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE';

/**
 * Starts under the id of a request and answers with what the start gave, or leaves the experiment that the request
 * already made, and answers with undefined. Rejects with `conflict` when that one has another spec. `start` rejects
 * with Temporal's "already started" where the policy says so.
 */
export async function startOnce<T>(
  client: Client,
  id: string,
  digest: string,
  start: (policy: ReusePolicy) => Promise<T>,
): Promise<T | undefined> {
  let policy: ReusePolicy = 'REJECT_DUPLICATE';
  for (;;) {
    try {
      const started = await start(policy);
      await claimed(client, id);
      return started;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const memo = await memoOf(client, id);
    if (memo?.[MEMO.specDigest] === digest) return undefined;
    // Forgotten between the two calls: nothing is in the way any more.
    if (memo === undefined) continue;
    if (memo[MEMO.refused] !== true) throw conflict(id);
    // That run found the request id used for another spec and did nothing; this one may be the right one.
    policy = 'ALLOW_DUPLICATE';
  }
}

/** A worker needs two activities of milliseconds. Where none answers in time, nobody knows more than was started. */
const CLAIM_MS = 2000;

/** Rejects with `conflict` when a worker finds that an earlier run, which Temporal has forgotten, had the request id. */
async function claimed(client: Client, id: string): Promise<void> {
  const run = client.workflow.getHandle(id);
  const isClaimed = await client
    .withDeadline(Date.now() + CLAIM_MS, () => run.executeUpdate(UPDATE.claimed))
    .then(
      () => true,
      () => false,
    );
  if (isClaimed || (await memoOf(client, id))?.[MEMO.refused] !== true) return;
  throw await run.result().then(
    () => conflict(id),
    (error: unknown) => conflict(id, error instanceof WorkflowFailedError ? error.cause?.message : undefined),
  );
}

async function memoOf(client: Client, id: string): Promise<Record<string, unknown> | undefined> {
  try {
    return (await client.workflow.getHandle(id).describe()).memo ?? {};
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

function conflict(id: string, why = 'was started with another spec'): HoldfastError {
  return new HoldfastError('conflict', `the request id belongs to ${id}: ${why}`);
}
