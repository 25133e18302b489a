/** The headers of a page: a policy that allows the style sheet and forms of this server, and no script. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
};

/** Returns a text as HTML, also between quotes. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Returns a whole page. `main` is HTML. */
export const page = (title: string, main: readonly string[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
${main.join('\n')}
</main>
</body>
</html>
`;

/** The style sheet of the pages. It has no colors of its own for the parts that a browser already adapts. */
export const styleSheet = `:root {
  color-scheme: light dark;
  --text: #1c2733;
  --soft: #5b6b7b;
  --line: #d5dde5;
  --back: #ffffff;
  --panel: #f3f6f9;
  --link: #0b5cad;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e4eaf0;
    --soft: #9aa9b8;
    --line: #34414e;
    --back: #14191f;
    --panel: #1d252d;
    --link: #7db8f5;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 0.75rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, pre { font: 0.9em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 0.75rem; white-space: pre-wrap; margin: 0.5rem 0; }
dl { margin: 0; border-top: 1px solid var(--line); }
dl > div { display: grid; grid-template-columns: 11rem 1fr; gap: 0.15rem 1rem; padding: 0.55rem 0; border-bottom: 1px solid var(--line); }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
form { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: end; margin: 1rem 0; }
label { flex: 1 1 14rem; font-weight: 600; }
input { display: block; width: 100%; margin-top: 0.25rem; }
input, button { font: inherit; font-weight: 400; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 0.45rem 0.7rem; }
button { cursor: pointer; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 0.6rem 0.5rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; }
tr:target { background: var(--panel); }
@media (max-width: 36rem) {
  dl > div { grid-template-columns: 1fr; }
  table, tbody, tr, td { display: block; }
  th { display: none; }
  td { border: 0; padding: 0.1rem 0; }
  tr { border-bottom: 1px solid var(--line); padding: 0.6rem 0; display: block; }
}
`;
