import tsdoc from 'eslint-plugin-tsdoc';
import tseslint from 'typescript-eslint';

/** Ambient effects that are handed in at a program's composition root instead of being reached for. */
const AMBIENT = [
  { object: 'Date', property: 'now', message: 'Take a Clock (host/clock.ts).' },
  { object: 'performance', property: 'now', message: 'Take a Clock (host/clock.ts).' },
  { object: 'Math', property: 'random', message: 'Take a source of randomness.' },
];

/** The current time by another spelling. */
const NOW = {
  selector: ':matches(NewExpression, CallExpression)[callee.name="Date"][arguments.length=0]',
  message: 'Take a Clock (host/clock.ts).',
};

/** Code that hides where a name comes from. */
const BARRELS = [
  { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file that says it.' },
  { selector: 'ExportDefaultDeclaration', message: 'Export by name, so that every file calls it the same.' },
];

/** A law that is not checked is not kept. */
const UNCHECKED = {
  selector:
    ':matches(MemberExpression[object.name=/^(describe|it|test)$/][property.name=/^(skip|only|todo|failing)$/], Identifier[name=/^(xit|xtest|xdescribe|fit|fdescribe)$/])',
  message: 'Every test runs, always.',
};

/** What the pure model must not touch: it neither reads, nor waits, nor prints. */
const EFFECTS = [
  'process',
  'console',
  'fetch',
  'crypto',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
].map((name) => ({ name, message: 'mesh/ is pure: have it handed in.' }));

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'out', '.lab', 'cdktf.out', 'coverage'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { tsdoc },
    rules: {
      'tsdoc/syntax': 'error',
      eqeqeq: 'error',
      'no-restricted-properties': ['error', ...AMBIENT],
      'no-restricted-syntax': ['error', NOW, UNCHECKED, ...BARRELS],
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:child_process', 'execa'].map((name) => ({
            name,
            message: 'Only host/run.ts starts processes.',
          })),
        },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['mesh/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-globals': ['error', ...EFFECTS] },
  },
  {
    files: ['host/clock.ts'],
    rules: { 'no-restricted-properties': 'off', 'no-restricted-syntax': ['error', ...BARRELS] },
  },
  { files: ['host/run.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['**/*.mjs'],
    extends: [tseslint.configs.recommended],
    rules: { eqeqeq: 'error' },
  },
);
