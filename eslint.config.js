import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * Which folder may import which (docs/architecture.md has the table). A folder not listed for a zone is forbidden
 * to it; `node:` modules are only for the command line and the Node runtime.
 */
const FOLDERS = ['onnx', 'export', 'fold', 'runtime', 'parity', 'files', 'cli'];
const RUNTIME_OF_NODE = ['src/runtime/node.ts', 'src/runtime/node/**'];
const ZONES = [
  { files: ['src/errors.ts', 'src/tensor.ts'], may: [] },
  { files: ['src/onnx/**'], may: ['onnx'] },
  { files: ['src/export/**'], may: ['onnx', 'export'] },
  { files: ['src/fold/**'], may: ['onnx', 'fold'] },
  { files: ['src/runtime/**'], may: ['runtime', 'onnx'] },
  { files: RUNTIME_OF_NODE, may: ['runtime', 'onnx', 'files'], node: RUNTIME_OF_NODE },
  { files: ['src/parity/**'], may: ['runtime', 'onnx', 'parity'] },
  { files: ['src/files/**'], may: ['onnx', 'export', 'files'], node: ['src/files/**'] },
  { files: ['src/index.ts', 'src/web.ts'], may: ['onnx', 'export', 'fold', 'runtime', 'parity'] },
  { files: ['src/wasm.ts'], may: ['runtime'] },
];

const forbidden = ({ may }, nodeAllowed) => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        ...FOLDERS.filter((folder) => !may.includes(folder)).map((folder) => ({
          regex: `^\\.{1,2}/(.*/)?${folder}/`,
          message: `This folder may not import src/${folder} (docs/architecture.md).`,
        })),
        {
          regex: '^(\\.\\./)+(node|index|web)\\.ts$',
          message: 'The platform entries are for users, not for the rooms behind them.',
        },
        ...(nodeAllowed ? [] : [{ regex: '^node:', message: 'The core runs in browsers: no node: modules here.' }]),
      ],
    },
  ],
});

export default tseslint.config(
  { ignores: ['**/dist/', 'src/onnx/proto/onnx.js', 'src/onnx/proto/onnx.d.ts', 'coverage/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // `noUncheckedIndexedAccess` makes every element possibly undefined; inside a proven bound `!` says so.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // JsonObject refers to itself, which Record cannot.
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['examples/**', 'test/runtime/web/fixtures/**'],
    languageOptions: { globals: { document: 'readonly', fetch: 'readonly', self: 'readonly' } },
  },
  ...ZONES.flatMap((zone) => [
    { files: zone.files, ignores: zone.node ?? [], rules: forbidden(zone, false) },
    ...(zone.node ? [{ files: zone.node, rules: forbidden(zone, true) }] : []),
  ]),
);
