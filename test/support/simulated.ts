/** How do activity tests get nodes? Spot instances with an experiment's tags, bought from a simulator. */
import { randomUUID } from 'node:crypto';
import { createCloud } from '../../src/aws/cloud';
import type { Cloud } from '../../src/aws/ports';
import { startSimulator } from '../../src/simulator';
import { SIMULATOR_CREDENTIALS } from '../../src/worker';
import { eventually, type Ledger } from './lab';

const REGION = 'us-west-2';
const IMAGE = '/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id';

export interface Simulated {
  cloud: Cloud;
  url: string;
  /** Buys running spot nodes, tagged as an experiment's, and answers with their ids. */
  buy(experimentId: string, count: number, installation?: string, more?: Record<string, string>): Promise<string[]>;
  control(path: string, body: unknown): Promise<void>;
  ledger(): Promise<Ledger>;
  close(): Promise<void>;
}

/** Gets nodes from a simulator that runs; `close` leaves that one alone. */
export function simulatedAt(url: string): Simulated {
  const cloud = createCloud({ region: REGION, endpoint: url, credentials: SIMULATOR_CREDENTIALS });
  return {
    cloud,
    url,
    buy: (experimentId, count, installation = 'test', more = {}) =>
      buy(cloud, { experimentId, count, installation, more }),
    control: async (path, body) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}/_sim/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    },
    ledger: async () => (await (await fetch(`${url}/_sim/ledger`)).json()) as Ledger,
    close: () => {
      cloud.close();
      return Promise.resolve();
    },
  };
}

/** The same with a simulator of its own. */
export async function startSimulated(options: Parameters<typeof startSimulator>[0] = {}): Promise<Simulated> {
  const simulator = await startSimulator({ scenario: 'quick', ...options });
  const simulated = simulatedAt(simulator.url);
  return {
    ...simulated,
    close: async () => {
      await simulated.close();
      await simulator.close();
    },
  };
}

async function buy(
  cloud: Cloud,
  {
    experimentId,
    count,
    installation,
    more,
  }: { experimentId: string; count: number; installation: string; more: Record<string, string> },
): Promise<string[]> {
  const tags = { ExperimentID: experimentId, ManagedBy: 'holdfast', HoldfastInstallation: installation, ...more };
  const compute = cloud.compute(REGION);
  const subnets = await compute.subnets(undefined);
  const imageId = (await compute.image({ ssmParameter: IMAGE }, 'x86_64')) ?? '';
  const templateName = `holdfast-${experimentId}-${randomUUID().slice(0, 8)}`;
  const instanceProfile = 'holdfast-node';
  await compute.ensureTemplate({ name: templateName, instanceProfile, securityGroupIds: [], volumes: [], tags });
  const { nodes } = await compute.fleet({
    templateName,
    market: 'spot',
    allocation: 'price-capacity-optimized',
    pools: subnets.map(({ zone, subnetId }) => ({ zone, subnetId, instanceType: 't3.micro', imageId })),
    count,
    clientToken: randomUUID(),
    tags: { ...tags, LaunchID: randomUUID() },
  });
  const ids = nodes.map((node) => node.instanceId);
  if (ids.length < count) throw new Error(`${String(ids.length)} of ${String(count)} nodes came`);
  await eventually(async () => {
    const views = await compute.instances(ids);
    return views.every((view) => view.state === 'running') ? true : undefined;
  });
  return ids;
}
