/** Who may use the HTTP door? Named tokens in a file that holds only their hashes. */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

export type Access = 'read' | 'full';

export interface TokenEntry {
  name: string;
  access: Access;
  /** ISO time. */
  createdAt: string;
}

/** A name stands in logs and as the owner of what its holder starts. */
export const TOKEN_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

const file = z.strictObject({
  tokens: z.array(
    z.strictObject({
      name: z.string().regex(TOKEN_NAME),
      access: z.enum(['read', 'full']),
      createdAt: z.string(),
      sha256: z.string().length(64),
    }),
  ),
});
type Stored = z.output<typeof file>['tokens'][number];

/** 256 random bits cannot be guessed, so one round of SHA-256 is enough to keep them. */
const SECRET_BYTES = 32;

export interface TokenFile {
  list(): Promise<TokenEntry[]>;
  /** Answers with the token, which is shown once and kept nowhere. Rejects when the name is taken. */
  create(name: string, access: Access, at: string): Promise<string>;
  /** False when there is no such name. */
  revoke(name: string): Promise<boolean>;
  /** Whose token it is; read anew each time, so that a revocation counts at once. */
  check(token: string): Promise<TokenEntry | undefined>;
}

/** Tokens in the file at `path`, which is made with the first one. */
export function tokenFile(path: string): TokenFile {
  const load = (): Promise<Stored[]> => read(path);
  return {
    list: async () => (await load()).map(withoutHash),
    async create(name, access, at) {
      const before = await load();
      if (before.some((entry) => entry.name === name)) throw new Error(`there is a token called ${name}`);
      const token = `hf_${randomBytes(SECRET_BYTES).toString('base64url')}`;
      await write(path, [...before, { name, access, createdAt: at, sha256: hash(token).toString('hex') }]);
      return token;
    },
    async revoke(name) {
      const before = await load();
      const after = before.filter((entry) => entry.name !== name);
      if (after.length === before.length) return false;
      await write(path, after);
      return true;
    },
    async check(token) {
      const given = hash(token);
      const found = (await load()).find(({ sha256 }) => timingSafeEqual(Buffer.from(sha256, 'hex'), given));
      return found === undefined ? undefined : withoutHash(found);
    },
  };
}

function withoutHash({ name, access, createdAt }: Stored): TokenEntry {
  return { name, access, createdAt };
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

async function read(path: string): Promise<Stored[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? [] : file.parse(JSON.parse(text)).tokens;
}

/** Readable by its owner alone, and never half written. */
async function write(path: string, tokens: Stored[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}.draft`;
  await writeFile(draft, `${JSON.stringify({ tokens }, undefined, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}
