/** May this worker act on that account? Every AWS activity asks before its first call. */
import type { Cloud } from '../aws/ports';
import { Failure } from '../contracts/failures';

/** The account and endpoint an experiment was admitted for. */
export interface Target {
  account: string;
  /** Empty for AWS itself. */
  endpoint: string;
}

/** Throws `ForeignWorker` when this worker's credentials or endpoint are not those of the experiment. */
export async function assertTarget(cloud: Cloud, target: Target): Promise<void> {
  const own = await cloud.identity();
  if (own.account === target.account && own.endpoint === target.endpoint) return;
  throw new Failure(
    'ForeignWorker',
    `this worker acts on ${label(own)}, the experiment belongs to ${label(target)}; handing the task back`,
  );
}

function label(target: Target): string {
  return `account ${target.account} at ${target.endpoint === '' ? 'AWS' : target.endpoint}`;
}
