/** How does a command hand the terminal to another program? */
import { spawn } from 'node:child_process';
import type { Context } from './context';
import { EXIT } from './exit';

/** Runs it to its end with this terminal as its own, to which Ctrl-C belongs meanwhile; answers with its exit code. */
export async function runProgram(context: Context, program: string, args: readonly string[]): Promise<number> {
  const stopListening = context.onInterrupt(() => undefined);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (status) => {
      resolve(status ?? EXIT.infrastructureFailed);
    });
  }).finally(stopListening);
}
