/** `holdfast plan`: what would an experiment launch and cost? Nothing is made. */
import type { Command } from 'commander';
import type { Reason } from '../../contracts/messages';
import { EXIT } from '../exit';
import { Problem } from '../problem';
import { planPage } from '../render/plan';
import { loadSpec, withSpecOptions, type SpecOptions } from '../spec-layers';
import type { Context } from '../context';
import { command, outputOption, print, withClient, type ContextSource, type Output } from './shared';

interface PlanOptions extends SpecOptions {
  output: Output;
}

export function planCommand(source: ContextSource): Command {
  const plan = command('plan', 'show what an experiment would launch and cost; nothing is made', [
    'holdfast plan -f examples/pulsar-lab.yaml',
    'holdfast plan -t pulsar-quick --set market=on-demand -o json',
  ]);
  return withSpecOptions(plan)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit code 0 when it would be tried, 3 when nothing would come of it: a wrong spec, a quota, no capacity.\n' +
        'AWS is asked by a worker: this machine needs no credentials.',
    )
    .action((options: PlanOptions) => showPlan(source(), options));
}

async function showPlan(context: Context, options: PlanOptions): Promise<void> {
  const { input } = await loadSpec(options, context.library);
  const plan = await withClient(context, (client) =>
    client.plan({ ...input, owner: input.owner ?? context.config.owner }),
  );
  print(context, options.output, plan, () => planPage(plan, context.style));
  const { refused } = plan;
  if (refused === undefined) return;
  throw new Problem(`nothing would come of this now: ${refused.reason}`, {
    exitCode: EXIT.refused,
    lines: refused.lines,
    next: NEXT[refused.reason] ?? 'holdfast doctor',
  });
}

const NEXT: Partial<Record<Reason, string>> = {
  Capacity: 'holdfast capacity   (what is left alone, and until when), or widen the spec',
  Quota: 'ask for the quota, or --set other instanceTypes, market or regions',
  Spec: 'holdfast spec schema   (every field with its meaning)',
};
