import type { Retention } from '../../eventstore/retention.ts';
import { retentionFaults } from '../health/retention-check.ts';
import { counted } from '../output/counted.ts';
import { type Finding, note, ok, todo, unknown } from './finding.ts';

/** What the event store and the checkpoint say. */
export type LogFacts = {
  readonly version: string | null;
  readonly mode: 'embedded' | 'servers';
  /** What threatens our streams. Null: the event store does not let us read that. */
  readonly retention: Retention | null;
  /** Why the read models do not belong to this log. Null: they do. */
  readonly otherPast: string | null;
  /** How far the newest event is ahead of the clock of Postgres. Null: the log is empty, or nobody tells. */
  readonly newestAheadMs: number | null;
  /** Version bounds of licenses that are no versions, with their number. Null: not checked. */
  readonly unreadableBounds: readonly { readonly bound: string; readonly licenses: number }[] | null;
};

/** Checks the event store: version, retention, the checkpoint, times and stored version bounds. */
export const checkLog = (facts: LogFacts): readonly Finding[] => [
  ok('event store', facts.version === null ? 'It answers.' : `It answers like EventStoreDB ${facts.version}.`),
  ...checkRetention(facts),
  facts.otherPast === null
    ? ok('checkpoint', 'The log contains the checkpoint of the read models.')
    : todo('checkpoint', facts.otherPast, 'See "restored" in docs/operations.md.'),
  ...checkNewest(facts),
  ...checkBounds(facts),
];

const checkRetention = ({ mode, retention }: LogFacts): readonly Finding[] => {
  if (mode === 'embedded') return [ok('retention', 'The embedded event store deletes nothing of ours.')];
  if (retention === null)
    return [unknown('retention', 'The login of EVENTSTORE_URL may not read the metadata of streams.')];
  const faults = retentionFaults(retention);
  if (faults.length > 0) return faults.map(({ detail, action }) => todo('retention', detail, action));
  return retention.isComplete
    ? [ok('retention', 'No stream of ours has $maxAge, $maxCount, $tb, $acl or a tombstone.')]
    : [note('retention', 'No limit was read in 10 seconds, and not all was read.', 'Check $all and our streams.')];
};

const aheadMaxMs = 5_000;

const checkNewest = ({ newestAheadMs }: LogFacts): readonly Finding[] => {
  if (newestAheadMs === null) return [];
  if (newestAheadMs <= aheadMaxMs) return [ok('event times', 'The newest event is not in the future.')];
  const seconds = Math.round(newestAheadMs / 1_000);
  return [
    todo(
      'event times',
      `The newest event is ${seconds} seconds in the future.`,
      'Synchronize the clock of the event store (NTP).',
    ),
  ];
};

const checkBounds = ({ unreadableBounds }: LogFacts): readonly Finding[] => {
  if (unreadableBounds === null)
    return [unknown('version bounds', 'Not checked: other read models serve, or they take too long.')];
  if (unreadableBounds.length === 0) return [ok('version bounds', 'Every bound of a license is a version.')];
  return unreadableBounds.map(({ bound, licenses }) =>
    todo(
      'version bounds',
      `${counted(licenses, 'license has', 'licenses have')} the bound "${bound}", which is no version and covers none.`,
      'Use a policy with a readable bound for them.',
    ),
  );
};
