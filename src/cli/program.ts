/** Which commands are there? `holdfast` put together. */
import { Command, type CommanderError } from 'commander';
import { capacityCommand } from './commands/capacity';
import { cleanupCommand } from './commands/cleanup';
import { completionCommand } from './commands/completion';
import { controlCommands } from './commands/control';
import { cpCommand } from './commands/cp';
import { demoCommand } from './commands/demo';
import { destroyCommand } from './commands/destroy';
import { devCommand } from './commands/dev';
import { eventsCommand } from './commands/events';
import { doctorCommand } from './commands/doctor';
import { execCommand } from './commands/exec';
import { initCommand } from './commands/init';
import { listCommand } from './commands/list';
import { planCommand } from './commands/plan';
import { leaksCommand, reapCommand, setupCommand } from './commands/reap';
import { logsCommand, resultsCommand } from './commands/results';
import { attachCommand, runCommand } from './commands/run';
import { scheduleCommand } from './commands/schedule';
import type { ContextSource } from './commands/shared';
import { serveCommand } from './commands/serve';
import { showCommand } from './commands/show';
import { simulateCommand } from './commands/simulate';
import { specCommand, validateCommand } from './commands/spec';
import { sshCommand } from './commands/ssh';
import { tokenCommand } from './commands/token';
import { EXIT, EXIT_HELP } from './exit';

/** The program; `write` receives help and usage errors. */
export function createProgram(
  source: ContextSource,
  write: { out: (text: string) => void; err: (text: string) => void },
): Command {
  const program = new Command('holdfast')
    .description('Durable experiments on EC2 spot capacity, as Temporal workflows')
    .addHelpText(
      'after',
      `\nFirst steps:\n  $ holdfast demo\n  $ holdfast run -f examples/pulsar-lab.yaml\n\n${EXIT_HELP}`,
    );
  const commands = [
    demoCommand(source),
    devCommand(source),
    doctorCommand(source),
    initCommand(source),
    planCommand(source),
    runCommand(source),
    attachCommand(source),
    showCommand(source),
    listCommand(source),
    eventsCommand(source),
    logsCommand(source),
    resultsCommand(source),
    capacityCommand(source),
    ...controlCommands(source),
    execCommand(source),
    sshCommand(source),
    cpCommand(source),
    scheduleCommand(source),
    destroyCommand(source),
    cleanupCommand(source),
    leaksCommand(source),
    reapCommand(source),
    setupCommand(source),
    validateCommand(source),
    specCommand(source),
    serveCommand(source),
    tokenCommand(source),
    simulateCommand(source),
    completionCommand(source, () => program),
  ];
  for (const one of commands) program.addCommand(one);
  for (const one of withChildren(program))
    one.exitOverride().configureOutput({ writeOut: write.out, writeErr: write.err });
  return program;
}

function withChildren(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withChildren)];
}

/** The exit code of commander's own endings: help is fine, anything else is a wrong command line. */
export function usageExitCode(error: CommanderError): number {
  const asked = error.code === 'commander.helpDisplayed' || error.code === 'commander.version';
  return asked || (error.code === 'commander.help' && error.exitCode === 0) ? EXIT.done : EXIT.refused;
}
