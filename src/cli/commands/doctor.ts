/** `holdfast doctor`: is everything there that experiments need, and what is to be done where it is not? */
import type { Command } from 'commander';
import type { Checkup, ReaperSchedule } from '../../client';
import type { Finding } from '../../contracts/checkup';
import { SEARCH_ATTRIBUTES } from '../../contracts/names';
import { searchAttributeAdvice } from '../../client/search-attributes';
import type { Context } from '../context';
import { EXIT } from '../exit';
import { span } from '../render/format';
import { reaperWarning } from '../render/reaper';
import { findProgram, PLUGIN, PLUGIN_HELP } from '../session-manager';
import { command, outputOption, print, withClient, type ContextSource, type Output } from './shared';

interface DoctorOptions {
  regions?: string;
  output: Output;
}

export function doctorCommand(source: ContextSource): Command {
  return command('doctor', 'check Temporal, the worker, its AWS account and this machine; nothing is made', [
    'holdfast doctor',
    'holdfast doctor --regions us-west-2,eu-west-1',
  ])
    .option('--regions <list>', 'regions to look into, separated by commas (default: us-west-2)')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit code 0 when nothing failed, else 2. AWS is asked by a worker: this machine needs no credentials.',
    )
    .action((options: DoctorOptions) => doctor(source(), options));
}

async function doctor(context: Context, { regions, output }: DoctorOptions): Promise<void> {
  const list = regions?.split(',').map((region) => region.trim());
  const [seen, schedule] = await withClient(context, (client) =>
    Promise.all([client.checkup(list), client.reaperSchedule()]),
  );
  const findings = [...temporalFindings(seen), reaper(schedule), ...(seen.aws ?? []), sessionManager(context)];
  print(context, output, findings, () => findings.flatMap((finding) => findingLines(context, finding)));
  if (findings.some(({ state }) => state === 'failed')) context.exit(EXIT.infrastructureFailed);
}

/** Beyond this, AWS refuses signatures within minutes (5 minutes is its own limit) and leases are visibly off. */
const CLOCK_LIMIT_MS = 30_000;

function temporalFindings({ serverVersion, namespace, searchAttributes, workers, clockAheadMs }: Checkup): Finding[] {
  const wanted = Object.keys(SEARCH_ATTRIBUTES) as (keyof typeof SEARCH_ATTRIBUTES)[];
  const missing = wanted.filter((name) => !searchAttributes.includes(name));
  const attributes: Finding =
    missing.length === 0
      ? { check: 'search attributes', state: 'ok', found: 'all registered' }
      : {
          ...{ check: 'search attributes', state: 'failed', found: `missing: ${missing.join(', ')}` },
          fix: searchAttributeAdvice(missing, namespace).split('\n')[1] ?? '',
        };
  const worker: Finding =
    workers > 0
      ? { check: 'worker', state: 'ok', found: `${String(workers)} poll` }
      : {
          check: 'worker',
          state: 'failed',
          found: 'none polls, so AWS was not looked at',
          fix: 'start one: holdfast dev, or node dist/worker.js',
        };
  return [
    { check: 'Temporal', state: 'ok', found: `server ${serverVersion}, namespace ${namespace}` },
    attributes,
    worker,
    ...(clockAheadMs === undefined ? [] : [clock(clockAheadMs)]),
  ];
}

/** Without it nothing ends what was terminated, which is no failure of an experiment that runs. */
function reaper(schedule: ReaperSchedule | undefined): Finding {
  const warning = reaperWarning(schedule);
  const check = 'reaper';
  if (warning === undefined)
    return { check, state: 'ok', found: `comes round every ${span(schedule?.everySeconds ?? 0)}` };
  return { check, state: 'warning', found: warning.replace(': holdfast setup', ''), fix: 'holdfast setup' };
}

function clock(aheadMs: number): Finding {
  const found = `${(aheadMs / 1000).toFixed(1)} s ahead of the Temporal server`;
  if (Math.abs(aheadMs) <= CLOCK_LIMIT_MS) return { check: 'clock', state: 'ok', found };
  return {
    check: 'clock',
    state: 'failed',
    found,
    fix: 'synchronise the clocks of this machine and of the server (NTP)',
  };
}

function sessionManager({ config }: Context): Finding {
  const found = findProgram(PLUGIN, config.searchPath);
  if (found !== undefined) return { check: 'ssh and cp', state: 'ok', found };
  return { check: 'ssh and cp', state: 'warning', found: `no ${PLUGIN} on this machine`, fix: PLUGIN_HELP };
}

const MARKS = { ok: '✓', warning: '!', failed: '✗', unknown: '?' } as const;

function findingLines({ style }: Context, { check, state, found, fix }: Finding): string[] {
  const colour = { ok: style.green, warning: style.yellow, failed: style.red, unknown: style.dim }[state];
  return [
    `${colour(MARKS[state])} ${check}: ${found}`,
    ...(fix === undefined ? [] : [`    ${style.dim('fix:')} ${fix}`]),
  ];
}
