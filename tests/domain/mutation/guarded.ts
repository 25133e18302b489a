import { readdirSync } from 'node:fs';

/**
 * The areas in which no mutant may survive, with patterns for their files below src/domain. A new file of an area is
 * guarded by its name. A pattern without a file fails the run, so that no area is lost when files move.
 */
const areas: Readonly<Record<string, readonly RegExp[]>> = {
  limits: [
    /\/(usage|decide|organization)-limits\.ts$/,
    /^license\/usage\/usage-guard\.ts$/,
    /^license\/usage\/term-counters\.ts$/,
    /^license\/devices\/decide-devices\.ts$/,
  ],
  expiry: [/^license\/term\/decide-/, /^license\/term\/duration-end\.ts$/, /^license\/issue\/issued-term\.ts$/],
  status: [/^license\/status\.ts$/],
  versions: [/-versions\.ts$/],
  due: [/\/due\.ts$/, /\/due-[^/]+\.ts$/, /^license\/settle\.ts$/, /\/(suspension|entitlement)-ends\.ts$/],
  schedule: [/^license\/scheduled\/(?!scheduled-)/],
};

const domain = 'src/domain';
const files = readdirSync(domain, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'))
  .toSorted();

/** Returns the files of one pattern. Throws when there is none. */
const matching = (area: string, pattern: RegExp): readonly string[] => {
  const matches = files.filter((path) => pattern.test(path));
  if (matches.length === 0)
    throw new Error(`The mutation gate guards ${area}, but ${domain} has no file for ${pattern}.`);
  return matches;
};

/** The guarded files, each once. */
export const guarded: readonly string[] = [
  ...new Set(Object.entries(areas).flatMap(([area, patterns]) => patterns.flatMap((one) => matching(area, one)))),
].map((path) => `${domain}/${path}`);

/** A mutant without observable effect, and why it has none. */
export type Equivalent = {
  readonly file: string;
  readonly original: string;
  readonly replacement: string;
  readonly why: string;
};

const ofLicenses = 'src/domain/license';
const noRenewedTerm = 'Of no starts none has come. The shortcut only saves time.';

/** A listed mutant that does not survive fails the run. */
export const equivalents: readonly Equivalent[] = [
  {
    file: `${ofLicenses}/term/decide-renewal.ts`,
    original: 'expiresAt < previousExpiresAt',
    replacement: 'expiresAt <= previousExpiresAt',
    why: 'A renewal to the present end has been answered before.',
  },
  {
    file: `${ofLicenses}/usage/term-counters.ts`,
    original: 'nextTerms.length > 0',
    replacement: 'true',
    why: noRenewedTerm,
  },
  {
    file: `${ofLicenses}/usage/term-counters.ts`,
    original: 'nextTerms.length > 0',
    replacement: 'nextTerms.length >= 0',
    why: noRenewedTerm,
  },
  {
    file: `${ofLicenses}/usage/term-counters.ts`,
    original: '!isNextTerm && !hasOwn(facts)',
    replacement: 'false',
    why: 'Without periods of their own all counters go on. The shortcut only saves time.',
  },
  ...['true', 'Object.keys(meterPeriods).length >= 0'].map((replacement) => ({
    file: `${ofLicenses}/usage/term-counters.ts`,
    original: 'Object.keys(meterPeriods).length > 0',
    replacement,
    why: 'The same shortcut, never taken.',
  })),
  {
    file: `${ofLicenses}/usage/term-counters.ts`,
    original: 'facts.policy === before.policy && facts.overrides === before.overrides',
    replacement: 'false',
    why: 'The same rules reset the same counters. The shortcut only saves time.',
  },
  {
    file: `${ofLicenses}/scheduled/evolve-scheduled.ts`,
    original: 'eventId === null',
    replacement: 'false',
    why: 'No announced change has the id null, so the filter keeps all of them.',
  },
  {
    file: `${ofLicenses}/validation/app-versions.ts`,
    original: '[]',
    replacement: '["Stryker was here"]',
    why: 'The numbers of a version begin at the second place, which both arrays lack.',
  },
  {
    file: `${ofLicenses}/validation/app-versions.ts`,
    original: 'major === undefined',
    replacement: 'false',
    why: 'Without a number the text is undefined.0.0, which the package reads as no version.',
  },
];
