import { LRUCache } from 'lru-cache';

/** Counts wrong logins by the address that they come from. */
export type WrongLogins = {
  /** Counts one. Returns whether the address has more than `wrongMax` in the last ten seconds. */
  count(address: string): 'FEW' | 'MANY';
};

/** Wrong logins of an address in `windowMs`, after which it gets another answer and no further log lines. */
export const wrongMax = 20;
const windowMs = 10_000;
const addressesMax = 1_000;

/** Creates the counters. `log` gets a line at the first wrong login of an address, and at the first one over the limit. */
export const countWrongLogins = (log: (line: string) => void, now: () => number = Date.now): WrongLogins => {
  const windows = new LRUCache<string, { readonly since: number; count: number }>({ max: addressesMax });
  return {
    count: (address) => {
      const last = windows.get(address);
      const isOpen = last !== undefined && Math.abs(now() - last.since) < windowMs;
      const window = isOpen ? last : { since: now(), count: 0 };
      if (!isOpen) windows.set(address, window);
      window.count += 1;
      if (window.count === 1) log(`A login from ${address} was refused: its name or its password is wrong.`);
      if (window.count === wrongMax + 1) log(`More than ${wrongMax} wrong logins came from ${address} in 10 seconds.`);
      return window.count > wrongMax ? 'MANY' : 'FEW';
    },
  };
};
