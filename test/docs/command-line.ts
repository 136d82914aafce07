/** Would a line of a shell block work? Programs, options and files are looked up; nothing is run. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CONFIG_VARIABLES } from '../../src/config';
import { createProgram } from '../../src/cli/program';
import { SEARCH_ATTRIBUTES, TASK_QUEUE } from '../../src/contracts/names';
import { root } from './markdown';

/** Files that the page itself says to write, by name. */
type Written = readonly string[];
type Check = (args: string[], written: Written) => string | undefined;

/** The complaint about one line; undefined when it would work. Comments and empty lines are fine. */
export function complaintAbout(line: string, written: Written = []): string | undefined {
  // What follows a pipe or a redirection is the reader's own shell.
  const command = line.replace(/(^|\s)#.*$/, '').split(/\s[|>&]/)[0] ?? '';
  const words = wordsOf(command.trim());
  const variables = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const given = words.slice(0, variables === -1 ? words.length : variables);
  const [program, ...args] = words.slice(given.length);
  const unknown = given.map(nameOf).find((name) => !isKnownVariable(name));
  if (unknown !== undefined) return `${unknown} is no variable that anything reads`;
  if (program === undefined) return undefined;
  const check = PROGRAMS[program];
  return check === undefined ? `${program} is no program that the documentation may use` : check(args, written);
}

/** The command lines of a block: a backslash at the end continues a line. */
export function commandsOf(text: string): string[] {
  return text.replaceAll('\\\n', ' ').split('\n');
}

const PROGRAMS: Record<string, Check> = {
  holdfast: checkHoldfast,
  npm: checkNpm,
  npx: checkNpx,
  node: ([script = '']) => missing(script.replace(/^dist\/(.*)\.js$/, 'src/$1.ts')),
  '.ci/run': () => missing('.ci/run'),
  cp: ([from = '']) => missing(from),
  cd: () => undefined,
  git: ([verb]) => (verb === 'clone' ? undefined : `git ${verb ?? ''} is none of the documentation's commands`),
  docker: checkCompose,
  export: (args) =>
    args
      .map(nameOf)
      .filter((name) => !isKnownVariable(name))[0]
      ?.concat(' is no variable that anything reads'),
  alias: ([definition = '']) => complaintAbout(definition.replace(/^holdfast=/, '').replace(/ --$/, ' -- list')),
  temporal: checkTemporal,
  // Foreign tools: the simulator's own tests run them.
  aws: () => undefined,
  curl: () => undefined,
  source: () => undefined,
  // Result files are looked at by the test that runs the README.
  cat: () => undefined,
};

function checkHoldfast(args: string[], written: Written): string | undefined {
  const errors: string[] = [];
  const program = createProgram(
    () => {
      throw new Error('no command is run here');
    },
    { out: () => undefined, err: (text) => errors.push(text) },
  );
  const ran: { command: Command; values: string[] }[] = [];
  for (const command of leaves(program)) {
    command.action(
      () => void ran.push({ command, values: [...command.args, ...Object.values(command.opts()).flat().map(String)] }),
    );
  }
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    const asksForHelp = error instanceof Error && 'code' in error && error.code === 'commander.helpDisplayed';
    return asksForHelp ? undefined : errors.join('').trim() || String(error);
  }
  const files = ran.flatMap(({ values }) => values).filter((value) => /\.(ya?ml|json)$/.test(value));
  return files
    .filter((file) => !written.includes(file))
    .map((file) => missing(file))
    .find((found) => found !== undefined);
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function checkNpm(args: string[], written: Written): string | undefined {
  const [verb, ...rest] = args.filter((arg) => arg !== '--silent');
  if (verb === 'ci' || verb === 'test') return undefined;
  if (verb !== 'run') return `npm ${verb ?? ''} is none of the documentation's commands`;
  const [script = '', ...more] = rest;
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  if (!(script in scripts)) return `npm run ${script}: no such script`;
  const passed = more[0] === '--' ? more.slice(1) : [];
  if (script === 'holdfast') return checkHoldfast(passed, written);
  return script === 'demo' ? checkHoldfast(['demo', ...passed], written) : undefined;
}

function checkNpx([program, target]: string[]): string | undefined {
  if (program !== 'jest' && program !== 'tsx') return `npx ${program ?? ''} is none of the documentation's commands`;
  return target === undefined ? undefined : missing(target);
}

function checkCompose([program, verb]: string[]): string | undefined {
  const known = program === 'compose' && ['up', 'down', 'logs', 'ps'].includes(verb ?? '');
  return known
    ? missing('docker-compose.yml')
    : `docker ${program ?? ''} ${verb ?? ''} is none of the documentation's commands`;
}

function checkTemporal(args: string[]): string | undefined {
  const values = (option: string): string[] => args.filter((_, index) => args[index - 1] === option);
  if (args.slice(0, 4).join(' ') === 'operator nexus endpoint create') return checkEndpoint(values);
  if (args.slice(0, 3).join(' ') === 'operator search-attribute create') return checkAttributes(values);
  return `temporal ${args.slice(0, 3).join(' ')} is not known`;
}

/** An endpoint has to lead to where the workers poll. */
function checkEndpoint(values: (option: string) => string[]): string | undefined {
  const given = ['--name', '--target-namespace', '--target-task-queue'].flatMap(values);
  if (given.length === 3 && given[2] === TASK_QUEUE) return undefined;
  return `an endpoint has a name, a namespace and the queue ${TASK_QUEUE}`;
}

/** Creating search attributes has to name exactly those that the worker waits for. */
function checkAttributes(values: (option: string) => string[]): string | undefined {
  const named = Object.fromEntries(values('--name').map((name, index) => [name, values('--type')[index]]));
  const same =
    JSON.stringify(Object.entries(named).sort()) === JSON.stringify(Object.entries(SEARCH_ATTRIBUTES).sort());
  return same ? undefined : 'the search attributes are not those of src/contracts/names.ts';
}

function missing(path: string): string | undefined {
  const found = path.includes('*')
    ? existsSync(join(root, path.slice(0, path.lastIndexOf('/'))))
    : existsSync(join(root, path));
  return found ? undefined : `${path} does not exist`;
}

function nameOf(assignment: string): string {
  return assignment.split('=')[0] ?? '';
}

/** Variables of Temporal, AWS and the tests are read by others; the tests' own have to occur in one. */
function isKnownVariable(name: string): boolean {
  return name in CONFIG_VARIABLES || /^(TEMPORAL|AWS|HOLDFAST_TEST)_/.test(name);
}

/** Words as a shell would split them; quotes are taken off. */
function wordsOf(text: string): string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
}
