import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findTemporalCli, TemporalCliMissing, type FindTemporalCli } from '../../src/dev/temporal-cli';
import { pinnedVersion } from '../../src/dev/temporal-build';

const PINNED = pinnedVersion();
const SDK_VERSION = (require('@temporalio/testing/package.json') as { version: string }).version;

describe('findTemporalCli', () => {
  let root: string;
  let log: string[];
  let options: FindTemporalCli;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'holdfast-cli-'));
    log = [];
    options = {
      searchPath: [join(root, 'bin')],
      cacheDir: join(root, 'cache'),
      tempDir: join(root, 'tmp'),
      host: 'http://127.0.0.1:9/', // the discard port: nobody answers there
      log: (line) => log.push(line),
    };
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  const builtPath = (): string => join(root, 'cache', 'temporal', PINNED, 'temporal');
  const fakeCli = (path: string, version = '9.9.9'): Promise<string> =>
    script(path, `echo "temporal version ${version} (Server 1, UI 2)"`);
  /** A `go` that counts its builds, takes a while and leaves a CLI at the place after -o. */
  const fakeGo = (outcome: string): Promise<string> =>
    script(
      join(root, 'bin', 'go'),
      `while [ "$1" != -o ]; do shift; done
       echo build >> ${root}/builds; echo some/package >&2; sleep 1
       ${outcome}`,
    );
  const SUCCESS = `printf '#!/bin/sh\\necho "temporal version built"\\n' > "$2"; chmod +x "$2"`;
  const builds = async (): Promise<number> =>
    (await readFile(join(root, 'builds'), 'utf8').catch(() => '')).split('\n').length - 1;

  it('takes the configured binary before everything else', async () => {
    await fakeCli(join(root, 'bin', 'temporal'), 'on-path');
    const given = await fakeCli(join(root, 'mine'), 'mine');

    const cli = await findTemporalCli({ ...options, given });

    expect(cli).toMatchObject({ path: given, source: 'configured' });
    expect(cli.reason).toContain('temporal version mine');
    expect(cli.reason).toContain('HOLDFAST_TEMPORAL_CLI');
  });

  it('takes no other binary when the configured one does not work', async () => {
    await fakeCli(join(root, 'bin', 'temporal'));

    const failure = findTemporalCli({ ...options, given: join(root, 'nowhere') });

    await expect(failure).rejects.toThrow(TemporalCliMissing);
    await expect(failure).rejects.toThrow(/HOLDFAST_TEMPORAL_CLI: .*nowhere does not run/);
  });

  it('takes temporal on PATH before the download and the build', async () => {
    const path = await fakeCli(join(root, 'bin', 'temporal'));
    await fakeCli(join(root, 'tmp', `temporal-sdk-typescript-${SDK_VERSION}`));
    await fakeCli(builtPath());

    expect(await findTemporalCli(options)).toMatchObject({ path, source: 'path' });
  });

  it('passes over another program that is called temporal, and says so', async () => {
    await script(join(root, 'bin', 'temporal'), 'echo "temporal logic checker 2"');
    const path = await fakeCli(builtPath());

    const cli = await findTemporalCli(options);

    expect(cli).toMatchObject({ path, source: 'go-build' });
    expect(cli.reason).toContain(`${join(root, 'bin', 'temporal')} is not the Temporal CLI`);
  });

  it("takes the SDK's download before the build", async () => {
    const path = await fakeCli(join(root, 'tmp', `temporal-sdk-typescript-${SDK_VERSION}`));
    await fakeCli(builtPath());

    expect(await findTemporalCli(options)).toMatchObject({ path, source: 'sdk-download' });
  });

  it('takes a finished build without asking the network', async () => {
    const path = await fakeCli(builtPath());

    const started = Date.now();
    const cli = await findTemporalCli({ ...options, host: 'http://192.0.2.1/' }); // TEST-NET-1: packets vanish

    expect(cli).toMatchObject({ path, source: 'go-build' });
    expect(Date.now() - started).toBeLessThan(1400); // the probe alone would take 1.5 s
  });

  it('builds once with Go, tells progress, and takes the build from then on', async () => {
    await fakeGo(SUCCESS);

    const first = await findTemporalCli(options);
    const second = await findTemporalCli(options);

    expect(first).toMatchObject({ path: builtPath(), source: 'go-build' });
    expect(second.path).toBe(first.path);
    expect(await builds()).toBe(1);
    expect(log).toEqual([expect.stringContaining(`Building Temporal CLI ${PINNED}`)]);
    expect(await readdir(dirname(builtPath()))).toEqual(['temporal']);
  });

  it('builds once when two processes start at the same time', async () => {
    await fakeGo(SUCCESS);

    const paths = await Promise.all([findInOtherProcess(options), findInOtherProcess(options)]);

    expect(paths).toEqual([builtPath(), builtPath()]);
    expect(await builds()).toBe(1);
  });

  it('takes over the lock of a process that died while building', async () => {
    await fakeGo(SUCCESS);
    await mkdir(dirname(builtPath()), { recursive: true });
    await writeFile(`${builtPath()}.lock`, 'process 1');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${builtPath()}.lock`, longAgo, longAgo);

    expect(await findTemporalCli(options)).toMatchObject({ path: builtPath() });
  });

  it('leaves nothing behind when the build fails', async () => {
    await fakeGo('echo "undefined: everything" >&2; exit 1');

    const failure = findTemporalCli(options);

    await expect(failure).rejects.toThrow(/go build failed: .*undefined: everything/);
    expect(await readdir(dirname(builtPath()))).toEqual([]);
  });

  it('says every way to fix it when nothing works, and is quick about it', async () => {
    const started = Date.now();
    const failure: unknown = await findTemporalCli(options).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(TemporalCliMissing);
    const { message } = failure as Error;
    for (const part of ['no temporal on PATH', '127.0.0.1:9/ cannot be reached', 'no go on PATH']) {
      expect(message).toContain(part);
    }
    for (const fix of ['set HOLDFAST_TEMPORAL_CLI', 'on PATH', 'temporal.download', 'install Go']) {
      expect(message).toContain(fix);
    }
    expect(Date.now() - started).toBeLessThan(2000);
    expect(log).toEqual([]);
  });
});

async function script(path: string, body: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

/** Runs the search in a Node process of its own and answers with the path it found. */
async function findInOtherProcess(options: FindTemporalCli): Promise<string> {
  const code = `
    const { findTemporalCli } = require(${JSON.stringify(require.resolve('../../src/dev/temporal-cli'))});
    findTemporalCli({ ...${JSON.stringify(options)}, log: () => {} }).then(
      (cli) => console.log(cli.path),
      (error) => { console.error(error); process.exit(1); });`;
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await once(child, 'close');
  return out.trim();
}
