import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { readIfThere, writePrivate } from '../embedded/files.ts';
import { InvalidProof } from '../proof/invalid.ts';
import { type Checkpoint, parseCheckpoint } from '../proof/notes/checkpoints.ts';
import { parseOrigin, restartedOrigin } from '../proof/notes/log-origins.ts';
import { parseNote } from '../proof/notes/signed-notes.ts';

/** A copied checkpoint with its signed note, and the file that has it. */
export type CheckpointCopy = Checkpoint & { readonly note: string; readonly file: string };

/** The copies of checkpoints of a notary, outside of the databases: one file for each log, with its last signed note. */
export type CheckpointCopies = {
  readonly directory: string;
  /** Returns the copy of the log with this name, or null. Throws InvalidProof when the file is damaged. */
  readonly read: (origin: string) => Promise<CheckpointCopy | null>;
  /** Returns the copy of the latest name that the log of an issuer has had, from this name on. */
  readonly latest: (origin: string) => Promise<CheckpointCopy | null>;
  /** Writes a checkpoint durably, unless the copy is as large. The file of another name of the log stays. */
  readonly write: (note: string) => Promise<void>;
};

/** Returns the copies in a directory, which the first one creates. */
export const checkpointCopies = (directory: string): CheckpointCopies => {
  const read = async (origin: string): Promise<CheckpointCopy | null> => {
    const file = fileOf(directory, origin);
    const note = await readIfThere(file);
    return note === undefined ? null : { ...parseCopy(note, { file, origin }), note, file };
  };
  const latest = async (origin: string): Promise<CheckpointCopy | null> => {
    const next = await latestIfThere(restartedOrigin(origin));
    return next ?? read(origin);
  };
  const latestIfThere = async (origin: string): Promise<CheckpointCopy | null> =>
    (await read(origin)) === null ? null : latest(origin);
  const writeLarger = async (note: string): Promise<void> => {
    const { origin, size } = parseCheckpoint(parseNote(note).text);
    const copy = await read(origin);
    if (copy !== null && copy.size >= size) return;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writePrivate(fileOf(directory, origin), note);
  };
  const writing = new Map<string, Promise<void>>();
  return {
    directory,
    read,
    latest,
    // The notary and the one who follows write the same file, one after the other.
    write: async (note) => {
      const { origin } = parseCheckpoint(parseNote(note).text);
      const write = () => writeLarger(note);
      const written = (writing.get(origin) ?? Promise.resolve()).then(write, write);
      writing.set(origin, written);
      await written.finally(() => {
        if (writing.get(origin) === written) writing.delete(origin);
      });
    },
  };
};

const parseCopy = (note: string, { file, origin }: { readonly file: string; readonly origin: string }): Checkpoint => {
  try {
    return parseCheckpoint(parseNote(note).text);
  } catch (error) {
    if (!(error instanceof InvalidProof)) throw error;
    throw new InvalidProof(
      `The copy ${file} of the checkpoints of ${origin} is damaged: ${error.message} ` +
        'Put back an undamaged copy, also one of another notary. Without one, move the file away: ' +
        'the notary fills a new one from the event store, and cannot notice an older backup from before.',
    );
  }
};

/** The name of the file of a copy: the organization, and the number of the name of the log after the first one. */
export const copyNamePattern = /^(org_[0-9a-z]+)(?:\.[0-9]+)?\.checkpoint$/;

// The name of the installation may have any characters, and an organization has one log in a directory.
const fileOf = (directory: string, origin: string): string => {
  const { organizationId, generation } = parseOrigin(origin);
  return path.join(directory, `${organizationId}${generation === 1 ? '' : `.${generation}`}.checkpoint`);
};
