/** Which files of the documentation are written by a program? Run it with `npx tsx test/docs/reference.ts`. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../../src/api/openapi';
import { certificateSchema } from '../../src/schemas/certificate';
import { fileSchema, jsonSchemaOf } from '../../src/schemas/parse';
import { configurationPage } from './configuration-page';
import { failuresPage } from './failures-page';
import { root } from './markdown';
import { specPage } from './spec-page';

const FILES: Record<string, () => string> = {
  'docs/spec.md': specPage,
  'docs/failures.md': failuresPage,
  'docs/configuration.md': configurationPage,
  'docs/openapi.json': () => JSON.stringify(openApiDocument(), null, 2),
  'examples/certificate.schema.json': () => JSON.stringify(jsonSchemaOf(certificateSchema), null, 2),
  'examples/experiment.schema.json': () => JSON.stringify(fileSchema(), null, 2),
};

/** The command that brings them up to date. */
export const REWRITE = 'npx tsx test/docs/reference.ts';

/** The files by path from the root, as they should be. */
export function referenceFiles(): Record<string, string> {
  return Object.fromEntries(Object.entries(FILES).map(([path, write]) => [path, formatted(path, write())]));
}

/** Prettier is an ES module, which jest does not load into its own context. */
function formatted(path: string, text: string): string {
  const prettier = join(root, 'node_modules/prettier/bin/prettier.cjs');
  return execFileSync(process.execPath, [prettier, '--stdin-filepath', path], { cwd: root, input: text }).toString();
}

if (require.main === module) {
  for (const [path, text] of Object.entries(referenceFiles())) writeFileSync(join(root, path), text);
}
