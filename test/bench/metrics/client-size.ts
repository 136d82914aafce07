/**
 * How much does a service take on that only calls Holdfast?
 *
 * The package is built, packed as npm would and unpacked into an empty project. There `require('holdfast/client')` is
 * asked which files it has loaded, by package. Numbers without a goal: what npm downloads, what of it is unpacked, what
 * the client alone reads into memory, its dependencies included, and how large the packages of those files are on disk.
 */
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installPacked } from '../../support/packed';
import type { Bench } from '../metric';

/** From these everything else of src is imported. */
const ENTRIES = ['worker.ts', 'cli/main.ts', 'client/index.ts', 'nexus/index.ts'];
const NEEDED = ['@temporalio/client', '@temporalio/common', 'zod'];

const LOADED = `
  require('holdfast/client');
  const { statSync } = require('node:fs');
  const own = (file) => file !== __filename;
  console.log(JSON.stringify(Object.keys(require.cache).filter(own).map((file) => [file, statSync(file).size])));
`;

export const clientSize: Bench = {
  name: 'client-size',
  goals: [
    { name: 'package, packed', unit: 'KiB' },
    { name: 'package, unpacked', unit: 'KiB' },
    { name: 'files that holdfast/client loads', unit: 'files' },
    { name: 'size of what holdfast/client loads', unit: 'KiB' },
    { name: 'packages that holdfast/client loads from, on disk', unit: 'KiB' },
  ],
  async run() {
    const project = await installPacked(ENTRIES, NEEDED);
    try {
      await writeFile(join(project.folder, 'loaded.cjs'), LOADED);
      const files = JSON.parse(await project.node('loaded.cjs')) as Sized[];
      const { size, unpackedSize, files: packed } = project.pack;
      const note = `${packed} files, worker and simulator among them`;
      const folders = [...new Set(files.map(([file]) => PACKAGE.exec(file)?.[0] ?? file))];
      const onDisk = await Promise.all(folders.map(async (folder): Promise<Sized> => [folder, await sizeOf(folder)]));
      return [
        { value: inKiB(size), note },
        { value: inKiB(unpackedSize), note },
        { value: files.length, note: byPackage(files, () => 1) },
        { value: inKiB(total(files)), note: byPackage(files, ([, bytes]) => inKiB(bytes)) },
        { value: inKiB(total(onDisk)), note: byPackage(onDisk, ([, bytes]) => inKiB(bytes)) },
      ];
    } finally {
      await project.remove();
    }
  },
};

/** A path and its bytes. */
type Sized = [string, number];

/** The folder of a package, and its name. */
const PACKAGE = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;

function inKiB(bytes: number): number {
  return Math.round(bytes / 1024);
}

function total(parts: Sized[]): number {
  return parts.reduce((sum, [, bytes]) => sum + bytes, 0);
}

/** What lies in a package's folder, without packages of its own. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(
    (entry) => entry.isFile() && !entry.parentPath.slice(folder.length).includes('node_modules'),
  );
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** `@grpc/grpc-js 50, zod 40, ...`, the largest first. */
function byPackage(parts: Sized[], weight: (part: Sized) => number): string {
  const sums = new Map<string, number>();
  for (const part of parts) {
    const name = PACKAGE.exec(part[0])?.[1] ?? 'elsewhere';
    sums.set(name, (sums.get(name) ?? 0) + weight(part));
  }
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .map(([name, sum]) => `${name} ${String(sum)}`)
    .join(', ');
}
