/** `holdfast cleanup`: delete what carries an experiment's tags, and prove that nothing is left. */
import type { Command } from 'commander';
import { HoldfastError, type Holdfast } from '../../client';
import type { CleanupStatus } from '../../contracts/messages';
import { EXPERIMENT_ID } from '../../contracts/names';
import type { Context } from '../context';
import { CLEANUP_EXIT, EXIT, EXIT_HELP } from '../exit';
import { Problem } from '../problem';
import { certificateLines, dryRunLines } from '../render/outcome';
import { command, outputOption, print, withClient, type ContextSource, type Output } from './shared';

interface CleanupOptions {
  dryRun?: boolean;
  regions?: string;
  settle?: string;
  force?: boolean;
  output: Output;
}

export function cleanupCommand(source: ContextSource): Command {
  return command('cleanup', "delete what carries an experiment's tags and certify that nothing is left", [
    'holdfast cleanup latest --dry-run',
    'holdfast cleanup pulsar-lab-260102-1504-x7kd --regions us-west-2,us-east-1',
  ])
    .argument('<id>', 'experiment id (also one Temporal has forgotten), unique prefix, or "latest"')
    .option('--dry-run', 'only look: no call that changes anything')
    .option('--regions <list>', 'regions, separated by commas (default: all of the account)')
    .option('--settle <duration>', 'time between the two looks that have to find nothing (default: 60s)')
    .option('--force', 'also while the experiment is running')
    .addOption(outputOption())
    .addHelpText('after', `\n${EXIT_HELP}`)
    .action((id: string, options: CleanupOptions) => cleanup(source(), id, options));
}

async function cleanup(context: Context, given: string, options: CleanupOptions): Promise<void> {
  await withClient(context, async (client) => {
    const experimentId = await knownOrGiven(client, given);
    if (options.dryRun !== true && options.force !== true) await refuseRunning(client, experimentId);
    const regions = options.regions?.split(',').map((region) => region.trim());
    const input = {
      experimentId,
      ...(regions === undefined ? {} : { regions }),
      ...(options.dryRun === true ? { dryRun: true } : {}),
      ...(options.settle === undefined ? {} : { settleSeconds: options.settle }),
    };
    const told = { line: '' };
    const result = await client.cleanup(input, (status) => {
      tell(context, told, status);
    });
    print(context, options.output, result, () => [
      context.style.bold(experimentId),
      ...(result.dryRun === true ? dryRunLines(result, context.style) : certificateLines(result, context.style)),
    ]);
    context.exit(CLEANUP_EXIT[result.verdict]);
  });
}

/** One line on standard error whenever something changed. */
function tell(context: Context, told: { line: string }, { doing, live, ending, gone }: CleanupStatus): void {
  const line = `${doing}: ${String(live)} live, ${String(ending)} ending, ${String(gone)} gone`;
  if (line !== told.line) context.terminal.err(line);
  told.line = line;
}

/** Cleanup needs tags only, so an id that Temporal does not know is taken as it is. */
async function knownOrGiven(client: Holdfast, given: string): Promise<string> {
  try {
    return await client.resolve(given);
  } catch (error) {
    const unknown = error instanceof HoldfastError && error.kind === 'not-found';
    if (unknown && given !== 'latest' && EXPERIMENT_ID.test(given)) return given;
    throw error;
  }
}

async function refuseRunning(client: Holdfast, id: string): Promise<void> {
  const running = await client.list({ query: `WorkflowId = '${id}' AND ExecutionStatus = 'Running'`, limit: 1 });
  if (running.length === 0) return;
  throw new Problem(`experiment ${id} is running; cleaning up would pull its nodes away`, {
    exitCode: EXIT.refused,
    next: `holdfast stop ${id}   (ends it in order), or add --force`,
  });
}
