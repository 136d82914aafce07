/** `holdfast capacity`: which pools refused lately, and until when all experiments leave them alone. */
import type { Command } from 'commander';
import { capacityPage } from '../render/capacity';
import { command, outputOption, print, withClient, type ContextSource, type Output } from './shared';

interface CapacityCommandOptions {
  region?: string;
  output: Output;
}

export function capacityCommand(source: ContextSource): Command {
  return command('capacity', 'show which pools refused lately and are left alone', [
    'holdfast capacity --region us-west-2',
    'temporal workflow terminate -w capacity/<account>/<region>   (makes it forget)',
  ])
    .option('--region <region>', 'only this region')
    .addOption(outputOption())
    .action(async ({ region, output }: CapacityCommandOptions) => {
      const context = source();
      await withClient(context, async (client) => {
        const memories = await client.capacity(region);
        print(context, output, memories, () => capacityPage(memories, context.now(), context.style));
      });
    });
}
