import type { IncomingHttpHeaders } from 'node:http';
import { type Problem, problem, problemForNow } from '../problems/problems.ts';

/** Waits until the read models contain the log up to `commit`. Returns false when they do not after `timeoutMs`. */
export type WaitUntilProjected = (commit: bigint, timeoutMs: number) => Promise<boolean>;

const commandWaitMs = 500;
const readWaitMs = 2000;
const backgroundWaitMs = 600_000;

/**
 * Returns the headers of a command's answer. Waits up to 500 ms until the read models contain its events, so that the
 * caller can read its own change. `Prefer: respond-async` skips the wait.
 */
export const positionHeaders = async (
  waitUntilProjected: WaitUntilProjected,
  position: bigint,
  headers: IncomingHttpHeaders,
): Promise<Record<string, string>> => {
  const answered = { 'Ledger-Position': String(position) };
  if (prefersAsync(headers)) return { ...answered, 'Preference-Applied': 'respond-async' };
  return (await waitUntilProjected(position, commandWaitMs)) ? answered : { ...answered, 'Ledger-Projected': 'false' };
};

/** Waits up to 2 s for the position in Ledger-Min-Position. Returns null when the read may continue. */
export const awaitMinPosition = async (
  waitUntilProjected: WaitUntilProjected,
  headers: IncomingHttpHeaders,
): Promise<Problem | null> => {
  const minPosition = headers['ledger-min-position'];
  if (minPosition === undefined) return null;
  if (typeof minPosition !== 'string' || !/^[0-9]{1,19}$/.test(minPosition) || BigInt(minPosition) > 2n ** 63n - 1n) {
    return problem('INVALID_REQUEST', 'Ledger-Min-Position must be the Ledger-Position of an earlier answer.');
  }
  if (await waitUntilProjected(BigInt(minPosition), readWaitMs)) return null;
  return problemForNow(
    'NOT_PROJECTED_YET',
    'The read models do not contain this position yet. Try again.',
    1,
    'NOT_PROJECTED',
  );
};

/** Does `work` once the read models contain the log up to `position`. Throws when they do not within ten minutes. */
export const onceReadable = async (
  waitUntilProjected: WaitUntilProjected,
  position: bigint,
  work: () => unknown,
): Promise<void> => {
  if (!(await waitUntilProjected(position, backgroundWaitMs)))
    throw new Error(`The read models do not contain ${position} after ten minutes, or the server is stopping.`);
  await work();
};

const prefersAsync = ({ prefer }: IncomingHttpHeaders): boolean =>
  prefer !== undefined && /(?:^|,)\s*respond-async\s*(?:$|[,;])/i.test(String(prefer));
