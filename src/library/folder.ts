/** Where do templates and profiles come from? Files of this package and of the user's folder, by name. */
import { readdir, readFile } from 'node:fs/promises';
import { join, parse as parsePath, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { Failure } from '../contracts/failures';
import type { LibraryKind, SpecLibrary } from '../schemas/resolve';

/** The examples are the templates that the package brings, beside the sources or the build. */
const EXAMPLES = resolve(__dirname, '../../examples');
const ENDINGS = ['.yaml', '.yml', '.json'];

/**
 * Templates of `<home>/templates` over those of the package, and profiles of `<home>/profiles`. Without a home, the
 * package's templates alone.
 */
export function createFolderLibrary(home?: string): SpecLibrary {
  const folders: Record<LibraryKind, string[]> = {
    template: [...(home === undefined ? [] : [join(home, 'templates')]), EXAMPLES],
    profile: home === undefined ? [] : [join(home, 'profiles')],
  };
  return {
    async read(kind, name) {
      const file = await findFile(folders[kind], name);
      return file === undefined ? undefined : readDocument(kind, file);
    },
    async names(kind) {
      const files = (await Promise.all(folders[kind].map(filesIn))).flat();
      return [...new Set(files.map((file) => parsePath(file).name))].sort();
    },
  };
}

/** The text of a template as its author wrote it, comments and all; undefined when there is none. */
export async function templateText(name: string, home: string): Promise<string | undefined> {
  const file = await findFile([join(home, 'templates'), EXAMPLES], name);
  return file === undefined ? undefined : readFile(file, 'utf8');
}

async function findFile(folders: string[], name: string): Promise<string | undefined> {
  const files = (await Promise.all(folders.map(filesIn))).flat();
  return files.find((file) => parsePath(file).name === name);
}

/** Specs of a folder; a name with a dot in it, such as a schema's, is none. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch(() => []);
  return entries
    .filter((entry) => ENDINGS.includes(parsePath(entry).ext) && !parsePath(entry).name.includes('.'))
    .map((entry) => join(folder, entry));
}

async function readDocument(kind: LibraryKind, file: string): Promise<unknown> {
  const document = parseDocument(await readFile(file, 'utf8'));
  const [error] = document.errors;
  if (error === undefined) return (document.toJS() as unknown) ?? {};
  throw new Failure('InvalidInput', `${kind}: ${file}: ${error.message.split('\n')[0] ?? ''}`);
}
