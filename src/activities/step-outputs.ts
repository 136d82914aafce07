/** How does all output of a step come home, whatever its length? In slices, many nodes per command. */
import { gunzipSync } from 'node:zlib';
import { Context } from '@temporalio/activity';
import type { Cloud, CommandsPort, Invocation } from '../aws/ports';
import { Failure } from '../contracts/failures';
import type { StepOutcome } from '../contracts/messages';
import { READ_SLICE_BYTES, readScript, type StepReport, type StepStream } from '../policy/node-script';
import type { ResultStore } from '../results/port';
import type { StepSpec } from '../schemas/experiment';
import { goneNodes } from './gone-nodes';
import type { Target } from './target';

/** A node on which the step ended. */
export interface Reported {
  instanceId: string;
  slot: string;
  report: StepReport;
}

export interface CollectInput {
  target: Target;
  experimentId: string;
  region: string;
  step: StepSpec;
  token: string;
  ends: Reported[];
  seconds: number;
  /** Largest result, in bytes, that is answered as well as kept: histories are for decisions. */
  resultBytes: number;
  /** Bytes of each output that are answered as well as kept; none when absent. */
  headBytes?: number;
}

/** The beginning of a node's outputs. */
export interface Head {
  stdout: string;
  stderr: string;
  /** True when either goes on in the result store. */
  cut: boolean;
}

/** What came home, and nodes that went before theirs did. */
export interface Collected {
  outcomes: (StepOutcome & { head?: Head })[];
  lost: { instanceId: string; lost: string }[];
}

/** SSM takes at most 50 instance ids in one SendCommand. */
const IDS_PER_COMMAND = 50;
/** Gzipped bytes held at once: beyond that nodes wait for their turn. */
const GROUP_BYTES = 33_554_432; // 32 MiB, an eighth of what a small worker has
/** Slices read at once: SSM's own rate is unpublished, and four are far below what one account may do. */
const SLICES_AT_ONCE = 4;
/** In base64 with a line end this stays under the 2,500 characters that ListCommandInvocations gives back. */
const LISTED_BYTES = 1800;
/** Reading a file takes the node a moment. */
const LOOK_MS = 200;

/** Reads, keeps and parses the outputs of every node; nodes that ended meanwhile are answered as lost. */
export async function collectOutputs(cloud: Cloud, results: ResultStore, input: CollectInput): Promise<Collected> {
  const collected: Collected = { outcomes: [], lost: [] };
  for (const group of groupsOf(input.ends)) {
    const { outcomes, lost } = await collectGroup(cloud, results, input, group);
    collected.outcomes.push(...outcomes);
    collected.lost.push(...lost);
  }
  return collected;
}

function groupsOf(ends: Reported[]): Reported[][] {
  const groups: Reported[][] = [];
  let bytes = 0;
  for (const end of ends) {
    const { stdoutBytes = 0, stderrBytes = 0, resultBytes = 0 } = end.report;
    const size = stdoutBytes + stderrBytes + resultBytes;
    const last = groups.at(-1);
    if (last === undefined || last.length === IDS_PER_COMMAND || bytes + size > GROUP_BYTES) {
      groups.push([end]);
      bytes = size;
    } else {
      last.push(end);
      bytes += size;
    }
  }
  return groups;
}

/** One lost node spoils the commands of its whole group; so after a failure the group goes on without the lost. */
async function collectGroup(
  cloud: Cloud,
  results: ResultStore,
  input: CollectInput,
  group: Reported[],
): Promise<Collected> {
  const commands = cloud.commands(input.region);
  try {
    return { outcomes: await collectAll(commands, results, input, group), lost: [] };
  } catch (error) {
    const ids = group.map((end) => end.instanceId);
    const gone = await goneNodes(cloud, input.region, ids, Context.current().cancellationSignal);
    if (gone.size === 0) throw error;
    const left = group.filter((end) => !gone.has(end.instanceId));
    const { outcomes, lost } = await collectGroup(cloud, results, input, left);
    return { outcomes, lost: [...lost, ...[...gone].map(([instanceId, how]) => ({ instanceId, lost: how }))] };
  }
}

async function collectAll(
  commands: CommandsPort,
  results: ResultStore,
  input: CollectInput,
  group: Reported[],
): Promise<Collected['outcomes']> {
  const { step, token } = input;
  const stdout = await readStream(commands, token, 'stdout', sizes(group, 'stdoutBytes'));
  const stderr = await readStream(commands, token, 'stderr', sizes(group, 'stderrBytes'));
  const isFile = step.result !== undefined && 'json' in step.result;
  const files = isFile
    ? await readStream(commands, token, 'result', sizes(group, 'resultBytes'))
    : new Map<string, Buffer>();
  return Promise.all(
    group.map((end) => {
      const { instanceId } = end;
      const read = { stdout: stdout.get(instanceId), stderr: stderr.get(instanceId), file: files.get(instanceId) };
      return keepOne(results, input, end, read);
    }),
  );
}

/** Gzipped bytes by node, for those that left some. */
function sizes(group: Reported[], stream: 'stdoutBytes' | 'stderrBytes' | 'resultBytes'): Map<string, number> {
  return new Map(group.map((end) => [end.instanceId, end.report[stream] ?? 0] as const).filter(([, size]) => size > 0));
}

