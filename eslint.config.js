// The style of the house as far as a machine can judge it. https://eslint.org/docs/latest/use/configure
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Files that are mostly one literal table, which may be longer than a file of code. */
const TABLES = ['src/demo/tables/**/*.ts'];

/** No default export: a thing has one name everywhere. */
const NAMED_EXPORTS = {
  'no-restricted-syntax': [
    'error',
    { selector: 'ExportDefaultDeclaration', message: 'Use a named export.' },
    { selector: 'TSEnumDeclaration', message: 'Node strips types only: use a union of literals.' },
    { selector: 'TSParameterProperty', message: 'Node strips types only: declare and assign the field.' },
  ],
};

/** What scripts of pages find in a browser. */
const BROWSER = Object.fromEntries(
  [
    ['window', 'document', 'navigator', 'location', 'history', 'sessionStorage', 'localStorage'],
    ['fetch', 'URL', 'URLSearchParams', 'FormData', 'AbortController', 'DOMParser', 'HTMLElement'],
    [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'console',
      'FHIR',
      'crypto',
      'btoa',
      'atob',
    ],
  ]
    .flat()
    .map((name) => [name, 'readonly']),
);

/** `_` stands for what a signature forces on a function that does not need it. */
const UNUSED = { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' };

export default defineConfig(
  { ignores: ['node_modules/', '.runtime/', '.cache/', 'data/', 'coverage/', 'profiles/'] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      'no-console': 'off',
      'no-param-reassign': 'error',
    },
  },
  {
    files: ['src/web/assets/**/*.js', 'smart-apps/**/*.js'],
    languageOptions: { globals: BROWSER },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        clearTimeout: 'readonly',
        fetch: 'readonly',
        URL: 'readonly',
        AbortSignal: 'readonly',
        performance: 'readonly',
      },
    },
  },
  {
    files: ['smart-apps/**/*.js', 'smart-apps/**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'window',
          'document',
          'location',
          'history',
          'sessionStorage',
          'crypto',
          'btoa',
          'TextEncoder',
          'URLSearchParams',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylistic],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      ...NAMED_EXPORTS,
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['warn', { max: 60, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/no-unused-vars': ['error', UNUSED],
      // Indexing gives `| undefined` (noUncheckedIndexedAccess): `!` says that the index was just checked.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A default covers what is not named; without one every case must be.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // JSON values are printed in messages after their shape was looked at.
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: TABLES, rules: { 'max-lines': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A describe holds its cases; a case asserts on what the program answers, which is JSON of any shape.
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
);
