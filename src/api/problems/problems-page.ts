import { advice } from './problem-advice.ts';
import { meanings, type ProblemCode } from './problems.ts';
import { unavailableCauses } from './unavailable-causes.ts';

/**
 * Returns the page that the `type` of every problem points to: each code with its anchor, its status and what to do.
 */
export const problemsPage = (): string => {
  const codes = Object.keys(meanings) as ProblemCode[];
  const rows = codes.map(
    (code) =>
      `<tr id="${code.toLowerCase().replaceAll('_', '-')}"><td><code>${code}</code></td><td>${meanings[code].status}</td><td>${advice[code]}</td></tr>`,
  );
  const causes = Object.entries(unavailableCauses).map(
    ([cause, meaning]) => `<tr><td><code>${cause}</code></td><td>${meaning}</td></tr>`,
  );
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Problems</title><h1>Problems</h1>',
    '<p>Every refusal has a code. Branch on it. The detail of an answer says what was wrong with that request.</p>',
    `<table><tr><th>Code</th><th>Status</th><th>What it means, what to do</th></tr>${rows.join('')}</table>`,
    '<h2>Causes of the status 503</h2><p>An answer names one of them in <code>cause</code>, for the operator of the server.</p>',
    `<table><tr><th>Cause</th><th>What it means</th></tr>${causes.join('')}</table></html>`,
  ].join('\n');
};
