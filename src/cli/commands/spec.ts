/** `holdfast spec` and `holdfast validate`: check, resolve and document experiment files. */
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { experimentSchema } from '../../schemas/experiment';
import { jsonSchemaOf } from '../../schemas/parse';
import type { Context } from '../context';
import { EXIT } from '../exit';
import { problemOf } from '../problem';
import { loadSpec, readSpecFile, specProblems } from '../spec-file';
import { collect, command, outputOption, print, type ContextSource, type Output } from './shared';

export function specCommand(source: ContextSource): Command {
  return command('spec', 'check, resolve and document experiment files', ['holdfast spec validate examples/*.yaml'])
    .addCommand(validateCommand(source))
    .addCommand(
      command('schema', 'print the JSON Schema of experiment files, for editors', [
        'holdfast spec schema > experiment.schema.json',
      ]).action(() => {
        source().terminal.out(JSON.stringify(jsonSchemaOf(experimentSchema), null, 2));
      }),
    )
    .addCommand(
      command('show', 'print a spec with all layers merged and every default', [
        'holdfast spec show -f examples/pulsar-lab.yaml --set lease=2h',
      ])
        .requiredOption('-f, --file <file>', 'experiment file; repeat to layer files', collect, [])
        .option('--set <path=value>', 'set one field; repeatable', collect, [])
        .addOption(outputOption())
        .action((options: { file: string[]; set: string[]; output: Output }) => show(source(), options)),
    );
}

/** The same command stands alone and below `spec`. */
export function validateCommand(source: ContextSource): Command {
  return command('validate', 'check experiment files: one line per mistake', ['holdfast validate examples/*.yaml'])
    .argument('<file...>', 'experiment files, YAML or JSON')
    .addOption(outputOption())
    .action((files: string[], options: { output: Output }) => validate(source(), files, options.output));
}

async function validate(context: Context, files: string[], output: Output): Promise<void> {
  const checked = await Promise.all(files.map(async (file) => ({ file, problems: await problemsOf(file) })));
  print(context, output, checked, () =>
    checked.flatMap(({ file, problems }) => (problems.length === 0 ? [`${file}: ok`] : problems)),
  );
  if (checked.some(({ problems }) => problems.length > 0)) context.exit(EXIT.refused);
}

async function problemsOf(file: string): Promise<string[]> {
  try {
    const read = await readSpecFile(file);
    return specProblems(read.value, [read]);
  } catch (error) {
    const problem = problemOf(error);
    return problem.lines.length > 0 ? problem.lines : [problem.message];
  }
}

async function show(context: Context, options: { file: string[]; set: string[]; output: Output }): Promise<void> {
  const { spec } = await loadSpec(options.file, options.set);
  print(context, options.output, spec, () => stringify(spec).trimEnd().split('\n'));
}
