/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

type Project = Exclude<NonNullable<Config['projects']>[number], string>;

// `npm test` sets it, and is to be run after every change: it leaves out what takes long.
const isShort = process.env.TEST_SHORT !== undefined;
const slow = '**/{always-ends,consumers,deep,demo,kits/*,*property,leaks}.test.ts';

// Projects, since ts-jest keeps to the first of several compiler settings within one.
const project = (
  displayName: string,
  tests: string,
  { inversify = 'inversify', tsconfig = '<rootDir>/tsconfig.json' } = {},
): Project => ({
  displayName,
  testEnvironment: 'node',
  testMatch: [`<rootDir>/test/${tests}.test.ts`, ...(isShort ? [`!${slow}`] : [])],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^inversify$': inversify,
    '^inversify-onexit$': '<rootDir>/src/index.ts',
    '^inversify-onexit/process$': '<rootDir>/src/process.ts',
    '^inversify-onexit/report$': '<rootDir>/src/report.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    ...(process.env.TEST_COVERAGE === undefined
      ? {}
      : {
          '/src/process(/[^/]+)?\\.ts$': [
            '<rootDir>/test/support/instrumenting.js',
            { useESM: true, tsconfig },
          ],
        }),
    '\\.ts$': ['ts-jest', { useESM: true, tsconfig }],
  },
});

const promises = '{hooks,disposal,inversify,kits}/*';

const config: Config = {
  projects: [
    project('package', '{*,report/*,shared/*}'),
    project('inversify 8.2.3', promises),
    project('standard decorators', 'standard-decorators/*', {
      tsconfig: '<rootDir>/test/standard-decorators/tsconfig.json',
    }),
    ...(isShort
      ? []
      : [
          project('inversify 8.0.0', promises, { inversify: 'inversify-8.0' }),
          project('inversify 7.11.0', promises, { inversify: 'inversify-7' }),
          project('process', 'process/*'),
        ]),
    // Only for the scripts of these names: the others need nothing but npm.
    ...(process.env.TEST_BROWSER === undefined
      ? []
      : [
          project('browser', 'browser/*', {
            tsconfig: '<rootDir>/test/browser/tsconfig.json',
          }),
        ]),
    ...(process.env.TEST_TERMINAL === undefined ? [] : [project('terminal', 'terminal/*')]),
    ...(process.env.TEST_RUNTIMES === undefined ? [] : [project('runtimes', 'runtimes/*')]),
  ],
  // Some tests start a process, on machines that may be busy.
  testTimeout: 60_000,
  coverageProvider: 'babel',
  collectCoverageFrom: ['src/**/*.ts'],
  coverageThreshold: { global: { branches: 100, functions: 100, lines: 100, statements: 100 } },
  reporters: ['default', '<rootDir>/test/closing-line.js'],
};

export default config;
