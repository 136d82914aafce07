/** Does a Temporal server that was just started serve everything it should? */
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';

/** It serves after 0.3 s when idle; two busy cores and an old database file take some seconds. */
const START_LIMIT_MS = 60_000;

/** What has to answer. */
interface Target {
  address: string;
  uiUrl: string;
  namespace: string;
  /** Search attributes that must be registered. */
  attributes: string[];
}

/** Resolves with true when all of it answers, with false when the time is over or `giveUp` was called. */
export function waitUntilItServes(target: Target): { done: Promise<boolean>; giveUp: () => void } {
  const deadline = Date.now() + START_LIMIT_MS;
  let wanted = true;
  const look = async (): Promise<boolean> => {
    while (wanted && Date.now() < deadline) {
      if (await serves(target).catch(() => false)) return true;
      await pause(50); // it is up within 300 ms, and a refused connection costs nothing
    }
    return false;
  };
  return { done: look(), giveUp: () => (wanted = false) };
}

async function serves({ address, uiUrl, namespace, attributes }: Target): Promise<boolean> {
  // First, since a refused HTTP call fails at once while a gRPC client waits a second before it tries again.
  const ui = await fetch(uiUrl, { signal: AbortSignal.timeout(1000) });
  const connection = await Connection.connect({ address, connectTimeout: 1000 });
  try {
    await connection.workflowService.describeNamespace({ namespace });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return ui.ok && attributes.every((name) => name in customAttributes);
  } finally {
    await connection.close();
  }
}
