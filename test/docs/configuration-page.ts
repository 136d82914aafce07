/** What does docs/configuration.md say? The variables that src/config.ts reads. */
import { CONFIG_VARIABLES } from '../../src/config';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/names';
import { code, table } from './table';

/** The page, before Prettier. */
export function configurationPage(): string {
  const attributes = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `--name ${name} --type ${type}`);
  return [
    '# Configuration',
    '<!-- Written by `npx tsx test/docs/reference.ts` from src/config.ts and src/contracts/names.ts; a test compares' +
      ' them. -->',
    'Everything comes from the environment. An empty variable counts as unset; an unknown one that begins with' +
      ' `HOLDFAST_` is refused with a suggestion, since a misspelt installation would be a leak nobody looks for.',
    table(
      ['variable', 'meaning'],
      Object.entries(CONFIG_VARIABLES).map(([name, meaning]) => [code(name), meaning]),
    ),
    '## Temporal',
    'Worker and command line find the server as every Temporal tool does: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,' +
      ' `TEMPORAL_API_KEY`, `TEMPORAL_TLS_*` over the profile in `temporal.toml` over `localhost:7233`. The command line' +
      ' prefers a running `holdfast dev` to `localhost:7233`.',
    'A namespace needs these search attributes once. `holdfast setup` adds them, and so does the command below. A worker' +
      ' that misses one says so and polls as soon as they are there.',
    `\`\`\`sh\ntemporal operator search-attribute create --namespace default \\\n  ${attributes.join(' \\\n  ')}\n\`\`\``,
    '## AWS',
    'Credentials come from the default chain of the AWS SDK. `AWS_REGION` is the region of calls that belong to no' +
      ' experiment; an experiment names its own regions.',
  ].join('\n\n');
}
