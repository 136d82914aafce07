/** Which mistakes does the linter refuse? */
import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { layerRules } from './eslint.layers.mjs';

const environment = { object: 'process', property: 'env', message: 'Only src/config.ts reads the environment.' };

/** A decision that reads clock, chance or the machine cannot be tested, and differs in a replay. */
const impure = [
  ['CallExpression[callee.object.name="Date"][callee.property.name="now"]', 'the clock'],
  ['NewExpression[callee.name="Date"][arguments.length=0]', 'the clock'],
  ['CallExpression[callee.object.name="Math"][callee.property.name="random"]', 'chance'],
].map(([selector, what]) => ({ selector, message: `A decision gets ${what} passed in.` }));

/** Workflows of one worker share their modules (src/workflow-bundle.ts): state of a module would pass between runs. */
const sharedState = ['Program', 'Program > ExportNamedDeclaration'].flatMap((top) =>
  [
    '[kind="let"]',
    ' > VariableDeclarator > NewExpression[callee.name=/^(Weak)?(Map|Set)$/][arguments.length=0]',
    ' > VariableDeclarator > ArrayExpression[elements.length=0]',
    ' > VariableDeclarator > ObjectExpression[properties.length=0]',
  ].map((what) => ({
    selector: `${top} > VariableDeclaration${what}`,
    message: 'Modules are shared by all workflows of a worker and hold no state.',
  })),
);

const dynamicImport = { selector: 'ImportExpression', message: 'A dynamic import goes around the layer rules.' };

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', '.venv/', 'test/replay/histories/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js', '.json'] })],
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // `() => log(line)` as a callback hides nothing.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'import-x/no-cycle': 'error',
      'import-x/no-self-import': 'error',
      // Karpenter's number: above it a function no longer reads as one idea.
      complexity: ['error', 11],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config.ts'],
    rules: { 'no-restricted-properties': ['error', environment] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', 'src/dev/**', 'src/policy/**', 'src/contracts/**'],
    rules: { 'no-restricted-syntax': ['error', dynamicImport] },
  },
  {
    files: ['src/workflows/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', dynamicImport, ...sharedState] },
  },
  {
    files: ['src/policy/**/*.ts', 'src/contracts/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', dynamicImport, ...impure, ...sharedState],
      'no-restricted-globals': [
        'error',
        'process',
        'Buffer',
        'setTimeout',
        'setInterval',
        'fetch',
        'performance',
        'crypto',
      ],
    },
  },
  layerRules(),
  { files: ['src/cli/**/*.ts', 'src/dev/**/*.ts', 'test/bench/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      // expect.any() and expect.stringMatching() are typed any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-require-imports': 'off',
      // Ports are objects of closures; tests pick single members.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { module: 'writable', require: 'readonly', process: 'readonly' } },
  },
  prettier,
);
