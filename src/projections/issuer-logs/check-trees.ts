import type { PoolClient } from 'pg';
import { noteChecks } from '../../aggregates/note-checks.ts';
import type { EventStore, Recorded } from '../../eventstore/event-store.ts';
import { InvalidProof } from '../../proof/invalid.ts';
import { parseCheckpoint } from '../../proof/notes/checkpoints.ts';
import { parseOrigin } from '../../proof/notes/log-origins.ts';
import { parseNote } from '../../proof/notes/signed-notes.ts';
import type { TreeHead } from '../../proof/tree/merkle-proofs.ts';
import type { NoteReader } from '../../signing/log-notes.ts';
import type { Place } from '../verify/findings.ts';
import { checkTree, type Signed } from './check-tree.ts';
import {
  checkSignatures,
  type PresentLog,
  restartInWords,
  type SignedHead,
  signedHeads,
  WrongCheckpoint,
} from './checkpoint-history.ts';
import { compareCheckpointRows } from './compare-checkpoint-rows.ts';

/** A checkpoint outside the databases. `name`: of its file. `note`: the signed note. */
export type OutsideCopy = { readonly name: string; readonly note: string };

/** A log that is not what was signed, that has other tiles or rows than it makes, or that began again. */
export type LogFinding = {
  readonly code: 'TREE_DIFFERS' | 'LOG_RESTARTED';
  readonly place: Place;
  readonly what: string;
};

type Fault = { readonly revision: bigint | null; readonly what: string };

type Needs = {
  /** In the snapshot of `log_entries`, as ledger_projector. */
  readonly db: PoolClient;
  readonly store: Pick<EventStore, 'read'>;
  /** The commit position of the snapshot. A checkpoint up to there covers entries of the snapshot only. */
  readonly upTo: bigint;
  readonly copies: readonly OutsideCopy[];
};

/** How the name of each stream of checkpoints begins. The id of the issuer follows. */
export const checkpointPrefix = 'checkpoint-';

/**
 * Checks the tree of an issuer: every signature, the roots of all checkpoints and outside copies under the present origin,
 * all tiles, and the rows of checkpoints and keys. The copies may be newer than the snapshot, so the stream is read to its
 * end for them. Returns the first fault of each kind, and each event that began the log again.
 */
export const checkIssuerTree = async (issuerOrgId: string, needs: Needs): Promise<readonly LogFinding[]> => {
  const stream = `${checkpointPrefix}${issuerOrgId}`;
  const reading = { store: needs.store, stream, upTo: needs.upTo };
  const rows = compareCheckpointRows(needs.db, issuerOrgId, needs.upTo);
  return findingsIn(stream, async (noteRestart) => {
    const log = await checkSignatures(reading, async (event) => {
      noteRestart(event);
      await rows.add(event);
    });
    const { trusted, faults: doubts } = sortCopies(needs.copies, log);
    const signed = bySize(trusted, log === null ? [] : signedHeads(reading, log.since));
    const { faults } = await checkTree(needs.db, issuerOrgId, signed);
    const ofRows = await rows.finish();
    return [...doubts.map((what) => ({ revision: null, what })), ...faults, ...(ofRows === null ? [] : [ofRows])];
  });
};

/** Compares outside copies with what the stream has signed, when the read models have no entry to compare them with. */
export const checkCopiesOnly = (
  issuerOrgId: string,
  { store, copies }: Pick<Needs, 'store' | 'copies'>,
): Promise<readonly LogFinding[]> => {
  const stream = `${checkpointPrefix}${issuerOrgId}`;
  return findingsIn(stream, async (noteRestart) => {
    const log = await checkSignatures({ store, stream }, noteRestart);
    const { trusted, faults } = sortCopies(copies, log);
    const larger = trusted.filter(({ mayExceed }) => mayExceed !== true);
    const missing = larger.map(
      ({ what, size }) => `${what} covers ${size} events, and the log has signed ${log?.signedSize}`,
    );
    return [...faults, ...missing].map((what) => ({ revision: null, what }));
  });
};

const findingsIn = async (
  stream: string,
  check: (noteRestart: (event: Recorded) => void) => Promise<readonly Fault[]>,
): Promise<readonly LogFinding[]> => {
  const restarts: LogFinding[] = [];
  const findingAt = (code: LogFinding['code'], revision: bigint | null, what: string): LogFinding => ({
    ...{ code, place: { stream, revision, position: null } },
    what,
  });
  const noteRestart = (event: Recorded): void => {
    if (event.type === 'LogRestarted') restarts.push(findingAt('LOG_RESTARTED', event.revision, restartInWords(event)));
  };
  const faults = await check(noteRestart).catch((error: unknown): readonly Fault[] => {
    if (error instanceof WrongCheckpoint) return [{ revision: error.revision, what: error.message }];
    throw error;
  });
  return [...restarts, ...faults.map(({ revision, what }) => findingAt('TREE_DIFFERS', revision, what))];
};

/**
 * Returns the copies that the log has signed under its present origin, by size. A copy of an earlier origin is only compared
 * with the last tree that the event of the restart names, because the log has other events since.
 */
const sortCopies = (
  copies: readonly OutsideCopy[],
  log: PresentLog | null,
): { readonly trusted: readonly Signed[]; readonly faults: readonly string[] } => {
  const trusted: Signed[] = [];
  const faults: string[] = [];
  for (const { name, note } of copies) {
    try {
      const { origin: named, size, root } = parseCheckpoint(parseNote(note).text);
      parseOrigin(named);
      if (log !== null && noteChecks.isLaterName(log.origin, named)) {
        const doubt = beyondEnd({ size, root }, log.ended.get(named));
        if (doubt !== null) faults.push(`the outside copy ${name} of ${named} ${doubt}`);
      } else if (named !== log?.origin)
        faults.push(`the outside copy ${name} is of ${named}, which this log has not begun`);
      else if (!log.keys.some((read) => isSigned(read, note)))
        faults.push(`no key of the log has signed the outside copy ${name}`);
      else {
        const mayExceed = size <= log.signedSize;
        trusted.push({ size, root, what: `the outside copy ${name}`, revision: null, mayExceed });
      }
    } catch (error) {
      if (!(error instanceof InvalidProof)) throw error;
      faults.push(`the outside copy ${name} is damaged: ${error.message}`);
    }
  }
  return { trusted: trusted.toSorted((one, other) => one.size - other.size), faults };
};

/** Returns how a copy of an earlier origin contradicts the event that ended it, or null. */
const beyondEnd = (
  { size, root }: TreeHead,
  end: { readonly size: number; readonly root: string } | undefined,
): string | null => {
  if (end === undefined || size < end.size) return null;
  if (size > end.size) return `covers ${size} events, and the log began again after ${end.size}`;
  return Buffer.from(root).toString('base64') === end.root ? null : `has another root than the log that began again`;
};

const isSigned = (read: NoteReader, note: string): boolean => {
  try {
    read(note);
    return true;
  } catch (error) {
    if (error instanceof InvalidProof) return false;
    throw error;
  }
};

async function* bySize(
  copies: readonly Signed[],
  heads: AsyncIterable<SignedHead> | readonly SignedHead[],
): AsyncGenerator<Signed> {
  let place = 0;
  for await (const { size, root, revision } of heads) {
    for (; (copies[place]?.size ?? Number.POSITIVE_INFINITY) < size; place++) yield copies[place] as Signed;
    yield { size, root, revision, what: 'the checkpoint' };
  }
  yield* copies.slice(place);
}
