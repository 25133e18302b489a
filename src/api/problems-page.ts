import { meanings } from './problems.ts';

/** The page that the `type` of every problem points to: each code under its own anchor, with its status and meaning. */
export const problemsPage = (): string => {
  const rows = Object.entries(meanings).map(
    ([code, { status, title }]) =>
      `<tr id="${code.toLowerCase().replaceAll('_', '-')}"><td><code>${code}</code></td><td>${status}</td><td>${title}</td></tr>`,
  );
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Problems</title><h1>Problems</h1>',
    '<p>Every refusal has a code. Branch on it; the detail of an answer says what was wrong with that request.</p>',
    `<table><tr><th>Code</th><th>Status</th><th>Meaning</th></tr>${rows.join('')}</table></html>`,
  ].join('\n');
};
