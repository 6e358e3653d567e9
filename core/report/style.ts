/** Of the report: system fonts, the reader's light or dark, one column where it is narrow. */
export const style = `
:root {
	--text: #1d2129; --soft: #5a6270; --back: #fff; --card: #f5f6f8; --line: #d9dde3; --accent: #2f6fdd;
	--good: #1a7f4b; --late: #a15c00; --failed: #b3261e; --unknown: #5a6270;
}
@media (prefers-color-scheme: dark) {
	:root {
		--text: #e7e9ee; --soft: #a3acba; --back: #14171c; --card: #1d2129; --line: #343b46; --accent: #7aa7f7;
		--good: #5ec98f; --late: #f0b35a; --failed: #f28b82; --unknown: #a3acba;
	}
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; color: var(--text); background: var(--back);
	font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0.5rem 0 0; }
h2 { font-size: 1.15rem; margin: 0 0 0.5rem; }
header p, caption, figcaption, .tick { color: var(--soft); fill: var(--soft); }
section { background: var(--card); border-radius: 8px; padding: 1rem; margin: 1rem 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
caption { text-align: left; padding: 0.5rem 0; }
th, td { text-align: left; padding: 0.4rem 0.8rem 0.4rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
	overflow-wrap: normal; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.badge { font-size: 0.85rem; font-weight: 600; border: 1px solid; border-radius: 1rem; padding: 0.05rem 0.6rem;
	white-space: nowrap; }
.badge.good { color: var(--good); }
.badge.late, .badge.shrunk { color: var(--late); }
.badge.failed { color: var(--failed); }
.badge.unknown { color: var(--unknown); }
.problem { border-left: 3px solid var(--failed); padding-left: 0.6rem; margin: 0.5rem 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem; }
figure { margin: 0; }
figcaption { font-size: 0.9rem; }
svg { width: 100%; height: auto; }
.tick { font-size: 11px; }
.grid { stroke: var(--line); }
.line { fill: none; stroke: var(--accent); stroke-width: 2; }
.area { fill: var(--accent); opacity: 0.15; }
.point { fill: var(--accent); }
@media (max-width: 40rem) { td, th { white-space: nowrap; } }
details { margin-top: 0.75rem; }
summary { cursor: pointer; }
`;
