/** Which folder of src may import what? The table of CONTRIBUTING.md, and the lint rules made of it. */

/** Folders of src, by their own name. */
const FOLDERS =
  'contracts|schemas|policy|workflows|aws|activities|results|library|client|nexus|cli|api|simulator|dev'.split('|');

const AWS_SDK = ['@aws-sdk/[^/]+(/.*)?', '@smithy/[^/]+(/.*)?'];
/** process is left out: its environment belongs to src/config.ts. */
const NODE = ['node:(?!process$).+'];
const TEMPORAL_CLIENT = ['@temporalio/client(/lib/helpers)?', '@temporalio/common'];

/**
 * Own files are always allowed. `folders` and `packages` may be imported as values, `types` only with `import type`;
 * everything else not at all. Entries are regular expressions. worker.ts and config.ts stand above and are free.
 */
const LAYERS = {
  contracts: { folders: [], packages: [], types: [] },
  schemas: { folders: ['contracts'], packages: ['zod'], types: [] },
  policy: { folders: ['contracts'], packages: [], types: ['schemas'] },
  workflows: {
    folders: ['policy', 'contracts'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    types: ['activities', 'schemas'],
  },
  aws: { folders: ['contracts', 'policy'], packages: [...AWS_SDK, ...NODE], types: ['schemas'] },
  results: { folders: ['contracts'], packages: NODE, types: ['schemas'] },
  library: { folders: ['contracts'], packages: [...NODE, 'yaml'], types: ['schemas'] },
  activities: {
    folders: ['policy', 'contracts', 'schemas'],
    packages: ['@temporalio/activity', '@temporalio/common', ...NODE],
    types: ['aws/ports', 'results/port'],
  },
  client: { folders: ['schemas', 'contracts'], packages: [...TEMPORAL_CLIENT, ...NODE], types: ['workflows'] },
  nexus: {
    folders: ['client', 'schemas', 'contracts'],
    packages: [...TEMPORAL_CLIENT, ...NODE, '@temporalio/nexus', 'nexus-rpc', 'zod'],
    types: ['workflows'],
  },
  api: {
    folders: ['client', 'schemas', 'contracts'],
    packages: [...TEMPORAL_CLIENT, ...NODE, 'fastify', '@fastify/rate-limit', 'pino', 'zod'],
    types: ['workflows'],
  },
  cli: {
    folders: ['client', 'api', 'library', 'schemas', 'contracts', 'dev', 'config'],
    packages: [...TEMPORAL_CLIENT, ...NODE, 'commander', 'cli-table3', 'yaml'],
    types: ['workflows'],
  },
  simulator: { folders: [], packages: [...AWS_SDK, ...NODE, 'yaml'], types: ['contracts'] },
  dev: { folders: [...FOLDERS, 'config', 'worker'], packages: ['.+'], types: [] },
};

/** A layer's folders may nest this deep: src/simulator/world/x/y.ts. */
const DEPTHS = [1, 2, 3];

/** Config entries for ESLint: one rule per layer and depth, since a relative path means another folder at each. */
export function layerRules() {
  return Object.entries(LAYERS).flatMap(([layer, rules]) =>
    DEPTHS.map((depth) => ({
      files: [`src/${layer}/${'*/'.repeat(depth - 1)}*.ts`],
      rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: patterns(layer, rules, depth) }] },
    })),
  );
}

function patterns(layer, { folders, packages, types }, depth) {
  const up = `(\\.\\./){${String(depth)}}`;
  const inSrc = (names) => names.map((name) => `${up}${name}(/.+)?`);
  const own = ['\\./(?!.*\\.\\./).+', ...(depth === 1 ? [] : [`(\\.\\./){1,${String(depth - 1)}}(?!\\.\\./).+`])];
  const known = [...own, ...inSrc(folders), ...inSrc(types), ...packages];
  const forbidden = {
    regex: `^(?!(${known.join('|')})$)`,
    message: `src/${layer} may not import it: see Layers in CONTRIBUTING.md`,
  };
  const typesOnly = {
    regex: `^(${inSrc(types).join('|')})$`,
    allowTypeImports: true,
    message: `src/${layer} may import types from it, no values: see Layers in CONTRIBUTING.md`,
  };
  return types.length === 0 ? [forbidden] : [forbidden, typesOnly];
}
