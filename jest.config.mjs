/**
 * Unit tests stand beside their code; whatever needs namespaces is in test/e2e and runs one file at a time; what boots a Debian
 * is in test/boot.
 */
const common = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  testEnvironment: 'node',
  injectGlobals: false,
  restoreMocks: true,
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.lab', '<rootDir>/out', '<rootDir>/cdktf.out'],
};

export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/e2e/', '<rootDir>/test/boot/'],
    },
    { ...common, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
    { ...common, displayName: 'boot', testMatch: ['<rootDir>/test/boot/**/*.test.ts'] },
  ],
};
