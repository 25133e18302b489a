import type { PoolClient } from 'pg';
import { noteChecks } from '../../aggregates/note-checks.ts';
import type { EventStore } from '../../eventstore/event-store.ts';
import { InvalidProof } from '../../proof/invalid.ts';
import { parseCheckpoint } from '../../proof/notes/checkpoints.ts';
import { parseOrigin } from '../../proof/notes/log-origins.ts';
import { parseNote } from '../../proof/notes/signed-notes.ts';
import type { NoteReader } from '../../signing/log-notes.ts';
import type { Place } from '../verify/findings.ts';
import { checkTree, type Signed } from './check-tree.ts';
import {
  checkSignatures,
  type PresentLog,
  type SignedHead,
  signedHeads,
  WrongCheckpoint,
} from './checkpoint-history.ts';

/** A checkpoint outside the databases. `name`: of its file. `note`: the signed note. */
export type OutsideCopy = { readonly name: string; readonly note: string };

/** A log of an issuer that is not what was signed, or whose tiles are not what it makes. */
export type LogFault = { readonly place: Place; readonly what: string };

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
 * and all tiles. The copies may be newer than the snapshot, so the stream is read to its end for them. Returns the first
 * fault of each kind.
 */
export const checkIssuerTree = async (issuerOrgId: string, needs: Needs): Promise<readonly LogFault[]> => {
  const stream = `${checkpointPrefix}${issuerOrgId}`;
  const reading = { store: needs.store, stream, upTo: needs.upTo };
  return faultsIn(stream, async () => {
    const log = await checkSignatures(reading);
    const { trusted, faults: doubts } = sortCopies(needs.copies, log);
    const signed = bySize(trusted, log === null ? [] : signedHeads(reading, log.since));
    const { faults } = await checkTree(needs.db, issuerOrgId, signed);
    return [...doubts.map((what) => ({ revision: null, what })), ...faults];
  });
};

/** Compares outside copies with what the stream has signed, when the read models have no entry to compare them with. */
export const checkCopiesOnly = (
  issuerOrgId: string,
  { store, copies }: Pick<Needs, 'store' | 'copies'>,
): Promise<readonly LogFault[]> => {
  const stream = `${checkpointPrefix}${issuerOrgId}`;
  return faultsIn(stream, async () => {
    const log = await checkSignatures({ store, stream });
    const { trusted, faults } = sortCopies(copies, log);
    const larger = trusted.filter(({ mayExceed }) => mayExceed !== true);
    const missing = larger.map(
      ({ what, size }) => `${what} covers ${size} events, and the log has signed ${log?.signedSize}`,
    );
    return [...faults, ...missing].map((what) => ({ revision: null, what }));
  });
};

const faultsIn = async (
  stream: string,
  check: () => Promise<readonly { readonly revision: bigint | null; readonly what: string }[]>,
): Promise<readonly LogFault[]> => {
  const faultAt = (revision: bigint | null, what: string): LogFault => ({
    place: { stream, revision, position: null },
    what,
  });
  try {
    return (await check()).map(({ revision, what }) => faultAt(revision, what));
  } catch (error) {
    if (error instanceof WrongCheckpoint) return [faultAt(error.revision, error.message)];
    throw error;
  }
};

/** Returns the copies that the log has signed under its present origin, by size. Copies of earlier origins are left out. */
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
      if (log !== null && noteChecks.isLaterName(log.origin, named)) continue;
      if (named !== log?.origin) faults.push(`the outside copy ${name} is of ${named}, which this log has not begun`);
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
