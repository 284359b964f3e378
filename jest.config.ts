/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^inversify-onexit$': '<rootDir>/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '/standard-decorators/.+\\.ts$': [
      'ts-jest',
      { useESM: true, tsconfig: '<rootDir>/test/standard-decorators/tsconfig.json' },
    ],
    '\\.ts$': ['ts-jest', { useESM: true }],
  },
  coverageProvider: 'babel',
  collectCoverageFrom: ['src/**/*.ts'],
  coverageThreshold: { global: { branches: 100, functions: 100, lines: 100, statements: 100 } },
  reporters: ['default', '<rootDir>/test/closing-line.js'],
};

export default config;
