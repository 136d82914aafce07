/** Where do all nodes stand? One look at EC2, SSM and the machines themselves, folded by the readiness policy. */
import { Context } from '@temporalio/activity';
import type { Cloud, CommandsPort, Invocation } from '../aws/ports';
import type { HealthCheck, NodeProgress } from '../contracts/readiness';
import {
  parseChecks,
  parseStep,
  readyScript,
  setupThenReadyScript,
  type CheckReport as CheckLine,
  type NodeCheck,
} from '../policy/node-script';
import {
  advance,
  isEnough,
  waitsForOthers,
  type CascadeRules,
  type CheckReport,
  type Observation,
} from '../policy/readiness';
import { beating } from './beating';
import { notReady } from './failure';
import { nodeEnvironment, type Peer } from './node-environment';
import { assertTarget, type Target } from './target';

/** What is run and checked on the nodes of a component. */
export interface ComponentChecks extends CascadeRules {
  setup?: string;
  services: string[];
  health: HealthCheck[];
}

export interface ObserveInput {
  target: Target;
  experimentId: string;
  /** Every node of the experiment, whichever gate it is at. */
  nodes: NodeProgress[];
  /** Check commands under way. */
  asked: Asked[];
  components: Record<string, ComponentChecks>;
  /** Between two looks, in milliseconds. */
  pollMs: number;
  /** Changes are reported to the workflow at least this often, in milliseconds. */
  reportMs: number;
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

/** What one look leads to, and the next goes on with. */
export interface Observed {
  nodes: NodeProgress[];
  asked: Asked[];
}

/** The node waits up to this long for its own services before it answers, so that few commands are needed. */
const LONGEST_WINDOW_SECONDS = 25;
/** The agent gets the window and the time to start; a command older than that is given up and asked again. */
const COMMAND_GRACE_SECONDS = 35;
/** SSM takes at most 50 instance ids in one SendCommand. */
const IDS_PER_COMMAND = 50;

export function createReadinessActivities({ cloud }: { cloud: Cloud }) {
  return {
    /**
     * Looks once. Returns the nodes when a component completed, a node failed, or something changed and `reportMs`
     * went by; otherwise throws `NotReady`, so that waiting costs neither a slot nor history.
     */
    async observeNodes(input: ObserveInput): Promise<Observed> {
      await assertTarget(cloud, input.target);
      const context = Context.current();
      const carry = (context.info.heartbeatDetails as Observed | undefined) ?? {
        nodes: input.nodes,
        asked: input.asked,
      };
      const next = await beating(
        () => look(cloud, input, carry, context.cancellationSignal),
        () => carry,
      );
      context.heartbeat(next);
      const waitedMs = Date.now() - context.info.scheduledTimestampMs;
      if (isWorthReporting(input, next.nodes, waitedMs)) return next;
      throw notReady(summary(next.nodes), input.pollMs);
    },
  };
}

export type ReadinessActivities = ReturnType<typeof createReadinessActivities>;

async function look(cloud: Cloud, input: ObserveInput, carry: Observed, signal: AbortSignal): Promise<Observed> {
  const at = new Date().toISOString();
  const regions = [...new Set(carry.nodes.map((node) => node.region))];
  const seen = await Promise.all(regions.map((region) => lookAtRegion(cloud, input, region, carry, at, signal)));
  const free = machineless(input, carry.nodes, at);
  let nodes = advance(carry.nodes, merge(at, [...seen.map((entry) => entry.observation), free]), input.components);
  // Nodes whose dependencies became ready in this very look need not wait for the next one.
  nodes = advance(nodes, merge(at, [machineless(input, nodes, at)]), input.components);
  const stillAsked = seen.flatMap((entry) => entry.asked);
  const asked = await askMachines(cloud, input, nodes, stillAsked, signal);
  return { nodes, asked: [...stillAsked, ...asked] };
}

async function lookAtRegion(
  cloud: Cloud,
  input: ObserveInput,
  region: string,
  carry: Observed,
  at: string,
  signal: AbortSignal,
): Promise<{ observation: Observation; asked: Asked[] }> {
  const here = carry.nodes.filter((node) => node.region === region && node.at !== 'failed');
  const agentIds = here.filter((node) => node.at === 'ec2' || node.at === 'ssm').map((node) => node.instanceId);
  const commands = cloud.commands(region);
  const [instances, online, answers] = await Promise.all([
    cloud.compute(region).instances(
      here.map((node) => node.instanceId),
      { signal },
    ),
    agentIds.length === 0 ? [] : commands.online(agentIds, { signal }),
    Promise.all(
      carry.asked
        .filter((entry) => entry.region === region)
        .map((entry) => answersTo(commands, entry, input.components[entry.component]?.services.length ?? 0, signal)),
    ),
  ]);
  return {
    observation: {
      at,
      instances,
      agents: {
        asked: agentIds,
        online: Object.fromEntries(online.map((agent) => [agent.instanceId, agent.agentVersion])),
      },
      reports: answers.flatMap((answer) => answer.reports),
    },
    asked: answers.flatMap((answer) => (answer.open === undefined ? [] : [answer.open])),
  };
}

async function answersTo(
  commands: CommandsPort,
  asked: Asked,
  services: number,
  signal: AbortSignal,
): Promise<{ reports: CheckReport[]; open?: Asked }> {
  const invocations = await commands.invocations(asked.commandId, { signal });
  const ended = invocations.filter((entry) => asked.ids.includes(entry.instanceId) && hasEnded(entry));
  const reports = ended.map((entry) => reportOf(entry, asked.at, services));
  const open = asked.ids.filter((id) => !ended.some((entry) => entry.instanceId === id));
  return open.length === 0 || Date.now() > asked.staleAt ? { reports } : { reports, open: { ...asked, ids: open } };
}

function hasEnded(invocation: Invocation): boolean {
  return !['Pending', 'InProgress', 'Delayed', 'Cancelling'].includes(invocation.status);
}

/** The gates in a node's answer: setup first, then all units, then all endpoints. */
function reportOf(invocation: Invocation, askedAt: string, services: number): CheckReport {
  const { instanceId, stdout, status } = invocation;
  const setup = parseStep(stdout);
  const checks = parseChecks(stdout);
  const gates: CheckReport['gates'] = [];
  if (setup !== undefined && setup.exitCode !== 0) {
    const seen =
      setup.exitCode === 124
        ? 'the setup script ran over its limit'
        : `the setup script exited ${String(setup.exitCode)}`;
    return { instanceId, askedAt, gates: [{ gate: 'setup', passed: false, seen, final: true }] };
  }
  if (setup === undefined && checks.length === 0) {
    return {
      instanceId,
      askedAt,
      gates: [{ gate: 'setup', passed: false, seen: `the check command ended ${status}` }],
    };
  }
  gates.push({
    gate: 'setup',
    passed: true,
    seen: setup === undefined ? 'nothing to set up' : 'the setup script exited 0',
  });
  gates.push(
    gateOf(
      'service',
      checks.filter((check) => check.index < services),
    ),
  );
  gates.push(
    gateOf(
      'endpoint',
      checks.filter((check) => check.index >= services),
    ),
  );
  return { instanceId, askedAt, gates };
}

function gateOf(gate: 'service' | 'endpoint', checks: CheckLine[]): CheckReport['gates'][number] {
  const missed = checks.filter((check) => check.verdict !== 'pass');
  const told = missed.length > 0 ? missed : checks;
  const seen = told.map((check) => check.evidence).join('; ');
  return { gate, passed: missed.length === 0, seen: seen === '' ? 'none declared' : seen };
}

/** Reports of nodes on which nothing has to be run: they pass without a command. */
function machineless(input: ObserveInput, nodes: readonly NodeProgress[], at: string): Observation {
  const reports = nodes
    .filter((node) => node.at === 'setup' && isBare(input.components[node.component]))
    .map(({ instanceId }): CheckReport => {
      const gates = (['setup', 'service', 'endpoint'] as const).map((gate) => ({
        gate,
        passed: true,
        seen: 'none declared',
      }));
      return { instanceId, askedAt: at, gates };
    });
  return { at, instances: [], agents: { asked: [], online: {} }, reports };
}

function isBare(component: ComponentChecks | undefined): boolean {
  return component?.setup === undefined && (component?.services.length ?? 0) + (component?.health.length ?? 0) === 0;
}

function merge(at: string, parts: Observation[]): Observation {
  return {
    at,
    instances: parts.flatMap((part) => part.instances),
    agents: {
      asked: parts.flatMap((part) => part.agents.asked),
      online: Object.assign({}, ...parts.map((part) => part.agents.online)) as Record<string, string>,
    },
    reports: parts.flatMap((part) => part.reports),
  };
}

/** Sends a check command to every node that may start and has none under way, 50 nodes at a time. */
async function askMachines(
  cloud: Cloud,
  input: ObserveInput,
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
function inBatches(nodes: readonly NodeProgress[]): NodeProgress[][] {
  const groups = new Map<string, NodeProgress[]>();
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
  input: ObserveInput,
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

function scriptFor(
  input: ObserveInput,
  nodes: readonly NodeProgress[],
  name: string,
  component: ComponentChecks,
): string {
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
function checksOf(component: ComponentChecks): NodeCheck[] {
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

function isWorthReporting(input: ObserveInput, nodes: readonly NodeProgress[], waitedMs: number): boolean {
  const before = new Map(input.nodes.map((node) => [node.instanceId, node.at]));
  const changed = nodes.filter((node) => node.at !== before.get(node.instanceId));
  if (changed.some((node) => node.at === 'failed')) return true;
  const completed = Object.keys(input.components).filter(
    (name) => isWhole(name, nodes) && !isWhole(name, input.nodes) && isEnough(name, nodes, input.components),
  );
  return completed.length > 0 || (changed.length > 0 && waitedMs >= input.reportMs);
}

function isWhole(component: string, nodes: readonly NodeProgress[]): boolean {
  return nodes.filter((node) => node.component === component).every((node) => node.at === 'ready');
}

function summary(nodes: readonly NodeProgress[]): string {
  const ready = nodes.filter((node) => node.at === 'ready').length;
  const waiting = nodes.find((node) => node.at !== 'ready' && node.at !== 'failed');
  const last = waiting?.evidence.at(-1);
  const detail =
    waiting === undefined ? '' : `; ${waiting.slot} at ${waiting.at}${last === undefined ? '' : `: ${last.seen}`}`;
  return `${String(ready)} of ${String(nodes.length)} nodes ready${detail}`.slice(0, 500);
}
