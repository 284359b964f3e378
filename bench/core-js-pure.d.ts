// It has no types of its own.
declare module 'core-js-pure/actual/async-disposable-stack/index.js' {
  const Polyfill: typeof AsyncDisposableStack;
  export default Polyfill;
}
