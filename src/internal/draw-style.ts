/**
 * How the SVG looks. Every rule is within its class, so that it leaves a page alone that it is put
 * into. Text has at least 4.5 times the contrast of its ground, bars three times.
 */
const light = `.exit-timeline {
  --ground: #fff; --ink: #1f2328; --muted: #59636e; --grid: #e4e8ec;
  --done: #3f7cb8; --failed: #c62828; --timed-out: #985d00; --not-awaited: #6b5aa8;
}`;
const dark = `@media (prefers-color-scheme: dark) { .exit-timeline {
  --ground: #0f1419; --ink: #e6eaee; --muted: #98a2ad; --grid: #262d35;
  --done: #5b9bd8; --failed: #ff7b72; --timed-out: #dfa03c; --not-awaited: #b3a2ee;
} }`;

export const style = `
${light}
${dark}
.exit-timeline { max-width: 100%; height: auto; }
.exit-timeline .ground { fill: var(--ground); }
.exit-timeline text {
  fill: var(--ink);
  font: 12.5px ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace;
}
.exit-timeline .title { font: 600 17px system-ui, sans-serif; }
.exit-timeline .muted { font: 13px system-ui, sans-serif; }
.exit-timeline .tick { font: 11px system-ui, sans-serif; text-anchor: middle; }
.exit-timeline .muted, .exit-timeline .tick, .exit-timeline .child, .exit-timeline .duration { fill: var(--muted); }
.exit-timeline .child, .exit-timeline .duration { text-anchor: end; }
.exit-timeline .grid { stroke: var(--grid); }
.exit-timeline .row { fill: none; pointer-events: all; }
.exit-timeline .bar { fill: var(--done); }
.exit-timeline .failed > .bar, .exit-timeline .failed > .mark { fill: var(--failed); }
.exit-timeline .timed-out > .bar, .exit-timeline .timed-out > .mark { fill: var(--timed-out); }
.exit-timeline .not-awaited > .bar, .exit-timeline .not-awaited > .mark { fill: var(--not-awaited); }
.exit-timeline .mark { font-weight: 700; }
`;
