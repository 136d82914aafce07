/** How does a step run on its nodes, and how does all of its output come back? */
import { gunzipSync } from 'node:zlib';
import { Context } from '@temporalio/activity';
import type { Cloud, CommandsPort, Invocation } from '../aws/ports';
import { Failure } from '../contracts/failures';
import type { StepOutcome } from '../contracts/messages';
import {
  killScript,
  parseStep,
  READ_SLICE_BYTES,
  readScript,
  stepScript,
  type StepReport,
  type StepStream,
} from '../policy/node-script';
import type { ResultStore } from '../results/port';
import type { StepSpec } from '../schemas/experiment';
import { beating } from './beating';
import { notReady } from './failure';
import { nodeEnvironment, type Peer } from './node-environment';
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
export type StepEnd = { instanceId: string; report: StepReport } | StepLoss;

/** The node went, and with it what the step did there. */
export interface StepLoss {
  instanceId: string;
  lost: string;
}

export interface CollectInput {
  target: Target;
  experimentId: string;
  region: string;
  step: StepSpec;
  token: string;
  end: Extract<StepEnd, { report: StepReport }>;
  slot: string;
  seconds: number;
}

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
/** Slices read at once: SSM's own rate is unpublished, and four are far below what one account may do. */
const SLICES_AT_ONCE = 4;
/** A result larger than this stays in the result store only: histories are for decisions (64 KiB of 2 MiB). */
const RESULT_IN_HISTORY_BYTES = 65_536;

