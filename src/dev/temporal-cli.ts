/** Which Temporal CLI binary runs the local server, and why that one? */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isExecutable, onPath, type Offer } from './executables';
import { goBuild } from './temporal-build';
import { sdkDownload } from './temporal-download';

const run = promisify(execFile);

export interface FindTemporalCli {
  /** Path from the configuration (HOLDFAST_TEMPORAL_CLI). When it is set, nothing else is tried. */
  given?: string | undefined;
  /** Folders in which `temporal` and `go` are looked for. */
  searchPath: readonly string[];
  /** Holdfast's cache folder; a build goes to `temporal/<version>/temporal` below it. */
  cacheDir: string;
  /** Where the SDK keeps its download: the system's folder for temporary files. */
  tempDir: string;
  /** The download site; default: the SDK's. */
  host?: string;
  /** Receives progress, one line each. */
  log: (line: string) => void;
}

export interface TemporalCli {
  path: string;
  source: 'configured' | 'path' | 'sdk-download' | 'go-build';
  /** One line for people: which binary, its version, and why the ones before it were not taken. */
  reason: string;
}

/** No way to a Temporal CLI works. The message lists what was tried and how to fix it; callers exit with 1. */
export class TemporalCliMissing extends Error {
  override readonly name = 'TemporalCliMissing';
}

/**
 * Finds a binary that answers `--version`: the configured one, `temporal` on PATH, the SDK's cached download, a Go
 * build of the pinned version. Fails with `TemporalCliMissing` alone.
 */
export async function findTemporalCli(options: FindTemporalCli): Promise<TemporalCli> {
  const { given } = options;
  if (given !== undefined) return configured(given);
  const builder = goBuild(options);
  const places: [TemporalCli['source'], () => Promise<Offer>][] = [
    ['path', () => onPath('temporal', options.searchPath)],
    // With a finished build at hand a download is not worth a second of waiting: only one already made is taken.
    ['sdk-download', async () => sdkDownload({ ...options, fetch: !(await isExecutable(builder.path)) })],
    ['go-build', () => builder.build()],
  ];
  const refused: string[] = [];
  for (const [source, look] of places) {
    const found = await tryPlace(look);
    if ('version' in found) return { path: found.path, source, reason: describe(source, found, refused) };
    refused.push(found.why);
  }
  throw new TemporalCliMissing(missing(refused));
}

/** Somebody named this binary: another one in its place would be a surprise. */
async function configured(path: string): Promise<TemporalCli> {
  const found = await tryPlace(() => Promise.resolve({ path }));
  if ('version' in found) return { path, source: 'configured', reason: describe('configured', found, []) };
  throw new TemporalCliMissing(missing([`HOLDFAST_TEMPORAL_CLI: ${found.why}`]));
}

async function tryPlace(look: () => Promise<Offer>): Promise<{ path: string; version: string } | { why: string }> {
  const offer = await look();
  if ('why' in offer) return offer;
  try {
    // A cold 140 MB binary on a busy disk takes a second or two; one that takes longer than 20 s hangs.
    const { stdout } = await run(offer.path, ['--version'], { timeout: 20_000 });
    if (/^temporal version /.test(stdout)) return { path: offer.path, version: stdout.trim() };
    return { why: `${offer.path} is not the Temporal CLI` };
  } catch (error) {
    return { why: `${offer.path} does not run (${(error as Error).message.trim()})` };
  }
}

const NAMES: Record<TemporalCli['source'], string> = {
  configured: 'set by HOLDFAST_TEMPORAL_CLI',
  path: 'found on PATH',
  'sdk-download': "the Temporal SDK's download",
  'go-build': 'built with Go from tools/temporal',
};

function describe(source: TemporalCli['source'], found: { path: string; version: string }, refused: string[]): string {
  const others = refused.length === 0 ? '' : `; ${refused.join('; ')}`;
  return `${found.version}, ${NAMES[source]}: ${found.path}${others}`;
}

function missing(refused: readonly string[]): string {
  return [
    'No Temporal CLI can be used:',
    ...refused.map((why) => `  - ${why}`),
    'Any one of these fixes it:',
    '  - set HOLDFAST_TEMPORAL_CLI to the path of a Temporal CLI (https://docs.temporal.io/cli)',
    '  - install it so that `temporal` is on PATH, for example with `brew install temporal`',
    '  - allow access to https://temporal.download, from where the Temporal SDK takes it',
    '  - install Go 1.26 or newer (https://go.dev/dl): it is then built once, in about 4 minutes on two cores',
  ].join('\n');
}
