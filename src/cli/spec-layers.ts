/** Which layers does a command line name? Files, template, profile and `--set`, checked as one spec. */
import { Option, type Command } from 'commander';
import { parse } from 'yaml';
import type { ExperimentInput, ExperimentSpec } from '../schemas/experiment';
import { mergeLayers, put, type Layer } from '../schemas/layers';
import { parseExperiment } from '../schemas/parse';
import { resolveSpec, type SpecLibrary } from '../schemas/resolve';
import { collect } from './commands/shared';
import { EXIT } from './exit';
import { Problem } from './problem';
import { placed, readSpecFile } from './spec-file';

export interface SpecOptions {
  file: string[];
  set: string[];
  template?: string;
  profile?: string;
}

/** The options that name layers, for every command that takes a spec. */
export function withSpecOptions(command: Command): Command {
  return command
    .option('-f, --file <file>', 'experiment file, YAML or JSON; repeat to layer files', collect, [])
    .option('-t, --template <name>', 'template below the files: an example, or a file of HOLDFAST_HOME/templates')
    .option('--profile <name>', 'profile below the template: a file of HOLDFAST_HOME/profiles (default: "default")')
    .addOption(
      new Option('--set <path=value>', 'set one field, e.g. components.broker.count=3; repeatable')
        .argParser(collect)
        .default([], 'none'),
    );
}

export interface LoadedSpec {
  /** As the layers have it together; it names no template any more. */
  input: ExperimentInput;
  /** With every default. */
  spec: ExperimentSpec;
  /** Lowest first. */
  layers: Layer[];
}

/** Puts the layers together and checks the whole; each mistake is placed in the file that wrote it. */
export async function loadSpec(options: SpecOptions, library: SpecLibrary): Promise<LoadedSpec> {
  if (options.file.length === 0 && options.template === undefined) {
    throw new Problem('no spec is given', { exitCode: EXIT.refused, next: 'name one: -f lab.yaml, or -t pulsar-lab' });
  }
  const files = await Promise.all(options.file.map(readSpecFile));
  const what = [...options.file, ...(options.template === undefined ? [] : [`template ${options.template}`])].join(
    ', ',
  );
  const refuse = (problems: string[]): never => {
    const lines = problems.map((problem) => placed(problem, files));
    throw new Problem(`the spec is wrong: ${what}`, { exitCode: EXIT.refused, lines });
  };
  const written = files.map(({ name, value }): Layer => ({ origin: name, value }));
  const resolved = await resolveSpec([...written, ...namedLayers(options)], library);
  if (!resolved.ok) return refuse(resolved.problems);
  // Assignments come after the template, so that they reach into its lists.
  const layers = options.set.reduce<Layer[]>((below, text) => [...below, assignment(text, below)], resolved.layers);
  const input = mergeLayers(layers);
  const parsed = parseExperiment(input);
  return parsed.ok ? { input: input as ExperimentInput, spec: parsed.value, layers } : refuse(parsed.problems);
}

function namedLayers({ template, profile }: SpecOptions): Layer[] {
  return [
    ...(template === undefined ? [] : [{ origin: '--template', value: { template } }]),
    ...(profile === undefined ? [] : [{ origin: '--profile', value: { profile } }]),
  ];
}

/** `a.b=value`; the value is read as YAML, so `3`, `true` and `[a, b]` keep their types. */
function assignment(text: string, below: readonly Layer[]): Layer {
  const [, path, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined) {
    throw new Problem(`--set ${text}: write it as path.to.field=value`, { exitCode: EXIT.refused });
  }
  const parts = path.trim().split('.');
  const whole = put(mergeLayers(below), parts, parse(value) as unknown);
  return { origin: `--set ${path.trim()}`, value: only(whole, parts), wrote: parts };
}

/** Of a whole value the part that an assignment wrote: the maps down to it, or to the list that holds it. */
function only(value: unknown, [head, ...rest]: readonly string[]): unknown {
  if (head === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return { [head]: only((value as Record<string, unknown>)[head], rest) };
}
