/** `holdfast serve`: the HTTP door, until Ctrl-C. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Context } from '../context';
import { EXIT } from '../exit';
import { untilInterrupted } from '../interrupt';
import { portOption } from '../numbers';
import { Problem } from '../problem';
import { command, withClient, type ContextSource } from './shared';

interface ServeOptions {
  host: string;
  port?: number;
}

/** One that neither Temporal nor its UI nor the simulator takes. */
const DEFAULT_PORT = 8480;

export function serveCommand(source: ContextSource): Command {
  return command('serve', 'serve the HTTP door until Ctrl-C', [
    'holdfast serve',
    'holdfast serve --host 0.0.0.0 --port 8480',
  ])
    .option('--host <address>', 'address to listen on; another than loopback needs a token', '127.0.0.1')
    .addOption(portOption('-p, --port <port>', `port to listen on (default: ${String(DEFAULT_PORT)})`))
    .action((options: ServeOptions) => serve(source(), options));
}

async function serve(context: Context, { host, port = DEFAULT_PORT }: ServeOptions): Promise<void> {
  const { createLog, startServer, tokenFile } = await import('../../api/index.js');
  await withClient(context, async (holdfast) => {
    const tokens = tokenFile(tokensPath(context));
    const logger = createLog(context.config.logLevel);
    const server = await startServer({ holdfast, tokens, host, port, logger }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new Problem(`the door cannot be opened: ${why}`, { exitCode: EXIT.refused, cause: error });
    });
    try {
      context.terminal.out(`door:    ${server.url}`);
      context.terminal.out(`openapi: ${server.url}/openapi.json`);
      await untilInterrupted(context);
    } finally {
      await server.close();
    }
  });
}

/** The file of tokens below the home folder. */
export function tokensPath({ config }: Context): string {
  return join(config.home, 'tokens.json');
}
