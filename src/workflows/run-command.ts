/** How does a person run a command on nodes of an experiment? An update that answers with each node's output. */
import { defineUpdate, setHandler, workflowInfo } from '@temporalio/workflow';
import { parseDuration } from '../contracts/duration';
import { UPDATE, type CommandOutcome, type Node, type Phase } from '../contracts/messages';
import type { StepSpec } from '../schemas/experiment';
import { failure } from './failure';
import type { Run } from './run';
import { tell } from './run-state';
import { runOn, type LostNode } from './steps';

/** `on` is a component or a slot; `timeout` a duration. */
interface RunCommandInput {
  on: string;
  run: string;
  timeout?: string | number;
}

const runCommandUpdate = defineUpdate<CommandOutcome[], [RunCommandInput]>(UPDATE.runCommand);

/** Phases in which nodes are there and answer to SSM. */
const ANSWERING: readonly Phase[] = ['Ready', 'Running', 'Recovering', 'Collecting', 'Held'];
/** A look at a node takes seconds; who needs longer says so. */
const DEFAULT_SECONDS = 300;
/** What SSM takes of a script, less our own part around it: the limit of a step's script. */
const SCRIPT_CHARACTERS = 32_000;
/** All outputs of an answer together: half of what Temporal takes without a warning. */
const ANSWER_BYTES = 131_072;

/** Set once the target is known; an update that comes earlier waits for it. */
export function listenForCommands(run: Run): void {
  let sent = 0;
  setHandler(
    runCommandUpdate,
    (input) => {
      sent += 1;
      return send(run, input, sent);
    },
    {
      validator: (input) => {
        check(run, input);
      },
      description: 'Runs a script on a component or a slot: {"on": "broker", "run": "uptime", "timeout": "60s"}',
    },
  );
}

async function send(
  run: Run,
  { on, run: script, timeout }: RunCommandInput,
  number: number,
): Promise<CommandOutcome[]> {
  const { state, admission } = run;
  const nodes = nodesOf(run, on);
  const name = `exec-${String(number)}`;
  tell(state, `${name} on ${on}: ${script.split('\n')[0]?.slice(0, 100) ?? ''}`);
  const step: StepSpec = {
    ...{ name, on: [on], run: script, env: {}, onDisturbed: 'keep' },
    timeout: parseDuration(timeout) ?? DEFAULT_SECONDS,
  };
  const sending = {
    target: admission.target,
    experimentId: state.status.experimentId,
    nodes: () => state.status.nodes,
    outcomes: () => state.status.steps,
    onEvent: () => undefined,
    headBytes: Math.floor(ANSWER_BYTES / 2 / nodes.length),
  };
  const { done, lost } = await runOn(sending, step, `${workflowInfo().firstExecutionRunId}-${name}`, nodes);
  return nodes.map((node) =>
    outcomeOf(
      node,
      done.find(({ slot }) => slot === node.slot),
      lost,
    ),
  );
}

type Done = Awaited<ReturnType<typeof runOn>>['done'][number];

function outcomeOf({ slot, instanceId }: Node, done: Done | undefined, lost: LostNode[]): CommandOutcome {
  if (done === undefined) {
    const why = lost.find(({ node }) => node.instanceId === instanceId)?.lost ?? 'gave no answer';
    return { slot, instanceId, lost: why, stdout: '', stderr: '' };
  }
  const { exitCode, head = { stdout: '', stderr: '', cut: false } } = done;
  const { stdout, stderr } = done.outputs;
  return { slot, instanceId, exitCode, ...head, outputs: { stdout, stderr } };
}

function check(run: Run, input: unknown): void {
  const { phase } = run.state.status;
  if (!ANSWERING.includes(phase))
    throw failure('InvalidInput', `the experiment is ${phase}; commands run while it is ${ANSWERING.join(', ')}`);
  const { on, run: script, timeout } = { ...(input as Partial<RunCommandInput> | null | undefined) };
  if (typeof on !== 'string' || typeof script !== 'string' || script === '' || script.length > SCRIPT_CHARACTERS)
    throw failure(
      'InvalidInput',
      'name where and what: {"on": "broker", "run": "uptime"}, of 32,000 characters at most',
    );
  if (timeout !== undefined && parseDuration(timeout) === undefined)
    throw failure('InvalidInput', `timeout: ${JSON.stringify(timeout)} is no duration; write 60s`);
  if (nodesOf(run, on).length === 0) throw failure('InvalidInput', `on: ${on} is no component or slot; ${known(run)}`);
}

function nodesOf({ state }: Run, on: string): Node[] {
  return state.status.nodes.filter((node) => node.component === on || node.slot === on);
}

function known({ state }: Run): string {
  const { nodes } = state.status;
  return `there are ${[...new Set(nodes.map((node) => node.component))].join(', ')}`.slice(0, 500);
}
