/** `holdfast list`: all experiments, newest first. */
import { Option, type Command } from 'commander';
import type { ExperimentListing, Holdfast } from '../../client';
import type { Context } from '../context';
import { countOption } from '../numbers';
import { listPage, type ListRow } from '../render/list';
import { command, print, withClient, type ContextSource, type Output } from './shared';

interface ListCommandOptions {
  query?: string;
  limit: number;
  output: Output | 'wide';
}

export function listCommand(source: ContextSource): Command {
  return command('list', 'list experiments, newest first', [
    'holdfast list',
    'holdfast list -o wide',
    `holdfast list --query "HoldfastOwner = 'ada' AND HoldfastPhase = 'Held'"`,
  ])
    .option('-q, --query <filter>', "more of Temporal's list filter")
    .addOption(countOption('-n, --limit <rows>', 'rows at most', 100))
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['table', 'wide', 'json']).default('table'))
    .action((options: ListCommandOptions) => list(source(), options));
}

async function list(context: Context, options: ListCommandOptions): Promise<void> {
  await withClient(context, async (client) => {
    const { query } = options;
    const listings = await client.list({ limit: options.limit, ...(query === undefined ? {} : { query }) });
    const rows = await Promise.all(listings.map((listing) => withStatus(client, listing)));
    const json = rows.map(({ listing, status }) => ({ ...listing, ...(status === undefined ? {} : { status }) }));
    const wide = options.output === 'wide';
    print(context, options.output === 'json' ? 'json' : 'table', json, () =>
      listPage(rows, { at: context.now(), wide, style: context.style }),
    );
  });
}

/** Only what runs has a rate; without a worker the row shows what visibility knows. */
async function withStatus(client: Holdfast, listing: ExperimentListing): Promise<ListRow> {
  if (listing.state !== 'RUNNING') return { listing };
  const status = await client
    .get(listing.id)
    .status()
    .catch(() => undefined);
  return status === undefined ? { listing } : { listing, status };
}
