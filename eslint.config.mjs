import tsdoc from 'eslint-plugin-tsdoc';
import tseslint from 'typescript-eslint';

/** Ambient effects that are handed in at a program's composition root instead of being reached for. */
const AMBIENT = [
  { object: 'Date', property: 'now', message: 'Take a Clock (host/clock.ts).' },
  { object: 'Math', property: 'random', message: 'Take a source of randomness.' },
];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'out', '.lab', 'cdktf.out', 'coverage'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { tsdoc },
    rules: {
      'tsdoc/syntax': 'error',
      'no-restricted-properties': ['error', ...AMBIENT],
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:child_process', message: 'Only host/run.ts starts processes.' }] },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  { files: ['host/clock.ts'], rules: { 'no-restricted-properties': 'off' } },
  { files: ['host/run.ts'], rules: { 'no-restricted-imports': 'off' } },
);
