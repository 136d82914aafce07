/** How does finished work leave a workflow's memory? */
import { CancellationScope } from '@temporalio/workflow';

/**
 * Does the work in a scope of its own, which ends with it. The SDK keeps every activity of a scope, arguments
 * included, for as long as the scope could still be cancelled: looks at 100 nodes are 100 KiB each. Nothing of the
 * work may go on beside its end.
 */
export async function inOwnScope<T>(work: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  try {
    return await scope.run(work);
  } finally {
    scope.cancel();
  }
}
