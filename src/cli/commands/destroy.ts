/** `holdfast destroy`: end many experiments, each in its own way, and prove of each that nothing is left. */
import { Option, type Command } from 'commander';
import { HoldfastError, type Holdfast } from '../../client';
import { FINAL_PHASES, PHASES } from '../../contracts/messages';
import type { Context } from '../context';
import { fitting, named, type Filter, type Selection, type Target } from '../destroy-targets';
import { CLEANUP_EXIT, EXIT, EXIT_HELP } from '../exit';
import { untilInterrupted } from '../interrupt';
import { durationOption } from '../numbers';
import { Problem } from '../problem';
import { nodesIn, receiptLines, selectionLines, type Receipt } from '../render/destroy';
import { count } from '../render/format';
import { command, outputOption, print, withClient, type ContextSource, type Output } from './shared';

interface DestroyOptions {
  owner?: string;
  olderThan?: number;
  template?: string;
  phase?: string;
  dryRun?: boolean;
  yes?: boolean;
  output: Output;
}

export function destroyCommand(source: ContextSource): Command {
  return command('destroy', 'end experiments, tear them down, and certify of each that nothing is left', [
    'holdfast destroy --owner me --older-than 1d --dry-run',
    'holdfast destroy pulsar-lab-260102-1504-x7kd latest',
  ])
    .argument('[ids...]', 'ids (also ones Temporal has forgotten), unique prefixes, or "latest"; else give a filter')
    .option('--owner <name>', 'those of an owner; "me" is HOLDFAST_OWNER, or the user of this machine')
    .addOption(durationOption('--older-than <duration>', 'those that began earlier than that, such as 1d'))
    .option('--template <name>', 'those of a template, or a spec of this name')
    .addOption(new Option('--phase <phase>', 'those in a phase').choices(PHASES.filter((one) => !isFinal(one))))
    .option('--dry-run', 'only show which, and what they cost')
    .option('--yes', 'do not ask')
    .addOption(outputOption())
    .addHelpText('after', `\nThe exit code is the highest of all of them.\n${EXIT_HELP}`)
    .action((ids: string[], options: DestroyOptions) => destroy(source(), ids, options));
}

function isFinal(phase: (typeof PHASES)[number]): boolean {
  return FINAL_PHASES.includes(phase);
}

async function destroy(context: Context, ids: string[], options: DestroyOptions): Promise<void> {
  const filter = filterOf(context, options);
  checkMeaning(ids, filter);
  await withClient(context, async (client) => {
    await client.workers(); // what is found by tags alone needs one, and so does every teardown
    const selection = await (ids.length > 0 ? named(client, ids) : fitting(client, filter));
    const { targets, unread } = selection;
    if (unread.length > 0) context.exit(CLEANUP_EXIT.unproven);
    if (options.dryRun === true || targets.length === 0) {
      print(context, options.output, selection, () => selectionLines(selection, context.now(), context.style));
      return;
    }
    for (const line of selectionLines(selection, context.now(), context.style)) context.terminal.err(line);
    if (options.yes !== true) await agree(context, targets);
    await endAll(context, client, selection, options.output);
  });
}

function filterOf(context: Context, { owner, olderThan, template, phase }: DestroyOptions): Filter {
  const nowMs = Date.parse(context.now());
  return {
    ...(owner === undefined ? {} : { owner: owner === 'me' ? context.config.owner : owner }),
    ...(olderThan === undefined ? {} : { before: new Date(nowMs - olderThan * 1000).toISOString() }),
    ...(template === undefined ? {} : { template }),
    ...(phase === undefined ? {} : { phase }),
  };
}

/** Nothing said must never mean everything. */
function checkMeaning(ids: readonly string[], filter: Filter): void {
  const isFilter = Object.keys(filter).length > 0;
  if (isFilter !== ids.length > 0) return;
  const what = isFilter
    ? 'give ids or a filter, not both'
    : 'which experiments? Give ids, or a filter such as --owner me';
  throw new Problem(what, { exitCode: EXIT.refused, next: 'holdfast destroy --help' });
}

/** A usual experiment has fewer nodes (the largest of the examples nine): more are probably not of one person alone. */
const MANY_NODES = 10;

async function agree(context: Context, targets: readonly Target[]): Promise<void> {
  const nodes = nodesIn(targets);
  const isMany = nodes === undefined || nodes > MANY_NODES;
  const words = isMany ? `destroy ${String(targets.length)}` : undefined;
  const question = isMany
    ? `type "${words ?? ''}" to end them: `
    : `end ${count(targets.length, 'experiment')}? [y/N] `;
  const answer = await context.confirm?.(question, words);
  if (answer === true) return;
  const why = answer === undefined ? 'nobody can be asked here, so nothing was ended' : 'nothing was ended';
  throw new Problem(why, { exitCode: EXIT.refused, next: 'the same with --yes, or with --dry-run to look again' });
}

/** All at once, since each waits for AWS most of the time. Ctrl-C leaves them ending. */
async function endAll(context: Context, client: Holdfast, selection: Selection, output: Output): Promise<void> {
  const receipts: Receipt[] = [];
  const { targets } = selection;
  const all = Promise.all(
    targets.map(async (target) => {
      const receipt = await end(context, client, target);
      receipts.push(receipt);
      if (output === 'table') for (const line of receiptLines(receipt, context.style)) context.terminal.out(line);
    }),
  );
  await untilInterrupted(context, all);
  if (output === 'json') print(context, output, { ...selection, targets: undefined, receipts }, () => []);
  if (receipts.length < targets.length) {
    const open = targets.filter(({ id }) => receipts.every((receipt) => receipt.id !== id));
    context.terminal.err(`left, still ending: ${open.map(({ id }) => id).join(' ')}`);
  }
  context.exit(Math.max(selection.unread.length > 0 ? CLEANUP_EXIT.unproven : 0, ...receipts.map(exitCode)));
}

/** Never rejects: what goes wrong with one is its receipt, and the others go on. */
async function end(context: Context, client: Holdfast, target: Target): Promise<Receipt> {
  const { id, by } = target;
  try {
    if (by === 'workflow') return await stop(context, client, id);
    return { id, by, certificate: await client.cleanup({ experimentId: id, apply: target.plan.digest }) };
  } catch (error) {
    const lines = error instanceof HoldfastError ? error.lines : [];
    return { id, by, problem: [error instanceof Error ? error.message : String(error), ...lines].join('\n') };
  }
}

async function stop(context: Context, client: Holdfast, id: string): Promise<Receipt> {
  const experiment = client.get(id);
  try {
    await experiment.note(`destroyed by ${context.config.owner}`);
    await experiment.stop();
  } catch (error) {
    // It is being torn down, or has ended meanwhile: the result says how.
    if (!(error instanceof HoldfastError) || !['refused', 'not-found'].includes(error.kind)) throw error;
  }
  const { phase, cost, certificate } = await experiment.result();
  return { id, by: 'workflow', phase, spentUsd: cost.spentUsd, certificate };
}

function exitCode({ certificate }: Receipt): number {
  return certificate === undefined ? EXIT.infrastructureFailed : CLEANUP_EXIT[certificate.verdict];
}
