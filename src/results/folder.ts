/** How are results kept on a disk? One folder per experiment, each file whole or absent, the newest linked as `latest`. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Failure } from '../contracts/failures';
import type { ResultStore } from './port';

/** Names that Windows keeps for devices, with or without an ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/;
/** A part of a document's name. It begins with no dot, so no part leaves the folder. */
const PART = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** A `~` cannot occur in an id, so no plain name equals a marked one. 32 bits keep apart what differs only in case. */
const MARK_LENGTH = 8;

/** Keeps results below `root`, which is made when it is missing. */
export function createFolderStore(root: string): ResultStore {
  const base = resolve(root);
  const location = (experimentId: string): string => join(base, folderName(experimentId));
  return {
    location,
    async put(experimentId, name, content) {
      const folder = location(experimentId);
      const path = join(folder, ...partsOf(name));
      await mkdir(base, { recursive: true });
      const isNew = (await mkdir(folder, { recursive: true })) !== undefined;
      await mkdir(dirname(path), { recursive: true });
      await writeWhole(path, content);
      if (isNew) await pointLatest(base, folderName(experimentId));
      return path;
    },
    async get(experimentId, name) {
      try {
        return await readFile(join(location(experimentId), ...partsOf(name)), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
}

/**
 * A folder name that every file system keeps apart from every other id's: plain ids stay as they are; an id with
 * capitals, a colon, a dot at its end or a device's name gets a mark from its hash.
 */
export function folderName(experimentId: string): string {
  const plain = experimentId.replace(/[^A-Za-z0-9._-]/g, '_');
  const safe = plain === experimentId && plain === plain.toLowerCase() && !plain.endsWith('.') && !DEVICE.test(plain);
  if (safe && plain !== 'latest' && !plain.startsWith('.')) return plain;
  const mark = createHash('sha256').update(experimentId).digest('hex').slice(0, MARK_LENGTH);
  return `${plain.replace(/^\.+/, '_')}~${mark}`;
}

function partsOf(name: string): string[] {
  const parts = name.split('/');
  if (parts.every((part) => PART.test(part))) return parts;
  throw new Failure(
    'Internal',
    `"${name}" is no name for a result: parts of letters, digits, dots, dashes, with slashes`,
  );
}

/** Readers see the old file or the new one, never a half: a rename within a folder is atomic. */
async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const draft = `${path}.${randomUUID()}.draft`;
  try {
    await writeFile(draft, content);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** A convenience for people; where links are not allowed, results are complete without it. */
async function pointLatest(base: string, folder: string): Promise<void> {
  const draft = join(base, `.latest-${randomUUID()}`);
  try {
    await symlink(folder, draft, 'dir');
    await rename(draft, join(base, 'latest'));
  } catch {
    await rm(draft, { force: true });
  }
}
