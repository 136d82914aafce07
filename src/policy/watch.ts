/** What is new about the nodes of a region after a look at them? One pure fold over what EC2 answered. */
import type { Interruption } from '../contracts/interruptions';
import { fuse, nodeCode, NOTICE_MS } from './interruptions';

/** A node that is watched; what is out of the ordinary is remembered, and nothing else. */
export interface WatchedNode {
  /** The experiment it belongs to. */
  owner: string;
  /** The last status of its spot request, while that means a loss. */
  spot?: { code: string; at: string };
  /** Since when it is no longer running or about to run, and why. */
  down?: { state: string; reason: string; since: string };
  /** EC2 did not know its id in the last look: a second time in a row means that it is gone. */
  missing?: boolean;
  impairedSince?: string;
}

export interface Watch {
  nodes: Record<string, WatchedNode>;
  /** What owners were told, so that they are told once. */
  known: Interruption[];
}

/** What one look showed. A part that was not looked at, or could not be read, is absent. */
export interface Look {
  region: string;
  /** ISO time at which the look began. */
  at: string;
  /** Every living node of the installation. */
  found?: { instanceId: string; owner: string }[];
  spot?: { instanceId: string; code: string; at: string }[];
  /** Of the ids asked for, those that EC2 knows. */
  instances?: { asked: string[]; seen: { instanceId: string; state: string; stateReason?: string }[] };
  /** Instances with a failed status check or a planned event. */
  troubles?: Trouble[];
}

export interface Trouble {
  instanceId: string;
  /** True when a status check of AWS fails. */
  impaired: boolean;
  /** ISO time, when AWS says since when. */
  impairedSince?: string;
  events: { code: string; notBefore?: string }[];
}

/** What one owner is to be told. */
export interface News {
  owner: string;
  interruptions: Interruption[];
}

const DOWN = ['shutting-down', 'terminated', 'stopping', 'stopped'];
/** EC2 shows a terminated instance for about an hour; until then late answers may speak of it again. */
const REMEMBER_MS = 3_600_000;
/**
 * A host whose status checks fail for so long is as good as a dead service: a reboot, and AWS's own recovery of a
 * host, are over in a few minutes. Karpenter waits two minutes; a slot here has work on it.
 */
const IMPAIRED_LOSS_MS = 300_000;
/** EC2's own code for an id that it does not know any more. */
const UNKNOWN_ID = 'InvalidInstanceID.NotFound';

/**
 * The watch after a look, and what is news for whom: one entry per owner, each notice once.
 *
 *     spot request of i-1 marked-for-termination  -> reclaim, told
 *     the same a poll later, then i-1 terminated  -> nothing: that was the notice
 *     i-2 is stopped, runs again, is stopped      -> ended, told twice
 *     i-3 fails its status checks                 -> impaired; still after five minutes -> unhealthy
 */
export function watch(before: Watch, look: Look): { watch: Watch; news: News[] } {
  const nodes = seen(before.nodes, look);
  const restarted = new Set(
    Object.keys(nodes).filter((id) => before.nodes[id]?.down !== undefined && nodes[id]?.down === undefined),
  );
  const told = before.known.filter((one) => !(one.kind === 'ended' && restarted.has(one.instanceId)));
  const signs = Object.entries(nodes).flatMap(([id, node]) => signsOf(id, node, look));
  const { known, fresh } = fuse(told, signs);
  return { watch: { nodes: alive(nodes), known: recent(known, nodes, look.at) }, news: byOwner(fresh, nodes) };
}

/** The nodes with everything the look says of them. */
function seen(before: Record<string, WatchedNode>, look: Look): Record<string, WatchedNode> {
  const nodes = { ...before };
  for (const { instanceId, owner } of look.found ?? []) nodes[instanceId] = { ...nodes[instanceId], owner };
  for (const { instanceId, code, at } of look.spot ?? []) {
    change(nodes, instanceId, ({ spot: _, ...node }) =>
      nodeCode(code)?.isLoss === true ? { ...node, spot: { code, at } } : node,
    );
  }
  foldInstances(nodes, look);
  if (look.troubles !== undefined) {
    const since = new Map(look.troubles.map((one) => [one.instanceId, one]));
    for (const id of Object.keys(nodes)) {
      change(nodes, id, ({ impairedSince, ...node }) => {
        const trouble = since.get(id);
        if (trouble?.impaired !== true) return node;
        return { ...node, impairedSince: trouble.impairedSince ?? impairedSince ?? look.at };
      });
    }
  }
  return nodes;
}

