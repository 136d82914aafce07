import { cpSync, mkdtempSync, rmSync, symlinkSync, appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const ROOT = resolve(__dirname, '..');

/** What a workflow may carry: the SDK and what it cannot do without. */
const PACKAGES = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc'];
const FOLDERS = ['contracts', 'policy', 'workflows'];
/** Without its source map. The SDK is 480 KiB of it; zod alone would add 1,050, the AWS SDK 5,000. */
const CEILING_KIB = 1200;

describe('the workflow bundle', () => {
  let copy: string;

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'holdfast-bundle-'));
  });
  afterEach(() => rmSync(copy, { recursive: true, force: true }));

  it('holds the SDK, workflows, policy and contracts, and nothing else', async () => {
    const bundle = await contentsOf(join(ROOT, 'src/workflows/index.ts'));

    expect(bundle.packages).toEqual(PACKAGES);
    expect(bundle.folders).toEqual(FOLDERS);
    expect(bundle.kib).toBeLessThan(CEILING_KIB);
  });

  it('is caught when a file deep in policy imports something heavy', async () => {
    cpSync(join(ROOT, 'src'), join(copy, 'src'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    appendFileSync(join(copy, 'src/policy/chain.ts'), `\nexport { z as planted } from 'zod';\n`);

    const bundle = await contentsOf(join(copy, 'src/workflows/index.ts'));

    expect(bundle.packages).toEqual([...PACKAGES, 'zod']);
    expect(bundle.kib).toBeGreaterThan(CEILING_KIB);
  });
});

async function contentsOf(workflowsPath: string): Promise<{ packages: string[]; folders: string[]; kib: number }> {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  const modules = [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"/gm)].map(([, name = '']) => name);
  const named = (pattern: RegExp): string[] =>
    [...new Set(modules.map((name) => pattern.exec(name)?.[1]))].filter((name) => name !== undefined).sort();
  return {
    packages: named(/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/),
    folders: named(/\/src\/([^/]+)\//),
    kib: Math.round(code.replace(/^\/\/# sourceMappingURL=.*$/m, '').length / 1024),
  };
}
