/** Where do all nodes stand? One look at EC2, SSM and the machines themselves, folded by the readiness policy. */
import { Context } from '@temporalio/activity';
import type { Cloud } from '../aws/ports';
import type { NodeProgress } from '../contracts/readiness';
import { advance, isEnough, type CheckReport, type Observation } from '../policy/readiness';
import { beating } from './beating';
import { notReady } from './failure';
import { answersTo } from './machine-answers';
import { askMachines, isBare, type Asked, type ComponentChecks } from './machine-checks';
import { assertTarget, type Target } from './target';

export interface ObserveInput {
  target: Target;
  experimentId: string;
  /** Every node of the experiment, whichever gate it is at. */
  nodes: NodeProgress[];
  /** Check commands under way. */
  asked: Asked[];
  components: Record<string, ComponentChecks>;
  /** Between two looks, in milliseconds, at the longest. */
  pollMs: number;
  /** What the last look of the call before gave. */
  nextAt?: number;
  /** Changes are reported to the workflow at least this often, in milliseconds. */
  reportMs: number;
}

/** What one look leads to, and the next goes on with. */
export interface Observed {
  nodes: NodeProgress[];
  asked: Asked[];
  /** When EC2 was last asked, epoch milliseconds; absent before the first look. */
  ec2At?: number;
  /** When to look again, epoch milliseconds; absent before the first look. */
  nextAt?: number;
}

/** Machines whose agents answer are judged by their answers; EC2 only has to say when one has ended. */
const EC2_PAUSE_MS = 5000;
/** Two reads a second are far below SSM's rates. */
const MS_PER_READ = 500;
/** Agents on one page of DescribeInstanceInformation. */
const AGENTS_PER_PAGE = 50;

export function createReadinessActivities({ cloud }: { cloud: Cloud }) {
  return {
    /**
     * Looks once. Returns the nodes when a component completed, a node failed, or something changed and `reportMs`
     * went by; otherwise throws `NotReady`, so that waiting costs neither a slot nor history.
     */
    async observeNodes(input: ObserveInput): Promise<Observed> {
      await assertTarget(cloud, input.target);
      const context = Context.current();
      const carry = (context.info.heartbeatDetails as Observed | undefined) ?? begun(input);
      const earlyMs = (carry.nextAt ?? 0) - Date.now();
      if (earlyMs > 0) throw notReady(summary(carry.nodes), earlyMs);
      const next = await beating(
        () => look(cloud, input, carry, context.cancellationSignal),
        () => carry,
      );
      context.heartbeat(next);
      const waitedMs = Date.now() - context.info.scheduledTimestampMs;
      if (isWorthReporting(input, next.nodes, waitedMs)) return next;
      throw notReady(summary(next.nodes), Math.max(0, (next.nextAt ?? 0) - Date.now()));
    },
  };
}

export type ReadinessActivities = ReturnType<typeof createReadinessActivities>;

function begun({ nodes, asked, nextAt }: ObserveInput): Observed {
  return { nodes, asked, ...(nextAt === undefined ? {} : { nextAt }) };
}

/**
 * Agents and machines are looked at more often than EC2, since others wait for their answers, but never more than two
 * reads a second: what this look read, and what the next will read, both count.
 */
function pauseMs({ pollMs }: ObserveInput, before: Observed, next: Observed): number {
  if (next.nodes.some(isStarting)) return pollMs;
  return Math.min(pollMs, MS_PER_READ * Math.max(1, readsOf(before), readsOf(next)));
}

/** Each command under way and each page of agents is one read. */
function readsOf({ nodes, asked }: Observed): number {
  return asked.length + Math.ceil(nodes.filter(({ at }) => at === 'ssm').length / AGENTS_PER_PAGE);
}

function isStarting({ at }: NodeProgress): boolean {
  return at === 'ec2';
}

async function look(cloud: Cloud, input: ObserveInput, carry: Observed, signal: AbortSignal): Promise<Observed> {
  const at = new Date().toISOString();
  const regions = [...new Set(carry.nodes.map((node) => node.region))];
  const asksEc2 = carry.nodes.some(isStarting) || Date.now() - (carry.ec2At ?? 0) >= EC2_PAUSE_MS;
  const ec2At = asksEc2 ? Date.now() : carry.ec2At;
  const seen = await Promise.all(
    regions.map((region) => lookAtRegion(cloud, input, { region, asksEc2 }, carry, at, signal)),
  );
  const free = machineless(input, carry.nodes, at);
  let nodes = advance(carry.nodes, merge(at, [...seen.map((entry) => entry.observation), free]), input.components);
  // Nodes whose dependencies became ready in this very look need not wait for the next one.
  nodes = advance(nodes, merge(at, [machineless(input, nodes, at)]), input.components);
  const stillAsked = seen.flatMap((entry) => entry.asked);
  const asked = await askMachines(cloud, input, nodes, stillAsked, signal);
  const next: Observed = { nodes, asked: [...stillAsked, ...asked], ...(ec2At === undefined ? {} : { ec2At }) };
  return { ...next, nextAt: Date.now() + pauseMs(input, carry, next) };
}

async function lookAtRegion(
  cloud: Cloud,
  input: ObserveInput,
  { region, asksEc2 }: { region: string; asksEc2: boolean },
  carry: Observed,
  at: string,
  signal: AbortSignal,
): Promise<{ observation: Observation; asked: Asked[] }> {
  const here = carry.nodes.filter((node) => node.region === region && node.at !== 'failed');
  const agentIds = here.filter((node) => node.at === 'ec2' || node.at === 'ssm').map((node) => node.instanceId);
  const commands = cloud.commands(region);
  const [instances, online, answers] = await Promise.all([
    asksEc2
      ? cloud.compute(region).instances(
          here.map((node) => node.instanceId),
          { signal },
        )
      : [],
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
