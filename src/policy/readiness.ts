/** Which gate is a node at, after what was just seen? One pure fold over the observations of all nodes. */
import { GATES, type Evidence, type Gate, type NodeProgress } from '../contracts/readiness';
import type { GateLimits } from '../schemas/experiment';

/** What the cascade needs to know of a component. Limits are in seconds. */
export interface CascadeRules {
  dependsOn: string[];
  limits: GateLimits;
  count: number;
  minReady: number;
  /** False without an instance profile: then only the `ec2` gate applies. */
  viaSsm: boolean;
}

export interface InstanceSeen {
  instanceId: string;
  state: string;
  stateReason?: string;
  privateIp?: string;
}

/** What a node answered to one check command. Later gates are absent while an earlier one is not passed. */
export interface CheckReport {
  instanceId: string;
  /** ISO time at which the command was sent: what it says about a deadline. */
  askedAt: string;
  gates: {
    gate: Gate;
    passed: boolean;
    seen: string;
    /** No later look can change it: a script ran once and failed. */ final?: boolean;
  }[];
}

/** Everything one look at the nodes showed. */
export interface Observation {
  /** ISO time at which the look began. */
  at: string;
  /** Instances EC2 answered with; ids it does not know are absent. */
  instances: InstanceSeen[];
  /** Nodes whose agent was asked for, and the version of those that answered. */
  agents: { asked: string[]; online: Record<string, string> };
  reports: CheckReport[];
}

const ENDED = new Set(['shutting-down', 'terminated', 'stopping', 'stopped']);

/** A node that has just been launched, before its first gate. */
export function enter(
  node: Pick<NodeProgress, 'slot' | 'component' | 'instanceId' | 'region'>,
  at: string,
): NodeProgress {
  return { ...node, at: 'ec2', since: at, startedAt: at, waitedMs: 0, evidence: [] };
}

/**
 * The nodes after an observation.
 *
 * A node walks as many gates as the observation lets it: running and online in one look passes both.
 * It fails when its instance ended, or when a gate was looked at after its deadline and not passed; a deadline that
 * went by while nobody looked (a worker outage) fails no node by itself.
 *
 *     running -> ec2; agent online -> ssm; dependencies ready and script done -> setup; units active -> service
 *     agent never answers, looked at 301 s after entering ssm -> failed, evidence "agent not registered"
 */
export function advance(
  nodes: readonly NodeProgress[],
  seen: Observation,
  rules: Record<string, CascadeRules>,
): NodeProgress[] {
  const enough = new Set(Object.keys(rules).filter((component) => isEnough(component, nodes, rules)));
  return nodes.map((node) => {
    const own = rules[node.component];
    if (own === undefined || node.at === 'failed') return node;
    return walk(
      node,
      seen,
      own,
      own.dependsOn.every((other) => enough.has(other)),
    );
  });
}

/** Whether enough nodes of the component are ready for those that depend on it. */
export function isEnough(
  component: string,
  nodes: readonly NodeProgress[],
  rules: Record<string, CascadeRules>,
): boolean {
  const ready = nodes.filter((node) => node.component === component && node.at === 'ready').length;
  return ready >= (rules[component]?.minReady ?? 1);
}

/** The gates a node of the component has to pass. */
function gatesOf(rules: Pick<CascadeRules, 'viaSsm'>): readonly Gate[] {
  return rules.viaSsm ? GATES : ['ec2'];
}

/** Whether the node waits for others and must not be asked anything on the machine itself yet. */
export function waitsForOthers(
  node: NodeProgress,
  nodes: readonly NodeProgress[],
  rules: Record<string, CascadeRules>,
): boolean {
  return !(rules[node.component]?.dependsOn ?? []).every((other) => isEnough(other, nodes, rules));
}

function walk(start: NodeProgress, seen: Observation, rules: CascadeRules, mayStart: boolean): NodeProgress {
  const instance = seen.instances.find((entry) => entry.instanceId === start.instanceId);
  if (instance !== undefined && ENDED.has(instance.state)) return ended(start, seen.at, instance);
  let node = instance?.privateIp === undefined ? start : { ...start, privateIp: instance.privateIp };
  for (const gate of gatesOf(rules).filter((each) => isAhead(each, start))) {
    const next = gate === 'setup' && !mayStart ? waiting(node, seen.at) : judge(gate, node, seen, rules);
    if (next.at === gate || next.at === 'failed') return next;
    node = next;
  }
  return node;
}