/** The unzipped stream of each node. */
async function readStream(
  commands: CommandsPort,
  token: string,
  stream: StepStream,
  bytes: Map<string, number>,
): Promise<Map<string, Buffer>> {
  const slices = new Map<string, Buffer[]>([...bytes.keys()].map((id) => [id, []]));
  const count = Math.ceil(Math.max(0, ...bytes.values()) / READ_SLICE_BYTES);
  for (let index = 0; index < count; index += SLICES_AT_ONCE) {
    const turn = Array.from({ length: Math.min(SLICES_AT_ONCE, count - index) }, (_, step) => index + step);
    const read = await Promise.all(turn.map((slice) => readSlice(commands, token, stream, slice, bytes)));
    for (const answers of read) for (const [id, answer] of answers) slices.get(id)?.push(answer);
  }
  return new Map([...slices].map(([id, parts]) => [id, gunzipSync(Buffer.concat(parts))]));
}

/** One slice of every node whose stream reaches that far. */
async function readSlice(
  commands: CommandsPort,
  token: string,
  stream: StepStream,
  slice: number,
  bytes: Map<string, number>,
): Promise<Map<string, Buffer>> {
  const offset = slice * READ_SLICE_BYTES;
  const ids = [...bytes].filter(([, size]) => size > offset).map(([id]) => id);
  const script = readScript({ token, stream, offset, length: READ_SLICE_BYTES });
  const commandId = await commands.send({ ids, script, timeoutSeconds: 60, comment: 'holdfast read output' });
  const listed = await endedInvocations(commands, commandId, ids);
  const answers = new Map<string, Buffer>();
  for (const { instanceId, status, stdout } of listed) {
    if (status !== 'Success') {
      throw new Failure('ServiceUnavailable', `reading ${stream} of ${instanceId} ended ${status}`);
    }
    const isWhole = (bytes.get(instanceId) ?? 0) - offset <= LISTED_BYTES;
    const text = isWhole ? stdout : await wholeOutput(commands, commandId, instanceId);
    answers.set(instanceId, Buffer.from(text, 'base64'));
  }
  return answers;
}

async function endedInvocations(commands: CommandsPort, commandId: string, ids: string[]): Promise<Invocation[]> {
  const context = Context.current();
  for (;;) {
    await context.sleep(LOOK_MS);
    const seen = await commands.invocations(commandId, { signal: context.cancellationSignal });
    const ended = seen.filter(({ status }) => !['Pending', 'InProgress', 'Delayed', 'Cancelling'].includes(status));
    if (ended.length >= ids.length) return ended;
  }
}

async function wholeOutput(commands: CommandsPort, commandId: string, instanceId: string): Promise<string> {
  const { cancellationSignal: signal } = Context.current();
  return (await commands.output(commandId, instanceId, { signal })).stdout;
}

/** What was read of one node; undefined where it left nothing. */
type Read = Record<'stdout' | 'stderr' | 'file', Buffer | undefined>;

async function keepOne(
  results: ResultStore,
  input: CollectInput,
  end: Reported,
  read: Read,
): Promise<Collected['outcomes'][number]> {
  const { experimentId, step, seconds } = input;
  const prefix = `steps/${step.name}/${end.slot}`;
  const keep = (name: string, content: Buffer): Promise<string> =>
    results.put(experimentId, `${prefix}/${name}`, content);
  const stdout = read.stdout ?? Buffer.alloc(0);
  const outputs: StepOutcome['outputs'] = {
    stdout: await keep('stdout.txt', stdout),
    stderr: await keep('stderr.txt', read.stderr ?? Buffer.alloc(0)),
  };
  const head = input.headBytes === undefined ? {} : { head: headOf(read, input.headBytes) };
  const outcome = { name: step.name, slot: end.slot, exitCode: end.report.exitCode, seconds, outputs, ...head };
  if (step.result === undefined || ('output' in step.result && step.result.output === 'text')) return outcome;
  const declared = 'json' in step.result ? read.file : stdout;
  if (declared === undefined) return { ...outcome, resultProblem: missingFile(step) };
  outputs.result = await keep('result.json', declared);
  return { ...outcome, ...parsed(declared, input.resultBytes) };
}

/** A character that the limit cuts in two is left out. */
function headOf({ stdout, stderr }: Read, bytes: number): Head {
  const begin = (whole: Buffer = Buffer.alloc(0)): string =>
    whole.byteLength <= bytes
      ? whole.toString()
      : whole
          .subarray(0, bytes)
          .toString()
          .replace(/\uFFFD$/, '');
  const cut = [stdout, stderr].some((whole) => (whole?.byteLength ?? 0) > bytes);
  return { stdout: begin(stdout), stderr: begin(stderr), cut };
}

function missingFile({ result }: StepSpec): string {
  return `the step left no file ${result !== undefined && 'json' in result ? result.json : ''}`;
}

function parsed(content: Buffer, limit: number): Pick<StepOutcome, 'result' | 'resultProblem'> {
  try {
    const result: unknown = JSON.parse(content.toString('utf8'));
    if (content.byteLength <= limit) return { result };
    return { resultProblem: `${String(content.byteLength)} bytes: kept in the result store only` };
  } catch (error) {
    return { resultProblem: `is no JSON: ${error instanceof Error ? error.message : String(error)}`.slice(0, 300) };
  }
}
