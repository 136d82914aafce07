/** How does a step run on its nodes? */
import { Context } from '@temporalio/activity';
import type { Cloud, CommandsPort, Invocation } from '../aws/ports';
import { killScript, parseStep, stepScript, type StepReport } from '../policy/node-script';
import type { ResultStore } from '../results/port';
import type { StepSpec } from '../schemas/experiment';
import { beating } from './beating';
import { notReady } from './failure';
import { goneNodes } from './gone-nodes';
import { nodeEnvironment, type Peer } from './node-environment';
import { collectOutputs, type Collected, type CollectInput } from './step-outputs';
import { assertTarget, type Target } from './target';

export interface StepInput {
  target: Target;
  experimentId: string;
  region: string;
  step: StepSpec;
  /** Identifies this execution of the step on a node: a second send with it attaches to the first. */
  token: string;
  /** The nodes that run it. */
  ids: string[];
  /** All nodes, for the environment. */
  peers: Peer[];
  /** Longest pause between two looks, in milliseconds. */
  pollMs: number;
}

/** How the step ended on one node: with a report, or with the node itself. */
export type StepEnd = { instanceId: string; report: StepReport } | { instanceId: string; lost: string };

export interface KillInput {
  target: Target;
  region: string;
  token: string;
  ids: string[];
}

interface Sent {
  /** Commands that still have to answer. */
  open: { commandId: string; ids: string[] }[];
  ends: StepEnd[];
}

/** SSM takes at most 50 instance ids in one SendCommand. */
const IDS_PER_COMMAND = 50;
/** Beyond a step's own limit: starting it, zipping its output, and a late agent. */
const GRACE_SECONDS = 120;
export function createStepActivities({ cloud, results }: { cloud: Cloud; results: ResultStore }) {
  return {
    /** Starts the step at most once per node and answers when it ended on all; until then throws `NotReady`. */
    async runStep(input: StepInput): Promise<StepEnd[]> {
      await assertTarget(cloud, input.target);
      const context = Context.current();
      let sent = context.info.heartbeatDetails as Sent | undefined;
      const next = await beating(
        async () => {
          sent ??= await begin(cloud, input, context.cancellationSignal);
          context.heartbeat(sent);
          return look(cloud, input, sent, context.cancellationSignal);
        },
        () => sent,
      );
      context.heartbeat(next);
      if (next.open.length === 0) return next.ends;
      const waitedMs = Date.now() - context.info.scheduledTimestampMs;
      // A tenth of the time already waited: short steps are seen at once, long ones cost few calls.
      const pauseMs = Math.min(input.pollMs, Math.max(500, waitedMs / 10));
      throw notReady(
        `${input.step.name}: ended on ${String(next.ends.length)} of ${String(input.ids.length)} nodes`,
        pauseMs,
      );
    },

    /** Brings all output of a region's nodes home, whole, whatever its length, and parses the declared results. */
    async collectStep(input: CollectInput): Promise<Collected> {
      await assertTarget(cloud, input.target);
      return beating(() => collectOutputs(cloud, results, input));
    },

    /** Ends the step on its nodes, best effort per node: a node that is gone has nothing to end. */
    async killStep(input: KillInput): Promise<void> {
      await assertTarget(cloud, input.target);
      const commands = cloud.commands(input.region);
      const online = new Set((await commands.online(input.ids)).map((agent) => agent.instanceId));
      const ids = input.ids.filter((id) => online.has(id));
      for (const batch of batches(ids)) {
        await commands.send({
          ids: batch,
          script: killScript(input.token),
          timeoutSeconds: 30,
          comment: 'holdfast end step',
        });
      }
    },
  };
}

export type StepActivities = ReturnType<typeof createStepActivities>;

/** SSM refuses a whole batch for one node that is gone, and would for ever. */
async function begin(cloud: Cloud, input: StepInput, signal: AbortSignal): Promise<Sent> {
  const gone = await goneNodes(cloud, input.region, input.ids, signal);
  const living = input.ids.filter((id) => !gone.has(id));
  return {
    open: await send(cloud.commands(input.region), input, living),
    ends: [...gone].map(([instanceId, lost]) => ({ instanceId, lost })),
  };
}

async function send(commands: CommandsPort, input: StepInput, ids: string[]): Promise<Sent['open']> {
  const { step } = input;
  const script = stepScript({
    token: input.token,
    timeoutSeconds: Math.ceil(step.timeout),
    env: { ...nodeEnvironment(input.experimentId, input.peers), ...step.env },
    script: step.run,
    ...(step.result !== undefined && 'json' in step.result ? { resultPath: step.result.json } : {}),
  });
  const timeoutSeconds = Math.ceil(step.timeout) + GRACE_SECONDS;
  const open: Sent['open'] = [];
  for (const batch of batches(ids)) {
    const comment = `holdfast step ${step.name}`;
    open.push({ commandId: await commands.send({ ids: batch, script, timeoutSeconds, comment }), ids: batch });
  }
  return open;
}

async function look(cloud: Cloud, input: StepInput, sent: Sent, signal: AbortSignal): Promise<Sent> {
  const commands = cloud.commands(input.region);
  const answers = await Promise.all(
    sent.open.map(async ({ commandId, ids }) => ({
      commandId,
      ids,
      seen: await commands.invocations(commandId, { signal }),
    })),
  );
  const gone = await goneNodes(
    cloud,
    input.region,
    sent.open.flatMap(({ ids }) => ids),
    signal,
  );
  const ends: StepEnd[] = [...sent.ends];
  const open: Sent['open'] = [];
  const unreported: string[] = [];
  for (const { commandId, ids, seen } of answers) {
    const waiting = ids.filter((instanceId) => {
      const invocation = seen.find((entry) => entry.instanceId === instanceId);
      const report = invocation === undefined ? undefined : parseStep(invocation.stdout);
      const lost = gone.get(instanceId);
      if (report !== undefined) ends.push({ instanceId, report });
      else if (lost !== undefined) ends.push({ instanceId, lost });
      else if (invocation === undefined || !hasEnded(invocation)) return true;
      else unreported.push(instanceId);
      return false;
    });
    if (waiting.length > 0) open.push({ commandId, ids: waiting });
  }
  // A command that ended without the step's report was lost on its way; sending again attaches to the same step.
  const again = unreported.length === 0 ? [] : await send(commands, input, unreported);
  return { open: [...open, ...again], ends };
}

function hasEnded(invocation: Invocation): boolean {
  return !['Pending', 'InProgress', 'Delayed', 'Cancelling'].includes(invocation.status);
}

function batches(ids: string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / IDS_PER_COMMAND) }, (_, index) =>
    ids.slice(index * IDS_PER_COMMAND, (index + 1) * IDS_PER_COMMAND),
  );
}
