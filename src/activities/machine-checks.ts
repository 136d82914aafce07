/** What is asked of the machines themselves? Setup and checks as commands of SSM. */
import type { Cloud } from '../aws/ports';
import type { HealthCheck, NodeProgress } from '../contracts/readiness';
import { readyScript, setupThenReadyScript, type NodeCheck } from '../policy/node-script';
import { waitsForOthers, type CascadeRules } from '../policy/readiness';
import { nodeEnvironment, type Peer } from './node-environment';

/** What is run and checked on the nodes of a component. */
export interface ComponentChecks extends CascadeRules {
  setup?: string;
  services: string[];
  health: HealthCheck[];
}

/** A check command under way; it travels along so that nothing is asked twice. */
export interface Asked {
  region: string;
  component: string;
  commandId: string;
  ids: string[];
  at: string;
  /** Epoch milliseconds after which no answer is expected any more and the nodes are asked again. */
  staleAt: number;
}

/** Whose nodes they are, and what is asked of each component. */
interface AskInput {
  experimentId: string;
  components: Record<string, ComponentChecks>;
}

/** The node waits up to this long for its own services before it answers, so that few commands are needed. */
const LONGEST_WINDOW_SECONDS = 25;
/** The agent gets the window and the time to start; a command older than that is given up and asked again. */
export const COMMAND_GRACE_SECONDS = 35;
/** SSM takes at most 50 instance ids in one SendCommand. */
const IDS_PER_COMMAND = 50;

/** Whether nothing has to be run on the component's nodes. */
export function isBare(component: ComponentChecks | undefined): boolean {
  return component?.setup === undefined && (component?.services.length ?? 0) + (component?.health.length ?? 0) === 0;
}

/** Sends a check command to every node that may start and has none under way, 50 nodes at a time. */
export async function askMachines(
  cloud: Cloud,
  input: AskInput,
  nodes: readonly NodeProgress[],
  asked: readonly Asked[],
  signal: AbortSignal,
): Promise<Asked[]> {
  const busy = new Set(asked.flatMap((entry) => entry.ids));
  const due = nodes.filter(
    (node) =>
      (node.at === 'setup' || node.at === 'service' || node.at === 'endpoint') &&
      !busy.has(node.instanceId) &&
      !isBare(input.components[node.component]) &&
      !waitsForOthers(node, nodes, input.components),
  );
  const batches = inBatches(due);
  return Promise.all(batches.map((batch) => ask(cloud, input, nodes, batch, signal)));
}

/** Groups by region and component, since they share a script, then cuts at the limit of SendCommand. */
export function inBatches<T extends { region: string; component: string }>(nodes: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const node of nodes) {
    const key = `${node.region}/${node.component}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / IDS_PER_COMMAND) }, (_, index) =>
      group.slice(index * IDS_PER_COMMAND, (index + 1) * IDS_PER_COMMAND),
    ),
  );
}

async function ask(
  cloud: Cloud,
  input: AskInput,
  nodes: readonly NodeProgress[],
  batch: NodeProgress[],
  signal: AbortSignal,
): Promise<Asked> {
  const first = batch[0];
  const component = first === undefined ? undefined : input.components[first.component];
  if (first === undefined || component === undefined) throw new Error('a batch is never empty');
  const ids = batch.map((node) => node.instanceId);
  const sentAt = Date.now();
  const setupSeconds = component.setup === undefined ? 0 : component.limits.setup;
  const timeoutSeconds = Math.ceil(windowOf(component) + COMMAND_GRACE_SECONDS + setupSeconds);
  const commandId = await cloud.commands(first.region).send(
    {
      ids,
      script: scriptFor(input, nodes, first.component, component),
      timeoutSeconds,
      comment: `holdfast check ${first.component}`.slice(0, 100), // SSM's limit for comments
    },
    { signal },
  );
  const at = new Date(sentAt).toISOString();
  return {
    region: first.region,
    component: first.component,
    commandId,
    ids,
    at,
    staleAt: sentAt + timeoutSeconds * 1000,
  };
}

function scriptFor(input: AskInput, nodes: readonly NodeProgress[], name: string, component: ComponentChecks): string {
  const ready = { windowSeconds: windowOf(component), checks: checksOf(component) };
  if (component.setup === undefined) return readyScript(ready);
  const peers: Peer[] = nodes.filter((node) => node.component === name || component.dependsOn.includes(node.component));
  const step = {
    // The node's own folder holds the marker, so the token need only tell scripts of one node apart.
    token: 'setup',
    timeoutSeconds: Math.ceil(component.limits.setup),
    env: nodeEnvironment(input.experimentId, peers),
    script: component.setup,
  };
  return setupThenReadyScript({ step, ready });
}

/** No longer than the limits it is judged by, so that a miss shows when it is one. */
function windowOf({ limits }: ComponentChecks): number {
  return Math.min(LONGEST_WINDOW_SECONDS, Math.max(1, Math.ceil(Math.min(limits.service, limits.endpoint))));
}

/** Units first: `reportOf` tells services from endpoints by their place. */
export function checksOf(component: Pick<ComponentChecks, 'services' | 'health'>): NodeCheck[] {
  return [
    ...component.services.map((unit): NodeCheck => ({ kind: 'service', unit })),
    ...component.health.map((check): NodeCheck => {
      if ('tcp' in check) {
        const { tcp: port, ...talk } = check;
        return { kind: 'tcp', port, ...talk };
      }
      if ('http' in check) {
        const { http: port, ...wanted } = check;
        return { kind: 'http', port, ...wanted };
      }
      return { kind: 'command', script: check.command };
    }),
  ];
}
