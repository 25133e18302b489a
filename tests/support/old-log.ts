import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { JsonObject, Recorded } from '../../src/eventstore/event-store.ts';

/** A license of an old log, its key where it is known, and the facts that the old build folded from its stream. */
export type OldLicense = {
  readonly licenseId: string;
  readonly licenseKey: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
};

/** A log that an older build wrote with this secret, in log order. */
export type OldLog = {
  readonly secret: string;
  readonly events: readonly Recorded[];
  readonly licenses: readonly OldLicense[];
  /** The streams that two processes broke. */
  readonly broken: readonly string[];
  /** Licenses: a process whose clock was behind moved their expiry after it had been announced. */
  readonly movedAfterAnnouncement: readonly string[];
};

/** Reads `tests/fixtures/{name}.jsonl.gz`; tests/fixtures/README.md says how it was made. */
export const readOldLog = (name: 'log-20dbbe5' | 'broken-chains-20dbbe5'): OldLog => {
  const file = new URL(`../fixtures/${name}.jsonl.gz`, import.meta.url);
  const [about, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
  const entries = lines.map((line) => entry.parse(JSON.parse(line)));
  const events = entries.flatMap((each) => ('stream' in each ? [each] : []));
  return {
    ...header.parse(JSON.parse(about ?? '')).about,
    licenses: entries.flatMap((each) =>
      'license' in each ? [{ licenseId: each.license, licenseKey: each.licenseKey, facts: each.facts }] : [],
    ),
    events: events.map((event, index) => {
      const commit = BigInt(index + 1) * 100n;
      return { ...event, revision: BigInt(event.revision), position: { commit, prepare: commit } };
    }),
  };
};

const header = z.object({
  about: z.object({
    secret: z.string(),
    broken: z.array(z.string()).default([]),
    movedAfterAnnouncement: z.array(z.string()).default([]),
  }),
});

const json = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));

const entry = z.union([
  z.object({
    license: z.string(),
    licenseKey: z.string().nullable(),
    facts: z.record(z.string(), z.unknown()).default({}),
  }),
  z.object({
    ...{ stream: z.string(), revision: z.int(), id: z.string(), type: z.string() },
    ...{ data: json, metadata: json },
  }),
]);
