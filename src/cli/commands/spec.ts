/** `holdfast spec` and `holdfast validate`: check, resolve and document experiment files. */
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { originsOf } from '../../schemas/layers';
import { fileSchema } from '../../schemas/parse';
import { LIBRARY_KINDS } from '../../schemas/resolve';
import type { Context } from '../context';
import { EXIT } from '../exit';
import { problemOf } from '../problem';
import { table } from '../render/table';
import { loadSpec, withSpecOptions, type SpecOptions } from '../spec-layers';
import { command, outputOption, print, type ContextSource, type Output } from './shared';

export function specCommand(source: ContextSource): Command {
  return command('spec', 'check, resolve and document experiment files', ['holdfast spec validate examples/*.yaml'])
    .addCommand(validateCommand(source))
    .addCommand(
      command('schema', 'print the JSON Schema of experiment files, for editors', [
        'holdfast spec schema > experiment.schema.json',
      ]).action(() => {
        source().terminal.out(JSON.stringify(fileSchema(), null, 2));
      }),
    )
    .addCommand(showCommand(source))
    .addCommand(
      command('library', 'list the templates and profiles of this machine', ['holdfast spec library'])
        .addOption(outputOption())
        .action(({ output }: { output: Output }) => library(source(), output)),
    );
}

/** The same command stands alone and below `spec`. */
export function validateCommand(source: ContextSource): Command {
  return command('validate', 'check experiment files: one line per mistake', ['holdfast validate examples/*.yaml'])
    .argument('<file...>', 'experiment files, YAML or JSON')
    .addOption(outputOption())
    .action((files: string[], options: { output: Output }) => validate(source(), files, options.output));
}

interface ShowOptions extends SpecOptions {
  origins?: boolean;
  output: Output;
}

function showCommand(source: ContextSource): Command {
  const show = command('show', 'print a spec with all layers merged and every default', [
    'holdfast spec show -f examples/pulsar-lab.yaml --set lease=2h',
    'holdfast spec show -t pulsar-quick --set lease=2h --origins',
  ]);
  return withSpecOptions(show)
    .option('--origins', 'one line per value, with the layer that it came from')
    .addOption(outputOption())
    .action((options: ShowOptions) => showSpec(source(), options));
}

async function validate(context: Context, files: string[], output: Output): Promise<void> {
  const checked = await Promise.all(files.map(async (file) => ({ file, problems: await problemsOf(context, file) })));
  print(context, output, checked, () =>
    checked.flatMap(({ file, problems }) => (problems.length === 0 ? [`${file}: ok`] : problems)),
  );
  if (checked.some(({ problems }) => problems.length > 0)) context.exit(EXIT.refused);
}

async function problemsOf(context: Context, file: string): Promise<string[]> {
  try {
    await loadSpec({ file: [file], set: [] }, context.library);
    return [];
  } catch (error) {
    const problem = problemOf(error);
    return problem.lines.length > 0 ? problem.lines : [problem.message];
  }
}

async function showSpec(context: Context, options: ShowOptions): Promise<void> {
  const { spec, layers } = await loadSpec(options, context.library);
  if (options.origins !== true) {
    print(context, options.output, spec, () => stringify(spec).trimEnd().split('\n'));
    return;
  }
  const rows = originsOf(spec, layers);
  print(context, options.output, rows, () =>
    table(
      ['FIELD', 'VALUE', 'FROM'].map((cell) => context.style.dim(cell)),
      rows.map(({ path, value, origin }) => [path, oneLine(value), origin]),
    ),
  );
}

/** Characters of a value that is shown beside its origin; a script is known by its first line. */
const VALUE_CHARACTERS = 60;

function oneLine(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const line = text.split('\n')[0] ?? '';
  return line.length < text.length || line.length > VALUE_CHARACTERS ? `${line.slice(0, VALUE_CHARACTERS)}…` : line;
}

async function library(context: Context, output: Output): Promise<void> {
  const names = await Promise.all(LIBRARY_KINDS.map((kind) => context.library.names(kind)));
  const rows = LIBRARY_KINDS.flatMap((kind, index) => (names[index] ?? []).map((name) => ({ kind, name })));
  print(context, output, rows, () => rows.map(({ kind, name }) => `${kind.padEnd(9)} ${name}`));
}
