/** Where is the Temporal server that global-setup.ts started for this whole run? */

export interface SharedTemporal {
  address: string;
  uiUrl: string;
  namespace: string;
  /** Path of the CLI that runs it, for tests that start servers of their own. */
  cli: string;
}

const NAMES = {
  address: 'HOLDFAST_TEST_TEMPORAL_ADDRESS',
  uiUrl: 'HOLDFAST_TEST_TEMPORAL_UI',
  namespace: 'HOLDFAST_TEST_TEMPORAL_NAMESPACE',
  cli: 'HOLDFAST_TEST_TEMPORAL_CLI',
} as const;

/** Hands the server to the processes that jest starts after this. */
export function publishTemporal(server: SharedTemporal): void {
  for (const [key, name] of Object.entries(NAMES)) process.env[name] = server[key as keyof SharedTemporal];
}

/** The server of this run. Use an own task queue and own workflow ids on it: other tests are there too. */
export function sharedTemporal(): SharedTemporal {
  return { address: read('address'), uiUrl: read('uiUrl'), namespace: read('namespace'), cli: read('cli') };
}

function read(key: keyof typeof NAMES): string {
  const value = process.env[NAMES[key]];
  if (value === undefined) throw new Error('No Temporal server: run tests through jest, which starts one');
  return value;
}
