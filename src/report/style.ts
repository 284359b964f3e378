/**
 * The style of the SVG. Every rule is limited to its class, so that it does not change a page that embeds
 * the SVG. There are no variables, which some viewers do not support. Text has a contrast of at least
 * 4.5 : 1 to its ground, a bar of 3 : 1.
 */
const light = {
  ground: '#fff',
  grid: '#e4e8ec',
  text: '#1f2328',
  muted: '#59636e',
  done: '#3f7cb8',
  failed: '#c62828',
  'timed-out': '#985d00',
  'not-awaited': '#6b5aa8',
};

const dark: typeof light = {
  ground: '#0f1419',
  grid: '#262d35',
  text: '#e6eaee',
  muted: '#98a2ad',
  done: '#5b9bd8',
  failed: '#ff7b72',
  'timed-out': '#dfa03c',
  'not-awaited': '#b3a2ee',
};

const colours = (scheme: typeof light): string => `
.exit-timeline .ground { fill: ${scheme.ground}; }
.exit-timeline .grid { stroke: ${scheme.grid}; }
.exit-timeline text { fill: ${scheme.text}; }
.exit-timeline .muted { fill: ${scheme.muted}; }
.exit-timeline .done .bar { fill: ${scheme.done}; }
.exit-timeline .failed .bar, .exit-timeline .failed .mark { fill: ${scheme.failed}; }
.exit-timeline .timed-out .bar, .exit-timeline .timed-out .mark { fill: ${scheme['timed-out']}; }
.exit-timeline .not-awaited .bar, .exit-timeline .not-awaited .mark { fill: ${scheme['not-awaited']}; }
`;

export const style = `
.exit-timeline { max-width: 100%; height: auto; }
.exit-timeline text { font: 12.5px ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace; }
.exit-timeline .title { font: 600 17px system-ui, sans-serif; }
.exit-timeline .summary { font: 13px system-ui, sans-serif; }
.exit-timeline .tick { font: 11px system-ui, sans-serif; text-anchor: middle; }
.exit-timeline .child, .exit-timeline .duration { text-anchor: end; }
.exit-timeline .mark { font-weight: 700; }
.exit-timeline .row { fill: none; pointer-events: all; }
${colours(light)}
@media (prefers-color-scheme: dark) {${colours(dark)}}
`;
