/** Light and dark, on paper too; nothing is loaded from anywhere. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #5a6370; --paper: #fcfcfb; --panel: #ffffff; --line: #d9dde3; --first: #b3541e; --second: #1f6f8b; --good: #1d7a46; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a3acb8; --paper: #15181c; --panel: #1d2126; --line: #373d45; --first: #f0955a; --second: #5fb8d6; --good: #62c98d; --bad: #f28b82; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
p { max-width: 46rem; } .soft, caption, figcaption { color: var(--soft); }
.verdict { display: inline-block; padding: .1rem .7rem; border-radius: 1rem; border: 2px solid currentColor; font-weight: 600; }
.pass { color: var(--good); } .fail { color: var(--bad); }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; background: var(--panel); margin: .5rem 0 1rem; }
.tall { max-height: 48rem; overflow: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; } caption { text-align: left; padding: .5rem .75rem; }
th, td { text-align: left; padding: .3rem .75rem; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; } th { font-weight: 600; white-space: nowrap; }
td:not(.number) { min-width: 9rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 1rem 0; } .chart { min-height: 320px; background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem; } .pair h3 { font-size: 1rem; margin: 0 0 .25rem; }
svg .node rect { fill: var(--panel); stroke: var(--line); stroke-width: 1.5; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg .soft { fill: var(--soft); font-size: 10px; }
svg .edge { fill: none; stroke: var(--soft); stroke-width: 1; } svg .gone rect { stroke: var(--bad); stroke-dasharray: 5 3; stroke-width: 2; } svg .rewritten rect { stroke: var(--second); stroke-width: 2.5; } svg .new rect { stroke: var(--good); stroke-width: 2.5; }
code { font-size: .9em; overflow-wrap: anywhere; } a:focus-visible, .wide:focus-visible, .tall:focus-visible { outline: 3px solid var(--second); }
@media print { .tall { max-height: none; overflow: visible; } body { max-width: none; } }
`;
