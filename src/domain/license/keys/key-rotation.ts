import type { Instant } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';

/**
 * Returns true when the presented key no longer works. A previous key works until the end of its overlap, whether or
 * not its end was announced. Null, for no presented key, returns false.
 */
export const isKeyRotated = (
  { keyVersion, keyOverlaps }: LicenseFacts,
  presented: number | null,
  at: Instant,
): boolean =>
  presented !== null &&
  presented !== keyVersion &&
  !keyOverlaps.some((overlap) => overlap.keyVersion === presented && at < overlap.until);

/** Returns when the presented key stops working; null when no end is known. */
export const keyUntil = ({ keyOverlaps }: LicenseFacts, presented: number | null): Instant | null =>
  keyOverlaps.find((overlap) => overlap.keyVersion === presented)?.until ?? null;
