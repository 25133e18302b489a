import { escaped, page } from '../pages/shell.ts';
import { advice } from './problem-advice.ts';
import { meanings, type ProblemCode } from './problems.ts';
import { unavailableCauses } from './unavailable-causes.ts';

const searchMax = 100;

/**
 * Returns the page that the `type` of every problem points to: each code with its anchor, its status and what to do. With
 * a search it has only the entries that contain every word of it.
 */
export const problemsPage = (search = ''): string => {
  const words = search.slice(0, searchMax).toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (entry: readonly string[]) => {
    const text = entry.join(' ').toLowerCase();
    return words.every((word) => text.includes(word) || text.replaceAll('_', ' ').includes(word));
  };
  const codes = (Object.keys(meanings) as ProblemCode[])
    .map((code) => [code, String(meanings[code].status), advice[code], meanings[code].title] as const)
    .filter(matches);
  const causes = Object.entries(unavailableCauses).filter(matches);
  return page('Problems', [
    '<h1>Problems</h1>',
    '<p>Every refusal has a code. Branch on it. The detail of an answer says what was wrong with that request.</p>',
    `<form method="get" action="/problems"><label>Search codes, statuses and texts<input type="search" name="q" maxlength="${searchMax}" value="${escaped(search.slice(0, searchMax))}"></label><button>Search</button></form>`,
    ...(words.length === 0
      ? []
      : [`<p>${resultOf(codes.length + causes.length)} <a href="/problems">Show all</a></p>`]),
    ...(codes.length === 0 ? [] : tableOf(['Code', 'Status', 'Meaning and next step'], codes.map(rowOfCode))),
    ...(causes.length === 0
      ? []
      : [
          '<h2>Causes of the status 503</h2>',
          '<p>An answer names one of them in <code>cause</code>, for the operator of the server.</p>',
          ...tableOf(['Cause', 'Meaning'], causes.map(rowOfCause)),
        ]),
    '<p class="soft"><a href="/">License Ledger</a> · <a href="/docs">/docs</a></p>',
  ]);
};

const resultOf = (count: number): string => {
  if (count === 0)
    return 'Nothing contains these words. Search for a code such as EMAIL_TAKEN, or a status such as 409.';
  return count === 1 ? '1 entry contains these words.' : `${count} entries contain these words.`;
};

const rowOfCode = ([code, status, meaning]: readonly [ProblemCode, string, string, string]): string =>
  `<tr id="${code.toLowerCase().replaceAll('_', '-')}"><td><code>${code}</code></td><td>${status}</td><td>${escaped(meaning)}</td></tr>`;

const rowOfCause = ([cause, meaning]: readonly [string, string]): string =>
  `<tr><td><code>${cause}</code></td><td>${escaped(meaning)}</td></tr>`;

const tableOf = (headings: readonly string[], rows: readonly string[]): readonly string[] => [
  `<table><thead><tr>${headings.map((heading) => `<th>${heading}</th>`).join('')}</tr></thead>`,
  `<tbody>${rows.join('')}</tbody></table>`,
];
