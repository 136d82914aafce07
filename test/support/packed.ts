/** What does another project get of this package? Packed as npm would, unpacked into an empty project. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(__dirname, '../..');
export const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

export interface Project {
  folder: string;
  /** Bytes of the packed file and of what is in it. */
  pack: { size: number; unpackedSize: number; files: number };
  /** Runs Node in the project; answers what it prints, and rejects with all of it when it fails. */
  node(...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/** A project with the package in which only these entries of src are built, beside links to the named packages. */
export async function installPacked(entries: readonly string[], packages: readonly string[]): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-package-'));
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, 'holdfast'), { recursive: true });
  const pack = await packInto(folder, entries);
  await run('tar', ['-xzf', pack.file, '--strip-components=1', '-C', join(modules, 'holdfast')], folder);
  for (const name of packages) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  return {
    folder,
    pack,
    node: (...args) => run(process.execPath, args, folder),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

interface Packed {
  filename: string;
  size: number;
  unpackedSize: number;
  entryCount: number;
}

async function packInto(folder: string, entries: readonly string[]): Promise<Project['pack'] & { file: string }> {
  const copy = join(folder, 'copy');
  await mkdir(copy);
  for (const name of ['package.json', 'examples', 'README.md', 'LICENSE']) {
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  }
  const files = entries.map((entry) => join(ROOT, 'src', entry));
  const outDir = join(copy, 'dist');
  const compilerOptions = { rootDir: join(ROOT, 'src'), typeRoots: [join(ROOT, 'node_modules/@types')], outDir };
  const config = { extends: join(ROOT, 'tsconfig.json'), include: [], files, compilerOptions };
  await writeFile(join(folder, 'build.json'), JSON.stringify(config));
  await run(process.execPath, [TSC, '-p', 'build.json'], folder);
  const said = await run('npm', ['pack', '--json', '--ignore-scripts', '--offline'], copy);
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(said) as [Packed];
  return { file: join(copy, filename), size, unpackedSize, files: entryCount };
}

async function run(program: string, args: string[], cwd: string): Promise<string> {
  try {
    return (await promisify(execFile)(program, args, { cwd })).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error });
  }
}
