#!/usr/bin/env node
/** The `holdfast` program: runs one command and turns whatever it throws into lines and an exit code. */
import { CommanderError } from 'commander';
import { processContext, type Context } from './context';
import { problemLines, problemOf } from './problem';
import { createProgram, usageExitCode } from './program';
import { createStyle } from './render/style';

/** Runs a command line (without node and script); never rejects. Answers with the exit code. */
export async function main(argv: string[], makeContext: (exit: (code: number) => void) => Context): Promise<number> {
  let code = 0;
  let made: Context | undefined;
  const source = (): Context =>
    (made ??= makeContext((value) => {
      code = value;
    }));
  const program = createProgram(source, {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return usageExitCode(error);
    const problem = problemOf(error);
    const print = made?.terminal.err ?? writeError;
    for (const line of problemLines(problem, made?.style ?? createStyle(false))) print(line);
    return problem.exitCode;
  }
  return code;
}

function writeError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** `holdfast list | head` closes the pipe early, which is no failure of ours. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

if (require.main === module) {
  process.stdout.on('error', endWithReader);
  void main(process.argv.slice(2), processContext).then((code) => {
    process.exitCode = code;
  });
}
