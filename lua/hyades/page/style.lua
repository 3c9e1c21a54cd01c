--- How a page looks: wide and narrow, light and dark, on paper.
return [[
:root { color-scheme: light dark; --text: #1c2024; --soft: #62686f; --paper: #ffffff;
  --box: #f4f5f7; --line: #d9dce0; --link: #0a58b0; --bad: #b3261e; --bad-box: #fdf0ef;
  --keyword: #8a2a93; --string: #14714a; --number: #9a4a00; --comment: #6a737c; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e6e9; --soft: #9ba2aa; --paper: #15171a;
  --box: #1f2226; --line: #363b41; --link: #79b4ff; --bad: #ff8a80; --bad-box: #2d1b1a;
  --keyword: #d9a0e2; --string: #86d1a8; --number: #efb27a; --comment: #8d959e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--text);
  font: 1rem/1.6 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1, h2, h3, h4 { line-height: 1.25; margin: 2.2em 0 0.6em; }
h1 { font-size: 1.9rem; }
main > h1:first-child { margin-top: 0.4em; }
h2 { font-size: 1.4rem; }
h3 { font-size: 1.15rem; }
p, ul, ol { margin: 0.7em 0; max-width: 48rem; }
a { color: var(--link); }
blockquote { margin: 1em 0; padding-left: 1em; border-left: 3px solid var(--line);
  color: var(--soft); }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.86em; }
:not(pre) > code { background: var(--box); border-radius: 4px; padding: 0.12em 0.35em; }
pre { margin: 0; line-height: 1.5; overflow-x: auto; tab-size: 8; }
pre code { font-size: 1em; }
.plain { white-space: pre-wrap; }
.code, main > pre { background: var(--box); border-radius: 6px; padding: 0.8em 1em;
  margin: 1em 0 0.4em; }
.output { border-left: 3px solid var(--line); padding: 0.25em 0 0.25em 0.9em; margin: 0.4em 0; }
.error { border-left-color: var(--bad); background: var(--bad-box); }
.error pre { color: var(--bad); white-space: pre-wrap; }
.time { color: var(--soft); font-size: 0.75rem; text-align: right; margin: 0.1em 0 1em; }
.unrun { opacity: 0.55; }
figure { margin: 1.2em 0; }
figure img, p img { display: block; max-width: 100%; height: auto; background: #fff;
  border-radius: 6px; }
figcaption, caption { color: var(--soft); font-size: 0.85rem; text-align: left;
  margin-top: 0.4em; caption-side: bottom; }
.wide { overflow-x: auto; margin: 1em 0; }
figure.wide img { max-width: max(100%, 44rem); }
table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3em 0.9em 0.3em 0; border-bottom: 1px solid var(--line); text-align: left;
  white-space: nowrap; }
th { border-bottom: 2px solid var(--line); }
.number, [align="right"] { text-align: right; }
[align="center"] { text-align: center; }
details > summary { cursor: pointer; color: var(--soft); font-size: 0.85rem; }
footer { margin-top: 3em; padding-top: 0.8em; border-top: 1px solid var(--line);
  color: var(--soft); font-size: 0.8rem; }
.keyword { color: var(--keyword); } .string { color: var(--string); }
.literal { color: var(--number); } .comment { color: var(--comment); font-style: italic; }
@media (min-width: 40rem) { :not(pre) > code { white-space: nowrap; } }
@media (max-width: 40rem) { main { padding: 1rem 0.9rem 3rem; } h1 { font-size: 1.5rem; }
  pre { font-size: 0.78rem; } }
@media print { :root { color-scheme: light; --text: #000; --soft: #444; --paper: #fff;
    --box: #f4f5f7; --line: #bbb; --keyword: #8a2a93; --string: #14714a; --number: #9a4a00;
    --comment: #555; --bad: #b3261e; --bad-box: #fff; }
  main { max-width: none; padding: 0; }
  pre { white-space: pre-wrap; overflow: visible; font-size: 0.66rem; }
  figure, .code { break-inside: avoid; } h1, h2, h3 { break-after: avoid; }
  summary { display: none; } details::details-content { content-visibility: visible; height: auto; }
  .time { display: none; } .wide { overflow: visible; } figure.wide img { max-width: 100%; }
  td, th { white-space: normal; } }
]]
