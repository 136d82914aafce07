/** Tests run from TypeScript through swc; nothing is type-checked here (that is `npm run types`). */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }] },
  extensionsToTreatAsEsm: [],
  moduleFileExtensions: ['ts', 'js', 'json'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // A Temporal server, a bundle and a worker start inside some tests on two cores.
  testTimeout: 60000,
  // Most tests wait for a server, a machine or a clock, so two cores carry three of them.
  maxWorkers: 3,
};
