/** Which server do the tests share? One Temporal dev server per run, never a configured one. */
import { readConfig } from '../../src/config';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/names';
import { findTemporalCli } from '../../src/dev/temporal-cli';
import { startTemporalServer, type TemporalServer } from '../../src/dev/temporal-server';
import { publishBundle } from './bundle';
import { publishTemporal } from './temporal';

/** Where the teardown, another module of the same process, finds the server. */
declare global {
  var holdfastTestServer: TemporalServer | undefined;
}

export default async function globalSetup(): Promise<void> {
  const config = readConfig();
  const log = (line: string): boolean => process.stderr.write(`${line}\n`);
  const cli = await findTemporalCli({ ...config, given: config.temporalCli, log });
  const server = await startTemporalServer({
    cli: cli.path,
    searchAttributes: SEARCH_ATTRIBUTES,
    log: () => undefined,
  });
  publishTemporal({ ...server, cli: cli.path });
  globalThis.holdfastTestServer = server;
  await publishBundle();
}
