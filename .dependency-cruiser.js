/** The arrows of docs/architecture.md: which file may import which. `npm run lint` checks them. */

/** Each folder of src, and those that it may import. */
const arrows = {
  inversify: ['disposal', 'hooks', 'shared'],
  process: ['disposal', 'hooks', 'shared'],
  report: ['disposal', 'hooks', 'shared'],
  http: ['disposal', 'hooks', 'shared'],
  disposal: ['hooks', 'shared'],
  hooks: ['shared'],
  shared: [],
};

/** What the edges may import of disposal/. It keeps them apart from how a disposal works. */
const publicDisposal = {
  // The records and the two functions that print them; the options; the link to a container.
  process: ['exit-report', 'lifecycle', 'exit-link'],
  report: ['exit-report'],
};

const folders = (names) => `^src/(${names.join('|')})/`;
const doors = '^src/[^/]+[.]ts$';
const inversify = '(^|node_modules/)(inversify|@inversifyjs)(/|$)';

const rules = [
  {
    name: 'no-circles',
    comment: 'Two files that import each other, types included, are one file in two places.',
    from: {},
    to: { circular: true },
  },
  ...Object.entries(arrows).map(([folder, below]) => ({
    name: `arrows-of-${folder}`,
    comment: `${folder}/ imports ${below.length === 0 ? 'no other folder' : below.join(', ')}.`,
    from: { path: folders([folder]) },
    to: { path: '^src/[^/]+/', pathNot: folders([folder, ...below]) },
  })),
  ...Object.entries(publicDisposal).map(([folder, files]) => ({
    name: `public-disposal-for-${folder}`,
    comment: `Of disposal/, ${folder}/ imports ${files.join(', ')} alone.`,
    from: { path: folders([folder]) },
    to: { path: folders(['disposal']), pathNot: `^src/disposal/(${files.join('|')})[.]ts$` },
  })),
  {
    name: 'no-other-folders',
    comment: 'A new folder needs a place among the arrows.',
    from: { path: '^src/' },
    to: { path: '^src/[^/]+/', pathNot: folders(Object.keys(arrows)) },
  },
  {
    name: 'no-import-of-a-door',
    comment: 'Doors are for users. Import the file that has what the door names.',
    from: { path: '^src/' },
    to: { path: doors },
  },
  {
    name: 'only-inversify-imports-inversify',
    comment: "Only one folder has to change when Inversify's packages do.",
    from: { path: '^src/', pathNot: folders(['inversify']) },
    to: { path: inversify },
  },
  {
    name: 'only-process-and-http-import-node',
    comment: 'All else runs in browsers, too.',
    from: { path: '^src/', pathNot: folders(['process', 'http']) },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'no-other-packages',
    comment: 'Who installs this package installs nothing but Inversify with it.',
    from: { path: '^src/' },
    to: { pathNot: ['^src/', inversify], dependencyTypesNot: ['core'] },
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: rules.map((rule) => ({ severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Imports of types count.
    tsPreCompilationDeps: true,
  },
};
