/** Are the services of ready nodes still well? One check command per component and period, until a node is lost. */
import { Context } from '@temporalio/activity';
import type { Cloud, CommandsPort, Invocation } from '../aws/ports';
import { Failure } from '../contracts/failures';
import type { NodeProgress } from '../contracts/readiness';
import { foldChecks, type CheckResult, type Streaks, type Unhealthy } from '../policy/liveness';
import { parseChecks, readyScript } from '../policy/node-script';
import { beating } from './beating';
import { notReady } from './failure';
import { hasEnded } from './machine-answers';
import { checksOf, COMMAND_GRACE_SECONDS, inBatches, type Asked, type ComponentChecks } from './machine-checks';
import { assertTarget, type Target } from './target';

/** What is checked on the nodes of a component, how often in seconds, and how many failures in a row are a loss. */
export interface LivenessChecks extends Pick<ComponentChecks, 'services' | 'health'> {
  every: number;
  failures: number;
}

export interface LivenessInput {
  target: Target;
  nodes: Pick<NodeProgress, 'instanceId' | 'component' | 'region'>[];
  components: Record<string, LivenessChecks>;
  /** What the call before left. */
  carry?: LivenessCarry;
}

/** What the next look goes on with; it travels in the heartbeat from try to try. */
export interface LivenessCarry {
  streaks: Streaks;
  /** Check commands under way. */
  open: Asked[];
  /** Epoch milliseconds at which each component was last asked. */
  askedAt: Record<string, number>;
}

export interface Checked {
  unhealthy: Unhealthy[];
  carry: LivenessCarry;
}

/** A unit that restarts is back within seconds: the node itself looks for so long before it calls a check failed. */
const WINDOW_SECONDS = 5;
/** Longest pause between two looks at a command under way. */
const LOOK_MS = 5000;

export function createLivenessActivities({ cloud }: { cloud: Cloud }) {
  return {
    /**
     * Checks the nodes at the pace of their components. Returns only the nodes that just became unhealthy; otherwise
     * throws `NotReady`. What counts is what nodes answered: a worker that was away, a command that got lost and a
     * host whose agent is silent are no failures.
     */
    async checkNodes(input: LivenessInput): Promise<Checked> {
      await assertTarget(cloud, input.target);
      const { info, cancellationSignal: signal, heartbeat } = Context.current();
      const begun = { streaks: {}, open: [], askedAt: {} };
      const before = (info.heartbeatDetails as LivenessCarry | undefined) ?? input.carry ?? begun;
      // Ready nodes have just been checked, so the first time comes after a period.
      const look = { cloud, input, since: info.scheduledTimestampMs, signal };
      const next = await beating(
        () => lookOnce(look, before),
        () => before,
      );
      if (next.unhealthy.length > 0) return next;
      heartbeat(next.carry);
      throw notReady(summary(input, next.carry), pauseMs(look, next.carry, Date.now()));
    },
  };
}

export type LivenessActivities = ReturnType<typeof createLivenessActivities>;

interface Look {
  cloud: Cloud;
  input: LivenessInput;
  /** Epoch milliseconds from which the first period is counted. */
  since: number;
  signal: AbortSignal;
}

async function lookOnce(look: Look, before: LivenessCarry): Promise<Checked> {
  const answers = await Promise.all(before.open.map((asked) => answersTo(look, asked)));
  let { streaks } = before;
  const unhealthy: Unhealthy[] = [];
  for (const { component, results } of answers) {
    const folded = foldChecks(streaks, results, look.input.components[component]?.failures ?? Infinity);
    streaks = failing(folded.streaks);
    unhealthy.push(...folded.unhealthy);
  }
  const open = answers.flatMap((answer) => answer.open ?? []);
  const now = Date.now();
  const due = componentsDue(look, { ...before, open }, now);
  const asked = await askNodes(look, due, now);
  const askedAt = { ...before.askedAt, ...Object.fromEntries(due.map((component) => [component, now])) };
  return { unhealthy, carry: { streaks, open: [...open, ...asked], askedAt } };
}

/** A component is never asked again before it answered, so a pass leaves nothing to remember. */
function failing(streaks: Streaks): Streaks {
  return Object.fromEntries(Object.entries(streaks).filter(([, { failures }]) => failures > 0));
}

interface Answers {
  component: string;
  results: CheckResult[];
  open?: Asked;
}

