/** `holdfast token`: who may use the HTTP door. */
import { Argument, Option, type Command } from 'commander';
import type { Access, TokenFile } from '../../api/tokens';
import type { Context } from '../context';
import { EXIT } from '../exit';
import { Problem } from '../problem';
import { table } from '../render/table';
import { tokensPath } from './serve';
import { command, outputOption, print, type ContextSource, type Output } from './shared';

export function tokenCommand(source: ContextSource): Command {
  const name = (): Argument => new Argument('<name>', 'who holds it: small letters, digits and ._-');
  return command('token', 'make, list and revoke tokens of the HTTP door', ['holdfast token create ci --access read'])
    .addCommand(
      command('create', 'make a token and print it, this once', ['holdfast token create ci --access read'])
        .addArgument(name())
        .addOption(new Option('--access <what>', 'read only, or everything').choices(['read', 'full']).default('full'))
        .action((who: string, { access }: { access: Access }) => create(source(), who, access)),
    )
    .addCommand(
      command('list', 'list tokens without their secrets', ['holdfast token list'])
        .addOption(outputOption())
        .action((options: { output: Output }) => list(source(), options.output)),
    )
    .addCommand(
      command('revoke', 'make a token worthless, at once', ['holdfast token revoke ci'])
        .addArgument(name())
        .action((who: string) => revoke(source(), who)),
    );
}

async function create(context: Context, name: string, access: Access): Promise<void> {
  const { TOKEN_NAME } = await import('../../api/tokens.js');
  if (!TOKEN_NAME.test(name)) throw refused(`"${name}" is no name: small letters, digits and ._-, 63 at most`);
  const token = await (await tokens(context)).create(name, access, context.now()).catch((error: unknown) => {
    throw refused(error instanceof Error ? error.message : String(error));
  });
  context.terminal.out(token);
  context.terminal.err(`send it as: Authorization: Bearer ${token.slice(0, 6)}...  (it is not shown again)`);
}

async function list(context: Context, output: Output): Promise<void> {
  const entries = await (await tokens(context)).list();
  print(context, output, entries, () => {
    const rows = entries.map(({ name, access, createdAt }) => [name, access, createdAt]);
    return table(['NAME', 'ACCESS', 'MADE'], rows);
  });
}

async function revoke(context: Context, name: string): Promise<void> {
  if (!(await (await tokens(context)).revoke(name))) throw refused(`no token is called ${name}`);
  context.terminal.out(`revoked ${name}`);
}

async function tokens(context: Context): Promise<TokenFile> {
  const { tokenFile } = await import('../../api/tokens.js');
  return tokenFile(tokensPath(context));
}

function refused(message: string): Problem {
  return new Problem(message, { exitCode: EXIT.refused, next: 'holdfast token list' });
}
