import { createHash } from 'node:crypto';
import type { Recorded } from '../event-store.ts';

/** What two logs have in common. `digest`: of everything that is kept in a copy, as SHA-256 in hexadecimal. */
export type LogComparison = {
  readonly events: number;
  readonly digest: string;
  /** A sentence that names the first difference. Null: the logs are equal. */
  readonly difference: string | null;
};

/**
 * Compares two logs event by event: stream, revision, id, type, data and metadata, in log order. Positions and times of the
 * servers differ. Stops at the first difference.
 */
export const compareLogs = async (
  source: AsyncIterable<Recorded>,
  target: AsyncIterable<Recorded>,
  onProgress: (events: number) => void = () => {},
): Promise<LogComparison> => {
  const hash = createHash('sha256');
  const copies = target[Symbol.asyncIterator]();
  let events = 0;
  const result = (difference: string | null) => ({ events, digest: hash.digest('hex'), difference });
  for await (const original of source) {
    const { value: copy, done } = await copies.next();
    if (done || copy === undefined) return result(`The target has ${events} events, and the source has more.`);
    const content = contentOf(original);
    if (content !== contentOf(copy)) {
      await copies.return?.();
      return result(
        `Event ${events + 1} is revision ${original.revision} of ${original.stream} in the source, and revision ${copy.revision} of ${copy.stream} with another content in the target.`,
      );
    }
    hash.update(`${content}\n`);
    events += 1;
    onProgress(events);
  }
  const { done } = await copies.next();
  await copies.return?.();
  return result(done ? null : `The source has ${events} events, and the target has more.`);
};

/** Returns everything of an event that a copy keeps, as one text. The order of the fields is a part of it. */
export const contentOf = ({ stream, revision, id, type, data, metadata }: Recorded): string =>
  JSON.stringify([stream, `${revision}`, id, type, data, metadata]);
