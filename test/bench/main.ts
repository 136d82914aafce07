/**
 * `npm run bench`: does Holdfast keep its measured promises? Scenario `aws-like`, default waits, real clock.
 *
 *     npm run bench                          all metrics, about 28 minutes on two cores
 *     npm run bench -- --only quota          one of them
 *     npm run bench -- --json                ends with {"metrics":[{name,value,goal,unit,holds}]}
 *
 * A missed goal is printed as missed and does not change the exit code; a metric that could not be measured does.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { metric, notMeasured, type Bench, type Metric } from './metric';
import { cancel } from './metrics/cancel';
import { cleanup } from './metrics/cleanup';
import { cleanupLarge } from './metrics/cleanup-large';
import { clientSize } from './metrics/client-size';
import { criticalPath } from './metrics/critical-path';
import { doorPosts } from './metrics/door-posts';
import { doorStart } from './metrics/door-start';
import { historyEvents } from './metrics/history-events';
import { launchCalls } from './metrics/launch-calls';
import { listThousand } from './metrics/list-thousand';
import { lossTimes } from './metrics/loss-times';
import { massLoss } from './metrics/mass-loss';
import { quota } from './metrics/quota';
import { reads } from './metrics/reads';
import { refusalToNext } from './metrics/refusal-to-next';
import { sentinelCalls } from './metrics/sentinel-calls';
import { sharedRefusals } from './metrics/shared-refusals';
import { spotDry } from './metrics/spot-dry';
import { statefulLoss } from './metrics/stateful-loss';
import { terminalErrors } from './metrics/terminal-errors';
import { workerMemory } from './metrics/worker-memory';
import { startStack, type Stack } from './stack';

/** Groups one after another; inside a group the benches mostly wait, so they do not disturb each other. */
const GROUPS: Bench[][] = [
  [launchCalls, spotDry, quota],
  [criticalPath, terminalErrors],
  [reads],
  [historyEvents, cancel, refusalToNext],
  [lossTimes, sharedRefusals],
  [statefulLoss],
  [massLoss, sentinelCalls],
  [cleanup],
  [cleanupLarge],
  [workerMemory],
  [clientSize],
  [doorStart],
  [doorPosts],
  [listThousand],
];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string', multiple: true } } });
  const groups = chosen(values.only ?? []);
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  const log = keepLast(200);
  const stack = await startStack(log.add);
  process.once('SIGINT', () => void stack.close().finally(() => process.exit(130)));
  const metrics: Metric[] = [];
  try {
    for (const group of groups)
      metrics.push(...(await Promise.all(group.map((bench) => measure(bench, stack, say)))).flat());
  } finally {
    await stack.close();
  }
  (values.json === true ? say : console.log)(table(metrics));
  if (values.json === true) console.log(JSON.stringify({ metrics: metrics.map(({ note: _note, ...rest }) => rest) }));
  if (metrics.every(({ value }) => value !== null)) return;
  say(`Not everything could be measured. The last that the parts said:\n${log.lines.join('\n')}`);
  process.exitCode = 1;
}

/** What server, simulators and workers say is of interest only when something went wrong. */
function keepLast(count: number): { lines: string[]; add: (line: string) => void } {
  const lines: string[] = [];
  const add = (line: string): void => {
    lines.push(line);
    if (lines.length > count) lines.shift();
  };
  return { lines, add };
}

function chosen(only: string[]): Bench[][] {
  const names = GROUPS.flat().map(({ name }) => name);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`no metric '${unknown}'; known: ${names.join(', ')}`);
  return GROUPS.map((group) => group.filter(({ name }) => only.length === 0 || only.includes(name)));
}

async function measure(bench: Bench, stack: Stack, say: (line: string) => void): Promise<Metric[]> {
  const startedAt = Date.now();
  say(`${bench.name}: started`);
  const measured = await bench.run(stack).catch((error: unknown) => {
    say(`${bench.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return bench.goals.map(() => notMeasured(error));
  });
  say(`${bench.name}: ended after ${((Date.now() - startedAt) / 1000).toFixed(0)} s`);
  return bench.goals.map((goal, index) => metric(goal, measured[index] ?? { problem: 'gave no value' }));
}

function table(metrics: Metric[]): string {
  const rows = new Table({
    head: ['metric', 'value', 'goal', 'unit', '', 'from'],
    wordWrap: true,
    colWidths: [44, 9, 9, 9, 8, 72],
    style: { head: [], border: [] },
  });
  for (const { name, value, goal, unit, holds, note } of metrics) {
    const verdict = goal === null && holds ? '' : holds ? 'holds' : 'MISSED';
    rows.push([name, value ?? '-', goal === null ? '-' : `<= ${goal}`, unit, verdict, note]);
  }
  return rows.toString();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
