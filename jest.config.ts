/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

type Project = Exclude<NonNullable<Config['projects']>[number], string>;

// Projects, since ts-jest keeps to the first of several compiler settings within one.
const project = (displayName: string, tests: string, tsconfig: string): Project => ({
  displayName,
  testEnvironment: 'node',
  testMatch: [tests],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^inversify-onexit$': '<rootDir>/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: { '\\.ts$': ['ts-jest', { useESM: true, tsconfig }] },
});

const config: Config = {
  projects: [
    project('legacy decorators', '<rootDir>/test/*.test.ts', '<rootDir>/tsconfig.json'),
    project(
      'standard decorators',
      '<rootDir>/test/standard-decorators/*.test.ts',
      '<rootDir>/test/standard-decorators/tsconfig.json',
    ),
  ],
  coverageProvider: 'babel',
  collectCoverageFrom: ['src/**/*.ts'],
  coverageThreshold: { global: { branches: 100, functions: 100, lines: 100, statements: 100 } },
  reporters: ['default', '<rootDir>/test/closing-line.js'],
};

export default config;
