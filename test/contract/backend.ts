/** What does the contract suite run on? A backend, with a declaration of what it lacks. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What a case may need beyond the minimum; a backend declares those it lacks with the reason. */
export const CAPABILITIES = {
  'canonical-images': 'public parameters for Ubuntu images',
  'image-check': 'refuses an image that does not exist',
  'fleet-token': 'a repeated CreateFleet with the same token answers the same instances',
  'fleet-refusals': 'pools without capacity refuse in the reply of CreateFleet',
  'fleet-profile': 'instances of a fleet carry the profile and groups of their template',
  'fleet-volumes': 'volumes of a fleet exist and are tagged',
  'volume-token': 'a repeated CreateVolume with the same token answers the same volume',
  'attach-rules': 'refuses to attach what is held or of another zone',
  quota: 'vCPU quotas are enforced',
  'agent-inventory': 'lists the nodes whose agent answers',
  'agent-registration': 'refuses a command for a node that has not registered',
  'one-node-command': 'a command runs on the named nodes alone',
  'command-list': 'lists the invocations of a command',
  'command-cancel': 'cancels a command',
  'placement-groups': 'knows placement groups',
  'key-pair-by-id': 'deletes a key pair by its id',
  'unknown-ids': 'answers an id it does not know by the code AWS documents',
} as const;
export type Capability = keyof typeof CAPABILITIES;

export interface Profile {
  name: string;
  lacks: Partial<Record<Capability, string>>;
}

export interface Backend {
  url: string;
  /** Makes a pool dry, or sets a quota; only where the profile has scarcity. */
  setCapacity?(pool: { region: string; zone: string; type: string; market: string; capacity: number }): Promise<void>;
  setQuota?(quota: { region: string; group: string; market: string; vcpus: number }): Promise<void>;
  /** Name of an instance profile that exists. */
  instanceProfile?: string;
  close(): Promise<void>;
}

/** A port of the loopback interface that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks until the condition holds; rejects with its last error, or a timeout, after the limit. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, limitMs = 20_000): Promise<T> {
  const end = Date.now() + limitMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < end);
  throw new Error(`not within ${String(limitMs)} ms: ${what}`, { cause: last });
}