function isAhead(gate: Gate, node: NodeProgress): boolean {
  return node.at !== 'ready' && GATES.indexOf(gate) >= GATES.indexOf(node.at as Gate);
}

/** The node after a look at the gate it is at: past it, still there, or failed. */
function judge(gate: Gate, node: NodeProgress, seen: Observation, rules: CascadeRules): NodeProgress {
  const look = lookAt(gate, node, seen);
  if (look === undefined) return node;
  if (look.passed) return pass(node, gate, { ...look, at: seen.at }, rules);
  const isOver = look.final || isLate(node, look.at, rules.limits);
  return isOver ? fail(node, seen.at, look.seen) : noted(node, { ...look, at: seen.at });
}

interface Look {
  passed: boolean;
  seen: string;
  /** When the look began; only a look begun after a deadline can miss it. */
  at: string;
  final: boolean;
}

/** What the observation says of this gate; undefined when it did not look. */
function lookAt(gate: Gate, node: NodeProgress, seen: Observation): Look | undefined {
  if (gate === 'ec2') {
    const instance = seen.instances.find((entry) => entry.instanceId === node.instanceId);
    return {
      passed: instance?.state === 'running',
      seen: instance?.state ?? 'not visible in EC2',
      at: seen.at,
      final: false,
    };
  }
  if (gate === 'ssm') return agentLook(node, seen);
  const report = seen.reports.find((entry) => entry.instanceId === node.instanceId);
  const found = report?.gates.find((entry) => entry.gate === gate);
  if (report === undefined || found === undefined) return undefined;
  return { passed: found.passed, seen: found.seen, at: report.askedAt, final: found.final ?? false };
}

function agentLook(node: NodeProgress, seen: Observation): Look | undefined {
  if (!seen.agents.asked.includes(node.instanceId)) return undefined;
  const version = seen.agents.online[node.instanceId];
  const text = version === undefined ? 'agent not registered with SSM' : `agent ${version} online`;
  return { passed: version !== undefined, seen: text, at: seen.at, final: false };
}

function isLate(node: NodeProgress, lookedAt: string, limits: GateLimits): boolean {
  const looked = Date.parse(lookedAt);
  const gate = node.at as Gate;
  if (looked - Date.parse(node.since) > limits[gate] * 1000) return true;
  return looked - Date.parse(node.startedAt) - node.waitedMs > limits.total * 1000;
}

function pass(node: NodeProgress, gate: Gate, look: Look, rules: CascadeRules): NodeProgress {
  const gates = gatesOf(rules);
  const next = gates[gates.indexOf(gate) + 1] ?? 'ready';
  return { ...node, at: next, since: look.at, evidence: [...others(node, gate), proof(node, look, true)] };
}

function fail(node: NodeProgress, at: string, seen: string): NodeProgress {
  const gate = node.at as Gate;
  return { ...node, at: 'failed', evidence: [...others(node, gate), proof(node, { seen, at }, false)] };
}

/** An instance that ended fails its node at the first gate, even when the node was ready. */
function ended(node: NodeProgress, at: string, { state, stateReason }: InstanceSeen): NodeProgress {
  const seen = stateReason === undefined ? state : `${state} (${stateReason})`;
  const evidence: Evidence = { ...proof(node, { seen, at }, false), gate: 'ec2' };
  const told = stateReason === undefined ? evidence : { ...evidence, code: stateReason };
  return { ...node, at: 'failed', evidence: [...others(node, 'ec2'), told] };
}

function noted(node: NodeProgress, look: Look): NodeProgress {
  return { ...node, evidence: [...others(node, node.at as Gate), proof(node, look, false)] };
}

/** The clock of the setup gate starts when the dependencies are ready. */
function waiting(node: NodeProgress, at: string): NodeProgress {
  const waited = Math.max(0, Date.parse(at) - Date.parse(node.since));
  return { ...node, since: at, waitedMs: node.waitedMs + waited };
}

function others(node: NodeProgress, gate: Gate): Evidence[] {
  return node.evidence.filter((entry) => entry.gate !== gate);
}

function proof(node: NodeProgress, look: Pick<Look, 'seen' | 'at'>, passed: boolean): Evidence {
  const afterMs = Math.max(0, Date.parse(look.at) - Date.parse(node.since));
  return { gate: node.at as Gate, passed, seen: look.seen, at: look.at, afterMs };
}
