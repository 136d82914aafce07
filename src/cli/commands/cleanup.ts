/** `holdfast cleanup`: show what carries an experiment's tags, delete it, and prove that nothing is left. */
import type { Command } from 'commander';
import type { Holdfast } from '../../client';
import type { CleanupInput, CleanupPlan, CleanupStatus } from '../../contracts/messages';
import { PLAN_DIGITS } from '../../contracts/names';
import { cleanupSchema } from '../../schemas/cleanup';
import { parseWith } from '../../schemas/parse';
import type { Context } from '../context';
import { knownOrGiven } from '../destroy-targets';
import { CLEANUP_EXIT, EXIT, EXIT_HELP } from '../exit';
import { Problem } from '../problem';
import { planLines } from '../render/cleanup-plan';
import { certificateLines } from '../render/outcome';
import { command, outputOption, print, withClient, type ContextSource, type Output } from './shared';

interface CleanupOptions {
  plan?: boolean;
  apply?: string;
  yes?: boolean;
  maxResources?: string;
  regions?: string;
  settle?: string;
  force?: boolean;
  output: Output;
}

export function cleanupCommand(source: ContextSource): Command {
  return command('cleanup', "delete what carries an experiment's tags and certify that nothing is left", [
    'holdfast cleanup latest --plan',
    'holdfast cleanup latest --apply 3f9a1c0b77de',
    'holdfast cleanup pulsar-lab-260102-1504-x7kd --yes --regions us-west-2,us-east-1',
  ])
    .argument('<id>', 'experiment id (also one Temporal has forgotten), unique prefix, or "latest"')
    .option('--plan', 'only look: print what would be deleted, what it costs, and a digest')
    .option('--apply <digest>', 'delete what the plan of this digest names, and nothing else')
    .option('--yes', 'do not ask: plan and carry the plan out')
    .option('--max-resources <n>', 'delete nothing at all when more than this would go')
    .option('--regions <list>', 'regions, separated by commas (default: all of the account)')
    .option('--settle <duration>', 'time between the two looks that have to find nothing (default: 60s)')
    .option('--force', 'also while the experiment is running')
    .addOption(outputOption())
    .addHelpText('after', `\n${EXIT_HELP}`)
    .action((id: string, options: CleanupOptions) => cleanup(source(), id, options));
}

async function cleanup(context: Context, given: string, options: CleanupOptions): Promise<void> {
  const unnamed = checked(given, options);
  await withClient(context, async (client) => {
    const experimentId = await knownOrGiven(client, given);
    const input = { ...unnamed, experimentId };
    if (options.plan !== true && options.force !== true) await refuseRunning(client, experimentId);
    if (options.apply !== undefined) {
      await apply(context, client, input, options.output);
      return;
    }
    const plan = await client.planCleanup(input, teller(context));
    const lines = planLines(plan, context.style);
    if (options.plan === true) {
      print(context, options.output, plan, () => [...lines, `next:  ${applying(plan)}`]);
      context.exit(plan.unreadable.length === 0 ? EXIT.done : CLEANUP_EXIT.unproven);
      return;
    }
    for (const line of lines) context.terminal.err(line);
    if (plan.resources > 0 && options.yes !== true) await agree(context, plan);
    await apply(context, client, { ...input, apply: plan.digest }, options.output);
  });
}

/** The input without the id's full length; what is wrong with it is said before anything is called. */
function checked(given: string, options: CleanupOptions): CleanupInput {
  const { apply, maxResources, settle } = options;
  const regions = options.regions?.split(',').map((region) => region.trim());
  const input = {
    experimentId: given,
    ...(regions === undefined ? {} : { regions }),
    ...(apply === undefined ? {} : { apply: apply.toLowerCase() }),
    ...(maxResources === undefined ? {} : { maxResources: Number(maxResources) }),
    ...(settle === undefined ? {} : { settleSeconds: settle }),
  };
  const parsed = parseWith(cleanupSchema, { ...input, plan: options.plan === true });
  if (parsed.ok) return input;
  throw new Problem('cleanup was refused; nothing was called', {
    exitCode: EXIT.refused,
    lines: parsed.problems,
    next: 'holdfast cleanup --help',
  });
}

async function apply(context: Context, client: Holdfast, input: CleanupInput, output: Output): Promise<void> {
  const result = await client.cleanup(input, teller(context));
  print(context, output, result, () => [
    context.style.bold(result.experimentId),
    ...certificateLines(result, context.style),
  ]);
  context.exit(CLEANUP_EXIT[result.verdict]);
}

function applying({ experimentId, digest }: CleanupPlan): string {
  return `holdfast cleanup ${experimentId} --apply ${digest.slice(0, PLAN_DIGITS)}`;
}

/** Without somebody to ask, nothing is deleted. */
async function agree(context: Context, plan: CleanupPlan): Promise<void> {
  const answer = await context.confirm?.(`delete this? [y/N] `);
  if (answer === true) return;
  const why = answer === undefined ? 'nobody can be asked here, so nothing was deleted' : 'nothing was deleted';
  throw new Problem(why, { exitCode: EXIT.refused, next: `${applying(plan)}   (or --yes)` });
}

/** One line on standard error whenever something changed. */
function teller(context: Context): (status: CleanupStatus) => void {
  let told = '';
  return ({ doing, live, ending, gone }) => {
    const line = `${doing}: ${String(live)} live, ${String(ending)} ending, ${String(gone)} gone`;
    if (line !== told) context.terminal.err(line);
    told = line;
  };
}

async function refuseRunning(client: Holdfast, id: string): Promise<void> {
  const running = await client.list({ query: `WorkflowId = '${id}' AND ExecutionStatus = 'Running'`, limit: 1 });
  if (running.length === 0) return;
  throw new Problem(`experiment ${id} is running; cleaning up would pull its nodes away`, {
    exitCode: EXIT.refused,
    next: `holdfast stop ${id}   (ends it in order), or add --force`,
  });
}
