/**
 * How much does a service take on that only calls Holdfast?
 *
 * The package is built, packed as npm would and unpacked into an empty project. There `require('holdfast/client')` is
 * asked which files it has loaded, by package. Numbers without a goal: what npm downloads, what of it is unpacked, and
 * what the client alone reads into memory, its dependencies included.
 */
import { writeFile } from 'node:fs/promises';
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
  ],
  async run() {
    const project = await installPacked(ENTRIES, NEEDED);
    try {
      await writeFile(join(project.folder, 'loaded.cjs'), LOADED);
      const files = JSON.parse(await project.node('loaded.cjs')) as [string, number][];
      const { size, unpackedSize, files: packed } = project.pack;
      const note = `${packed} files, worker and simulator among them`;
      return [
        { value: size / 1024, note },
        { value: unpackedSize / 1024, note },
        { value: files.length, note: byPackage(files, () => 1) },
        { value: total(files), note: byPackage(files, ([, bytes]) => bytes / 1024) },
      ];
    } finally {
      await project.remove();
    }
  },
};

function total(files: [string, number][]): number {
  return files.reduce((sum, [, bytes]) => sum + bytes, 0) / 1024;
}

/** `@grpc/grpc-js 50, zod 40, ...`, the largest first. */
function byPackage(files: [string, number][], weight: (file: [string, number]) => number): string {
  const sums = new Map<string, number>();
  for (const file of files) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file[0])?.[1] ?? 'elsewhere';
    sums.set(name, (sums.get(name) ?? 0) + weight(file));
  }
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .map(([name, sum]) => `${name} ${Math.round(sum)}`)
    .join(', ');
}
