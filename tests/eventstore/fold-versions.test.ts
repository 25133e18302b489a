import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  catalogAggregate,
  issuerLogAggregate,
  licenseAggregate,
  organizationAggregate,
  reservationAggregate,
} from '../../src/aggregates/aggregates.ts';
import { foldVersions } from '../../src/aggregates/fold-versions.ts';
import { isRepair } from '../../src/eventstore/chain/repair-event.ts';
import type { Proposed, Recorded } from '../../src/eventstore/event-store.ts';
import type { DomainEvent, Folding } from '../../src/eventstore/folding.ts';
import known from './fold-hashes.json' with { type: 'json' };

/**
 * Returns a file and all of our files that it imports. Outside the domain, an import of a type alone does not count.
 */
const sourcesOf = (path: string, sources: Set<string> = new Set()): ReadonlySet<string> => {
  if (sources.has(path)) return sources;
  sources.add(path);
  for (const [, isType, imported = ''] of readFileSync(path, 'utf8').matchAll(
    /^import (type )?[^;]*from '(\.[^']+)'/gm,
  ))
    if (isType === undefined || path.startsWith('src/domain/')) sourcesOf(join(dirname(path), imported), sources);
  return sources;
};

/** Returns a hash of the files without comments and layout, which do not change the outcome. */
const sourceHash = (paths: readonly string[]): string => {
  const files = new Set(paths.flatMap((path) => [...sourcesOf(path)]));
  const texts = [...files].sort().map((path) => {
    const text = readFileSync(path, 'utf8');
    return `${path} ${text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').replaceAll(/\s+/g, ' ')}`;
  });
  return hash(texts.join('\n'));
};

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

const corpus = readdirSync(new URL('corpus/', import.meta.url)).map((file): Recorded => {
  const path = new URL(`corpus/${file}`, import.meta.url);
  const stored: Proposed & { stream: string; revision: number } = JSON.parse(readFileSync(path, 'utf8'));
  return { ...stored, revision: BigInt(stored.revision), position: { commit: 0n, prepare: 0n } };
});

/** Folds the first event of a stream and twice all stored examples of its kind. Returns a hash of all states. */
const outcomeHash = <Event extends DomainEvent, State>(
  { decider, decode }: Folding<Event, State>,
  kind: string,
): string => {
  const events = corpus.filter(({ stream }) => stream.startsWith(`${kind}-`));
  const first = events.filter(({ type }) =>
    /^(LicenseIssued|OrganizationCreated|CatalogOpened|LogStarted)$/.test(type),
  );
  let state = decider.initial();
  const states = [...first, ...events, ...events].map((recorded) => {
    const { event, at } = decode(recorded);
    if (!isRepair(event)) state = decider.evolve(state, event, at);
    return JSON.stringify(state, (_, value) => (isCollection(value) ? [...value] : value));
  });
  expect(states.length).toBeGreaterThan(2);
  return hash(states.join('\n'));
};

const isCollection = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Symbol.iterator in value;

test('A changed fold needs a new version, so that no snapshot of the old fold is used', () => {
  // The form of snapshots, and the part of an event that is read besides its data.
  const format = ['src/eventstore/snapshots/snapshot-body.ts', 'src/eventstore/envelope.ts'];
  const folds = {
    [foldVersions.license]: {
      source: sourceHash(['src/domain/license/evolve.ts', 'src/aggregates/codec-license.ts', ...format]),
      outcome: outcomeHash(licenseAggregate, 'license'),
    },
    [foldVersions.organization]: {
      source: sourceHash([
        'src/domain/organization/evolve-organization.ts',
        'src/aggregates/codec-organization.ts',
        ...format,
      ]),
      outcome: outcomeHash(organizationAggregate, 'organization'),
    },
    [foldVersions.catalog]: {
      source: sourceHash(['src/domain/catalog/catalog.ts', 'src/aggregates/codec-catalog.ts', ...format]),
      outcome: outcomeHash(catalogAggregate, 'catalog'),
    },
    [foldVersions.reservation]: {
      source: sourceHash(['src/domain/reservation/reservation.ts', 'src/aggregates/codec-reservation.ts', ...format]),
      outcome: outcomeHash(reservationAggregate, 'reservation'),
    },
    [foldVersions.issuerLog]: {
      source: sourceHash(['src/domain/issuer-log/issuer-log.ts', 'src/aggregates/codec-issuer-log.ts', ...format]),
      outcome: outcomeHash(issuerLogAggregate, 'checkpoint'),
    },
  };
  const advice =
    'A fold has changed. Where the same events may fold to another state, or the state has another shape, raise its version in ' +
    `src/aggregates/fold-versions.ts. Then write this into tests/eventstore/fold-hashes.json:\n${JSON.stringify(folds, null, 2)}`;
  expect(folds, advice).toEqual(known);
});
