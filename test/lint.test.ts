import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..');

type Case = readonly [file: string, code: string];

/** One planted violation per line. The files need not exist. */
const REFUSED: Case[] = [
  ['contracts/x.ts', `import { z } from 'zod'; export const a = z;`],
  ['contracts/x.ts', `import type { Spec } from '../schemas/experiment'; export type A = Spec;`],
  ['contracts/x.ts', `import { join } from 'node:path'; export const a = join;`],
  ['schemas/x.ts', `import { Client } from '@temporalio/client'; export const a = Client;`],
  ['schemas/x.ts', `import type { Fleet } from '@aws-sdk/client-ec2'; export type A = Fleet;`],
  ['policy/x.ts', `import { parseWith } from '../schemas/parse'; export const a = parseWith;`],
  ['policy/x.ts', `import { sleep } from '@temporalio/workflow'; export const a = sleep;`],
  ['policy/x.ts', `import { createHash } from 'node:crypto'; export const a = createHash;`],
  ['policy/x.ts', `import { createHash } from 'crypto'; export const a = createHash;`],
  ['policy/deep/x.ts', `import { z } from 'zod'; export const a = z;`],
  ['policy/deep/x.ts', `import { a } from '../../aws/errors'; export const b = a;`],
  ['policy/x.ts', `export const a = Date.now();`],
  ['policy/x.ts', `export const a = new Date();`],
  ['policy/x.ts', `export const a = Math.random();`],
  ['workflows/x.ts', `let seen = 0; export const a = (): number => (seen += 1);`],
  ['workflows/x.ts', `const seen = new Map<string, number>(); export const a = (): number => seen.size;`],
  ['policy/x.ts', `export const seen: string[] = [];`],
  ['policy/x.ts', `const seen = new Set<string>(); export const a = (): number => seen.size;`],
  ['contracts/x.ts', `export const seen: Record<string, string> = {};`],
  ['workflows/x.ts', `import { z } from 'zod'; export const a = z;`],
  ['workflows/x.ts', `import { steps } from '../activities/steps'; export const a = steps;`],
  ['workflows/x.ts', `export * from '../schemas/experiment';`],
  ['workflows/x.ts', `import type { Ports } from '../aws/ports'; export type A = Ports;`],
  ['workflows/x.ts', `import { Worker } from '@temporalio/worker'; export const a = Worker;`],
  ['workflows/x.ts', `export const a = import('../activities/steps');`],
  ['aws/x.ts', `import { activityInfo } from '@temporalio/activity'; export const a = activityInfo;`],
  ['aws/x.ts', `import { parseWith } from '../schemas/parse'; export const a = parseWith;`],
  ['results/x.ts', `import { a } from '../aws/s3'; export const b = a;`],
  ['activities/x.ts', `import { EC2Client } from '@aws-sdk/client-ec2'; export const a = EC2Client;`],
  ['activities/x.ts', `import { Client } from '@temporalio/client'; export const a = Client;`],
  ['activities/x.ts', `import { createCloud } from '../aws/ports'; export const a = createCloud;`],
  ['activities/x.ts', `import type { Raw } from '../aws/fleet'; export type A = Raw;`],
  ['activities/x.ts', `import type { provision } from '../workflows/provision'; export type A = typeof provision;`],
  ['activities/x.ts', `import { readConfig } from '../config'; export const a = readConfig;`],
  ['activities/x.ts', `import { env } from 'node:process'; export const a = env;`],
  ['client/x.ts', `import { EC2Client } from '@aws-sdk/client-ec2'; export const a = EC2Client;`],
  ['client/x.ts', `import { provision } from '../workflows/provision'; export const a = provision;`],
  ['cli/commands/x.ts', `import { steps } from '../../activities/steps'; export const a = steps;`],
  ['api/x.ts', `import type { steps } from '../activities/steps'; export type A = typeof steps;`],
  ['nexus/x.ts', `import { experiment } from '../workflows/experiment'; export const a = experiment;`],
  ['nexus/x.ts', `import { Worker } from '@temporalio/worker'; export const a = Worker;`],
  ['simulator/x.ts', `import { TAG } from '../contracts/names'; export const a = TAG;`],
  ['simulator/world/x.ts', `import { a } from '../../policy/refusals'; export const b = a;`],
  ['aws/x.ts', `export const a = process.env['HOME'];`],
  ['worker.ts', `export const { env } = process;`],
  ['aws/x.ts', `console.log(1);`],
];

