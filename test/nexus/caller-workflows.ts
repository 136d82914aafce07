/** Workflows of another namespace that call the Nexus service, and tell in plain data how it went. */
import { NexusOperationFailure } from '@temporalio/common';
import { ApplicationFailure, createNexusServiceClient, isCancellation } from '@temporalio/workflow';
import { experiments, resultIn, type ExperimentResult, type Named, type RunRequest } from '../../src/nexus';

export interface Told {
  result?: ExperimentResult;
  token?: string;
  /** From outside in: class, type and message of what was caught. */
  failures?: { name: string; type?: string; message: string }[];
  cancelled?: boolean;
}

export async function run(endpoint: string, request: RunRequest): Promise<Told> {
  const client = createNexusServiceClient({ endpoint, service: experiments });
  return tell(async () => {
    const operation = await client.startOperation('run', request);
    const result = await operation.result();
    return { result, ...(operation.token === undefined ? {} : { token: operation.token }) };
  });
}

export async function plan(endpoint: string, spec: RunRequest['spec']): Promise<unknown> {
  const client = createNexusServiceClient({ endpoint, service: experiments });
  return tell(() => client.executeOperation('plan', { spec }));
}

export async function extend(endpoint: string, named: Named, by: string): Promise<unknown> {
  const client = createNexusServiceClient({ endpoint, service: experiments });
  return tell(() => client.executeOperation('extend', { ...named, by }));
}

export async function cancel(endpoint: string, named: Named): Promise<unknown> {
  const client = createNexusServiceClient({ endpoint, service: experiments });
  return tell(async () => {
    await client.executeOperation('cancel', named);
    return { asked: true };
  });
}

async function tell<T>(call: () => Promise<T>): Promise<T | Told> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof NexusOperationFailure)) throw ApplicationFailure.fromError(error);
    const result = resultIn(error);
    return {
      failures: chain(error),
      cancelled: isCancellation(error),
      ...(result === undefined ? {} : { result }),
    };
  }
}

function chain(error: unknown): NonNullable<Told['failures']> {
  if (!(error instanceof Error)) return [];
  const type = (error as { type?: string }).type;
  return [{ name: error.name, message: error.message, ...(type == null ? {} : { type }) }, ...chain(error.cause)];
}
