import { encodeId } from '../domain/ids.ts';
import { mustBe } from './invalid.ts';
import { type Leaf, leafBytes, parseLeaf } from './leaf.ts';
import { type Checkpoint, openCheckpoint } from './notes/checkpoints.ts';
import type { Signer } from './notes/signed-notes.ts';
import { parseTlogProof } from './notes/tlog-proofs.ts';
import { formatVerifierKey, type VerifierKey } from './notes/verifier-keys.ts';
import { parseWitnessRequest } from './notes/witness-requests.ts';
import { leafOfStoredEvent } from './stored-event.ts';
import { fileLengthMax } from './text/bytes.ts';
import { parseObject } from './text/strict-json.ts';
import { leafHash } from './tree/merkle-hashes.ts';
import { verifyConsistency, verifyInclusion } from './tree/merkle-proofs.ts';

/** What a check proved and what it cannot prove, in sentences for a person. */
export type Report = { readonly proved: readonly string[]; readonly notProved: readonly string[] };

/**
 * Keys that the reader trusts: of logs, with the kind LOG, and of witnesses, with the kind WITNESS. Every named witness
 * must have cosigned.
 */
export type TrustedKeys = { readonly logs: readonly VerifierKey[]; readonly witnesses: readonly VerifierKey[] };

/**
 * Checks the text of a `.tlog-proof` for an event, as its leaf or in its stored form. Throws InvalidProof, which names
 * the first wrong thing.
 */
export const reportOnInclusion = (proofText: string, eventText: string, keys: TrustedKeys): Report => {
  checkLengths(proofText, eventText);
  const { index, proof, checkpoint: note } = parseTlogProof(proofText);
  const checkpoint = openTrusted(note, keys);
  const { leaf, hasContent } = readEvent(eventText.replace(/\n$/, ''));
  verifyInclusion({ index, hash: leafHash(leafBytes(leaf)) }, proof, checkpoint);
  return {
    proved: [
      ...signaturesProved(checkpoint),
      `The log contains the event ${encodeId('evt', leaf.id)} (${leaf.id}) as number ${index}, counted from 0.`,
      `Its leaf names revision ${leaf.revision} of the stream ${leaf.stream}, and the time ${leaf.recordedAt}.`,
      ...(hasContent ? ['Type, data and metadata of the event are those that the log contains by their hash.'] : []),
    ],
    notProved: [
      ...(hasContent
        ? []
        : ['The content of the event: the leaf has only its hash. Give the event in its stored form.']),
      'The time, and that what the event says is true: both are what the ledger claims.',
      'That no other event of this log has the same revision of the stream: a reader of all leaves sees that.',
      ...limits(checkpoint),
    ],
  };
};

/**
 * Checks that an older checkpoint is of the beginning of the log of a newer one. `consistencyText`: the old size, the
 * consistency proof and the newer checkpoint. Throws InvalidProof, which names the first wrong thing.
 */
export const reportOnConsistency = (olderNote: string, consistencyText: string, keys: TrustedKeys): Report => {
  checkLengths(olderNote, consistencyText);
  // A witness has seen the newer checkpoint; the older one is what the reader already has.
  const older = openCheckpoint(olderNote, keys.logs);
  const { oldSize, proof, checkpoint: note } = parseWitnessRequest(consistencyText);
  const newer = openTrusted(note, keys);
  mustBe(older.origin === newer.origin, `The checkpoints are of two logs, ${older.origin} and ${newer.origin}.`);
  mustBe(oldSize === older.size, `The proof starts at ${oldSize} events, and the older checkpoint has ${older.size}.`);
  verifyConsistency(older, newer, proof);
  return {
    proved: [
      `The log ${older.origin} signed the older checkpoint, of ${older.size} events.`,
      ...signaturesProved(newer),
      `The first ${older.size} events of the newer checkpoint are those of the older one, unchanged and in the same order.`,
    ],
    notProved: ['The content of any event: this needs a proof of the event.', ...limits(newer)],
  };
};

/** A checkpoint with the trusted keys that signed it. */
export type Opened = Checkpoint & { readonly signers: readonly Signer[] };

/**
 * Returns the checkpoint of a note that a trusted key of its log and every named witness signed. Throws InvalidProof
 * otherwise.
 */
export const openTrusted = (note: string, { logs, witnesses }: TrustedKeys): Opened => {
  mustBe(
    logs.every(({ kind }) => kind === 'LOG') && witnesses.every(({ kind }) => kind === 'WITNESS'),
    'Give keys of logs as logs, and keys of witnesses as witnesses.',
  );
  // The same key twice is not two witnesses.
  const distinct = [...new Map(witnesses.map((witness) => [formatVerifierKey(witness), witness])).values()];
  const opened = openCheckpoint(note, [...logs, ...distinct]);
  for (const witness of distinct)
    mustBe(
      opened.signers.some(({ key }) => key === witness),
      `The witness ${witness.name} did not cosign the checkpoint.`,
    );
  return opened;
};

const readEvent = (text: string): { readonly leaf: Leaf; readonly hasContent: boolean } => {
  const members = parseObject(text, 'The event');
  const hasContent = 'metadata' in members;
  // Members of an answer of the API, or of a whole line of a pack.
  mustBe(
    hasContent || 'v' in members,
    'The file of the event is neither a leaf nor an event in its stored form. Take `leaf` of the proof as JSON, or ' +
      '`event` of its line in events.ndjson of a pack. An event of the feed or of a history has another form.',
  );
  return { leaf: hasContent ? leafOfStoredEvent(text) : parseLeaf(text), hasContent };
};

/** Returns who signed a checkpoint, in sentences. */
export const signaturesProved = ({ origin, size, signers }: Opened): readonly string[] =>
  signers.map(({ key, time }) =>
    time === null
      ? `The log ${origin} signed a checkpoint of ${size} events with the key ${key.keyId}.`
      : `The witness ${key.name} signed that it saw this checkpoint at ${time} seconds after 1970, as the largest one.`,
  );

/** Returns what no checkpoint proves, in sentences. */
export const limits = ({ size, signers }: Opened): readonly string[] => [
  `Events after the first ${size}: a newer checkpoint covers them.`,
  'What was never recorded: no log can prove that.',
  signers.some(({ time }) => time !== null)
    ? 'That customers who do not demand the same witness see the same log: compare your checkpoint with theirs.'
    : 'That others see the same log: compare your checkpoint with theirs, or name a witness.',
];

const checkLengths = (...texts: readonly string[]): void => {
  mustBe(
    texts.every(({ length }) => length <= fileLengthMax),
    `A text has more than ${fileLengthMax} characters.`,
  );
};