/** The nearest thing to each that is right. */
const ALLOWED: Case[] = [
  ['contracts/x.ts', `import { TAG } from './names'; export const a = TAG;`],
  ['schemas/x.ts', `import { z } from 'zod'; export const a = z;`],
  ['policy/x.ts', `import type { Spec } from '../schemas/experiment'; export type A = Spec;`],
  ['policy/x.ts', `import { type Spec } from '../schemas/experiment'; export type A = Spec;`],
  ['policy/deep/x.ts', `import { a } from '../chain'; import { b } from '../../contracts/names'; export { a, b };`],
  [
    'policy/x.ts',
    `const known = new Set(['a']); export const a = (): number => { let b = known.size; b += 1; return b; };`,
  ],
  ['policy/x.ts', `export const a = (time: string): Date => new Date(time);`],
  ['workflows/x.ts', `import type { steps } from '../activities/steps'; export type A = typeof steps;`],
  ['workflows/x.ts', `import { sleep } from '@temporalio/workflow'; export const a = sleep;`],
  ['aws/x.ts', `import { EC2Client } from '@aws-sdk/client-ec2'; export const a = EC2Client;`],
  ['activities/x.ts', `import type { Compute } from '../aws/ports'; export type A = Compute;`],
  ['activities/x.ts', `import { parseWith } from '../schemas/parse'; export const a = parseWith;`],
  ['nexus/x.ts', `import { service } from 'nexus-rpc'; export const a = service;`],
  ['cli/commands/x.ts', `import { dev } from '../../dev/stack'; console.log(dev);`],
  ['simulator/world/x.ts', `import type { Market } from '../../contracts/capacity'; export type A = Market;`],
  ['dev/x.ts', `import { startSimulator } from '../simulator'; console.log(startSimulator);`],
  ['config.ts', `export const a = process.env;`],
];

/** A new folder has no rules until somebody writes them; dev composes everything and has none. */
const EVERY_FOLDER: Case[] = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'dev')
  .map(({ name }) => [`${name}/x.ts`, `import pad from 'left-pad'; export const a = pad;`]);

describe('the layer rules of the linter', () => {
  const cases = [...REFUSED, ...EVERY_FOLDER, ...ALLOWED];
  let answers: string[][];

  beforeAll(() => {
    const script = resolve(__dirname, 'support/lint-texts.mjs');
    const options = { cwd: ROOT, input: JSON.stringify(cases) };
    answers = JSON.parse(execFileSync(process.execPath, [script], options).toString()) as string[][];
  });

  /** The rules about layers that spoke up. Everything else they say is about a text of one line. */
  const rulesFor = (wanted: Case): string[] =>
    (answers[cases.indexOf(wanted)] ?? ['no answer']).filter(
      (rule) => !/^@typescript-eslint\/(?!no-restricted)/.test(rule),
    );

  it.each([...REFUSED, ...EVERY_FOLDER].map((one) => [...one, one] as const))(
    'refuse in src/%s: %s',
    (_file, _code, one) => {
      expect(rulesFor(one)).toContainEqual(expect.stringMatching(/no-restricted-|no-console/));
    },
  );

  it.each(ALLOWED.map((one) => [...one, one] as const))('allow in src/%s: %s', (_file, _code, one) => {
    expect(rulesFor(one)).toEqual([]);
  });
});