function foldInstances(nodes: Record<string, WatchedNode>, { instances, at }: Look): void {
  if (instances === undefined) return;
  const answers = new Map(instances.seen.map((one) => [one.instanceId, one]));
  for (const id of instances.asked) {
    const answer = answers.get(id);
    change(nodes, id, ({ down, missing, ...node }) => {
      if (answer === undefined) return { ...node, ...gone(down, missing, at), missing: true };
      if (!DOWN.includes(answer.state)) return node;
      const reason = answer.stateReason ?? down?.reason ?? answer.state;
      return { ...node, down: { state: answer.state, reason, since: down?.since ?? at } };
    });
  }
}

function gone(down: WatchedNode['down'], missing: boolean | undefined, at: string): Pick<WatchedNode, 'down'> {
  if (missing === true) return { down: { state: 'terminated', reason: UNKNOWN_ID, since: at, ...reasonOf(down) } };
  return down === undefined ? {} : { down };
}

function reasonOf(down: WatchedNode['down']): { reason?: string; since?: string } {
  return down === undefined ? {} : { reason: down.reason, since: down.since };
}

function change(nodes: Record<string, WatchedNode>, id: string, to: (node: WatchedNode) => WatchedNode): void {
  const node = nodes[id];
  if (node !== undefined) nodes[id] = to(node);
}

/** Everything that can be said against a node now, whether told before or not. */
function signsOf(instanceId: string, node: WatchedNode, { region, at, troubles }: Look): Interruption[] {
  const about = { instanceId, region, detectedAt: at };
  const signs: Interruption[] = [];
  const loss = lossOf(node);
  if (loss !== undefined) signs.push({ ...about, ...loss });
  if (node.down !== undefined) return signs;
  if (node.impairedSince !== undefined) {
    const seen = { ...about, source: 'instance-status', noticeAt: node.impairedSince, reason: 'impaired' } as const;
    signs.push({ ...seen, kind: 'impaired' });
    // Judged by a look at the status itself, so that a watcher that was away gives nobody up.
    const isLasting = Date.parse(at) - Date.parse(node.impairedSince) >= IMPAIRED_LOSS_MS;
    if (troubles !== undefined && isLasting) signs.push({ ...seen, kind: 'unhealthy' });
  }
  for (const { code, notBefore } of troubles?.find((one) => one.instanceId === instanceId)?.events ?? []) {
    const endsAt = notBefore === undefined ? {} : { endsAt: notBefore };
    signs.push({ ...about, kind: 'maintenance', source: 'instance-status', noticeAt: at, ...endsAt, reason: code });
  }
  return signs;
}

/** At most one per node: the request's word when there is one, since it comes first and knows the time. */
function lossOf({ spot, down }: WatchedNode): Omit<Interruption, 'instanceId' | 'region' | 'detectedAt'> | undefined {
  if (spot !== undefined) {
    const isOver = down !== undefined || nodeCode(spot.code)?.meaning === 'user-made';
    const notice = { source: 'spot-request', noticeAt: spot.at, reason: spot.code } as const;
    if (isOver) return { kind: 'ended', ...notice };
    const endsAt = new Date(Date.parse(spot.at) + NOTICE_MS).toISOString();
    return { kind: 'reclaim', ...notice, endsAt };
  }
  if (down === undefined) return undefined;
  return { kind: 'ended', source: 'instance', noticeAt: down.since, reason: down.reason };
}

/** Terminated ones never come back, so nobody asks for them again. */
function alive(nodes: Record<string, WatchedNode>): Record<string, WatchedNode> {
  return Object.fromEntries(Object.entries(nodes).filter(([, node]) => node.down?.state !== 'terminated'));
}

function recent(known: Interruption[], nodes: Record<string, WatchedNode>, at: string): Interruption[] {
  const limit = Date.parse(at) - REMEMBER_MS;
  return known.filter((one) => one.instanceId in nodes || Date.parse(one.detectedAt) > limit);
}

function byOwner(fresh: Interruption[], nodes: Record<string, WatchedNode>): News[] {
  const owners = new Map<string, Interruption[]>();
  for (const one of fresh) {
    const owner = nodes[one.instanceId]?.owner;
    if (owner !== undefined) owners.set(owner, [...(owners.get(owner) ?? []), one]);
  }
  return [...owners].map(([owner, interruptions]) => ({ owner, interruptions }));
}