async function answersTo({ cloud, signal }: Look, asked: Asked): Promise<Answers> {
  const { component, region, commandId, ids } = asked;
  const invocations = await cloud.commands(region).invocations(commandId, { signal });
  const ended = invocations.filter((entry) => ids.includes(entry.instanceId) && hasEnded(entry));
  const results = ended.flatMap((entry) => resultOf(entry, asked));
  const waiting = ids.filter((id) => !ended.some((entry) => entry.instanceId === id));
  if (waiting.length === 0 || Date.now() > asked.staleAt) return { component, results };
  return { component, results, open: { ...asked, ids: waiting } };
}

/** None where the agent did not run the script: such a host is judged by its state. */
function resultOf({ instanceId, stdout, exitCode }: Invocation, { region, at }: Asked): CheckResult[] {
  const checks = parseChecks(stdout);
  const about = { instanceId, region, askedAt: at };
  if (checks.length === 0) {
    const seen = `the check command exited ${String(exitCode)}`;
    return exitCode === undefined || exitCode === 0 ? [] : [{ ...about, passed: false, seen }];
  }
  const failed = checks.filter((check) => check.verdict === 'fail');
  const seen = failed.map((check) => check.evidence).join('; ');
  return [{ ...about, passed: failed.length === 0, seen: seen.slice(0, 300) }];
}

/** Components whose time has come; one that has not answered yet is not asked again. */
function componentsDue(look: Look, { open, askedAt }: LivenessCarry, now: number): string[] {
  const busy = new Set(open.map((asked) => asked.component));
  return Object.entries(look.input.components).flatMap(([name, { every }]) =>
    !busy.has(name) && now >= (askedAt[name] ?? look.since) + every * 1000 ? [name] : [],
  );
}

async function askNodes(look: Look, due: string[], now: number): Promise<Asked[]> {
  const nodes = look.input.nodes.filter((node) => due.includes(node.component));
  const online = await onlineAmong(look, nodes);
  const batches = inBatches(nodes.filter((node) => online.has(node.instanceId)));
  return (await Promise.all(batches.map((batch) => ask(look, batch, now)))).flat();
}

/** SSM refuses a whole command when one of its nodes is gone, so only those with a living agent are asked. */
async function onlineAmong({ cloud, signal }: Look, nodes: LivenessInput['nodes']): Promise<Set<string>> {
  const regions = [...new Set(nodes.map((node) => node.region))];
  const agents = await Promise.all(
    regions.map((region) => {
      const ids = nodes.filter((node) => node.region === region).map((node) => node.instanceId);
      return cloud.commands(region).online(ids, { signal });
    }),
  );
  return new Set(agents.flat().map((agent) => agent.instanceId));
}

async function ask({ cloud, input, signal }: Look, batch: LivenessInput['nodes'], now: number): Promise<Asked[]> {
  const [{ region, component } = { region: '', component: '' }] = batch;
  const checks = input.components[component];
  if (checks === undefined) return [];
  const ids = batch.map((node) => node.instanceId);
  const windowSeconds = Math.min(WINDOW_SECONDS, Math.floor(checks.every / 2));
  const timeoutSeconds = windowSeconds + COMMAND_GRACE_SECONDS;
  const script = readyScript({ windowSeconds, checks: checksOf(checks) });
  const commandId = await send(cloud.commands(region), { ids, script, timeoutSeconds, component }, signal);
  if (commandId === undefined) return [];
  const at = new Date(now).toISOString();
  return [{ region, component, commandId, ids, at, staleAt: now + timeoutSeconds * 1000 }];
}

/** A node that went between the two calls takes its command along; the others are asked with the next period. */
async function send(
  commands: CommandsPort,
  { component, ...request }: { ids: string[]; script: string; timeoutSeconds: number; component: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await commands.send({ ...request, comment: `holdfast liveness ${component}` }, { signal });
  } catch (error) {
    if (error instanceof Failure && error.type === 'NotYetVisible') return undefined;
    throw error;
  }
}

function pauseMs({ input, since }: Look, { open, askedAt }: LivenessCarry, now: number): number {
  const busy = new Set(open.map((asked) => asked.component));
  const pauses = Object.entries(input.components).map(([name, { every }]) =>
    busy.has(name) ? Math.min(LOOK_MS, every * 100) : (askedAt[name] ?? since) + every * 1000 - now,
  );
  return Math.max(1, Math.min(...pauses));
}

/** Short: it is what the run page shows of the pending activity. */
function summary({ nodes }: LivenessInput, { streaks }: LivenessCarry): string {
  const named = Object.entries(streaks)
    .slice(0, 5)
    .map(([id, streak]) => `${id} failed ${String(streak.failures)} checks in a row`);
  return [`checking ${String(nodes.length)} nodes`, ...named].join('; ');
}
