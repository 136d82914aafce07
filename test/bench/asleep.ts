/** What does the SDK itself keep of a workflow? This one only sleeps, under the type that the benches start. */
import { sleep } from '@temporalio/workflow';

export async function experiment(): Promise<void> {
  await sleep('1 day');
}