export function createStepActivities({ cloud, results }: { cloud: Cloud; results: ResultStore }) {
  return {
    /** Starts the step at most once per node and answers when it ended on all; until then throws `NotReady`. */
    async runStep(input: StepInput): Promise<StepEnd[]> {
      await assertTarget(cloud, input.target);
      const context = Context.current();
      const commands = cloud.commands(input.region);
      let sent = context.info.heartbeatDetails as Sent | undefined;
      const next = await beating(
        async () => {
          sent ??= { open: await send(commands, input, input.ids), ends: [] };
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

    /**
     * Brings all output home, whole, whatever its length, and parses the declared result. A node that went before its
     * output was home takes the step along: then it is lost.
     */
    async collectStep(input: CollectInput): Promise<StepOutcome | StepLoss> {
      await assertTarget(cloud, input.target);
      return beating(async () => {
        try {
          return await collect(cloud.commands(input.region), results, input);
        } catch (error) {
          const { instanceId } = input.end;
          const gone = await goneNodes(cloud, input.region, [instanceId], Context.current().cancellationSignal);
          const lost = gone.get(instanceId);
          if (lost === undefined) throw error;
          return { instanceId, lost: `${lost} before its output was home` };
        }
      });
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

/** Nodes that can answer no more, with EC2's word on each. They were visible before, so absence means an end. */
async function goneNodes(
  cloud: Cloud,
  region: string,
  ids: string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const views = new Map(
    (await cloud.compute(region).instances(ids, { signal })).map((view) => [view.instanceId, view]),
  );
  const gone = new Map<string, string>();
  for (const id of ids) {
    const view = views.get(id);
    if (view?.state === 'running' || view?.state === 'pending') continue;
    gone.set(
      id,
      view === undefined ? 'no longer known to EC2' : `${view.state} (${view.stateReason ?? 'no reason given'})`,
    );
  }
  return gone;
}

function hasEnded(invocation: Invocation): boolean {
  return !['Pending', 'InProgress', 'Delayed', 'Cancelling'].includes(invocation.status);
}

async function collect(commands: CommandsPort, results: ResultStore, input: CollectInput): Promise<StepOutcome> {
  const { report, instanceId } = input.end;
  const prefix = `steps/${input.step.name}/${input.slot}`;
  const read = (stream: StepStream, bytes: number | undefined): Promise<Buffer> =>
    readWhole(commands, { instanceId, token: input.token, stream, bytes });
  const stdout = await read('stdout', report.stdoutBytes);
  const stderr = await read('stderr', report.stderrBytes);
  const outputs: StepOutcome['outputs'] = {
    stdout: await results.put(input.experimentId, `${prefix}/stdout.txt`, stdout),
    stderr: await results.put(input.experimentId, `${prefix}/stderr.txt`, stderr),
  };
  const outcome = {
    name: input.step.name,
    slot: input.slot,
    exitCode: report.exitCode,
    seconds: input.seconds,
    outputs,
  };
  const declared = await declaredResult(input, stdout, read);
  if (declared === undefined) return outcome;
  if (declared.content === undefined) return { ...outcome, resultProblem: declared.problem };
  outputs.result = await results.put(input.experimentId, `${prefix}/result.json`, declared.content);
  return { ...outcome, ...parsed(declared.content) };
}

type Declared = { content: Buffer } | { content?: undefined; problem: string };

async function declaredResult(
  input: CollectInput,
  stdout: Buffer,
  read: (stream: 'result', bytes: number) => Promise<Buffer>,
): Promise<Declared | undefined> {
  const { result } = input.step;
  if (result === undefined) return undefined;
  if ('output' in result) return result.output === 'json' ? { content: stdout } : undefined;
  const bytes = input.end.report.resultBytes;
  return bytes === undefined
    ? { problem: `the step left no file ${result.json}` }
    : { content: await read('result', bytes) };
}

function parsed(content: Buffer): Pick<StepOutcome, 'result' | 'resultProblem'> {
  try {
    const result: unknown = JSON.parse(content.toString('utf8'));
    if (content.byteLength <= RESULT_IN_HISTORY_BYTES) return { result };
    return { resultProblem: `${String(content.byteLength)} bytes: kept in the result store only` };
  } catch (error) {
    return { resultProblem: `is no JSON: ${error instanceof Error ? error.message : String(error)}`.slice(0, 300) };
  }
}

/** Reads a kept, gzipped output slice by slice. A count of 0 or none means that there is nothing. */
async function readWhole(
  commands: CommandsPort,
  wanted: { instanceId: string; token: string; stream: StepStream; bytes: number | undefined },
): Promise<Buffer> {
  const total = wanted.bytes ?? 0;
  if (total === 0) return Buffer.alloc(0);
  const offsets = Array.from({ length: Math.ceil(total / READ_SLICE_BYTES) }, (_, index) => index * READ_SLICE_BYTES);
  const slices: Buffer[] = [];
  for (let index = 0; index < offsets.length; index += SLICES_AT_ONCE) {
    const group = offsets.slice(index, index + SLICES_AT_ONCE);
    slices.push(...(await Promise.all(group.map((offset) => readSlice(commands, wanted, offset)))));
    Context.current().heartbeat(index);
  }
  return gunzipSync(Buffer.concat(slices));
}

async function readSlice(
  commands: CommandsPort,
  wanted: { instanceId: string; token: string; stream: StepStream },
  offset: number,
): Promise<Buffer> {
  const script = readScript({ token: wanted.token, stream: wanted.stream, offset, length: READ_SLICE_BYTES });
  const ids = [wanted.instanceId];
  const commandId = await commands.send({ ids, script, timeoutSeconds: 60, comment: 'holdfast read output' });
  const answer = await answerOf(commands, commandId, wanted.instanceId);
  if (answer.status !== 'Success') {
    throw new Failure('ServiceUnavailable', `reading ${wanted.stream} of ${wanted.instanceId} ended ${answer.status}`);
  }
  return Buffer.from(answer.stdout, 'base64');
}

/** Reading a file takes the node a moment: looks every 200 ms for as long as the activity itself may run. */
async function answerOf(commands: CommandsPort, commandId: string, instanceId: string): Promise<Invocation> {
  const { cancellationSignal } = Context.current();
  for (;;) {
    await Context.current().sleep(200);
    const found = await commands.output(commandId, instanceId, { signal: cancellationSignal }).catch(notVisibleYet);
    if (found !== undefined && hasEnded(found)) return found;
    Context.current().heartbeat();
  }
}

function notVisibleYet(error: unknown): undefined {
  if (error instanceof Failure && error.type === 'NotYetVisible') return undefined;
  throw error;
}

function batches(ids: string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / IDS_PER_COMMAND) }, (_, index) =>
    ids.slice(index * IDS_PER_COMMAND, (index + 1) * IDS_PER_COMMAND),
  );
}
