/** `holdfast init`: a first experiment file to edit, with the schema that its editor completes from. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { templateText } from '../../library/folder';
import { fileSchema } from '../../schemas/parse';
import type { Context } from '../context';
import { EXIT } from '../exit';
import { Problem } from '../problem';
import { command, type ContextSource } from './shared';

interface InitOptions {
  template: string;
  force?: boolean;
}

const SCHEMA_FILE = 'experiment.schema.json';
/** What tells an editor's YAML language server which schema completes and checks the file. */
const HEADER = `# yaml-language-server: $schema=./${SCHEMA_FILE}`;

export function initCommand(source: ContextSource): Command {
  return command('init', 'write an experiment file to begin with, and the schema for your editor', [
    'holdfast init',
    'holdfast init lab.yaml --template pulsar-lab',
  ])
    .argument('[file]', 'file to write', 'experiment.yaml')
    .option('-t, --template <name>', 'template to copy; "holdfast spec library" lists them', 'pulsar-quick')
    .option('--force', 'also over a file that is there')
    .action((file: string, options: InitOptions) => init(source(), file, options));
}

async function init(context: Context, file: string, { template, force }: InitOptions): Promise<void> {
  const text = await templateText(template, context.config.home);
  if (text === undefined) {
    const known = await context.library.names('template');
    throw new Problem(`there is no template ${template}`, { exitCode: EXIT.refused, lines: known });
  }
  const schema = join(dirname(file), SCHEMA_FILE);
  await write(file, `${HEADER}\n${text.replace(/^# yaml-language-server:.*\n/, '')}`, force === true);
  // The schema belongs to the program, so a newer one always replaces it.
  await write(schema, `${JSON.stringify(fileSchema(), null, 2)}\n`, true);
  context.terminal.out(`wrote ${file} and ${schema}`);
  context.terminal.out(`next:  holdfast validate ${file}`);
  context.terminal.out(`       holdfast run -f ${file}`);
}

async function write(file: string, text: string, isForced: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: isForced ? 'w' : 'wx' });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const why = isThere ? 'it is there already' : String(error);
    const next = isThere ? { next: 'name another file, or add --force' } : {};
    throw new Problem(`cannot write ${file}: ${why}`, { exitCode: EXIT.refused, cause: error, ...next });
  }
}
