/**
 * Transforms the process door for jest, so that what is run of it here is counted as what programs of
 * `test/fixtures` run of it is: by the lines of the sources, which two ways of counting would not share.
 */
import { createInstrumenter } from 'istanbul-lib-instrument';
import tsJest from 'ts-jest';

export function instrument(source, file) {
  const instrumenter = createInstrumenter({ esModules: true, parserPlugins: ['typescript'] });
  return instrumenter.instrumentSync(source, file);
}

export default {
  createTransformer(options) {
    const transformer = tsJest.default.createTransformer(options);
    return {
      canInstrument: true,
      getCacheKey: (source, file, transform) =>
        transformer.getCacheKey(instrument(source, file), file, transform),
      process: (source, file, transform) =>
        transformer.process(instrument(source, file), file, transform),
    };
  },
};
