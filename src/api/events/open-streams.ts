import type { Caller } from '../../application/caller.ts';
import { limitedAs } from '../http/client-ip.ts';
import { type Problem, problem } from '../problems/problems.ts';

/** The most open streams in this process. IPv6 addresses count by their /64. API keys count for no user. */
export const streamsMax = { organization: 20, user: 40, address: 100, process: 4_000 } as const;

/** Counts the open streams of each organization, user and client address, and of the process. */
export type OpenStreams = {
  /** Takes a place and returns what releases it, or the refusal of the first maximum that is reached. */
  readonly open: (caller: Caller, clientIp: string) => (() => void) | Problem;
};

/** Returns a counter of open streams that allows at most `max` of each kind at a time in this process. */
export const createOpenStreams = (max: typeof streamsMax | Record<Owner, number> = streamsMax): OpenStreams => {
  const counts = new Map<string, number>();
  return {
    open: (caller, clientIp) => {
      const owners = ownersOf(caller, clientIp);
      for (const [kind, key] of owners) if ((counts.get(key) ?? 0) >= max[kind]) return tooMany(kind, max[kind]);
      for (const [, key] of owners) counts.set(key, (counts.get(key) ?? 0) + 1);
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        for (const [, key] of owners) {
          const left = (counts.get(key) ?? 1) - 1;
          if (left > 0) counts.set(key, left);
          else counts.delete(key);
        }
      };
    },
  };
};

type Owner = keyof typeof streamsMax;

const ownersOf = (caller: Caller, clientIp: string): readonly (readonly [Owner, string])[] => [
  ['organization', caller.organizationId],
  ...(caller.kind === 'user' ? [['user', caller.userId] as const] : []),
  ['address', `address ${limitedAs(clientIp)}`],
  ['process', 'process'],
];

const tooMany = (kind: Owner, max: number): Problem => ({
  ...problem('RATE_LIMITED', `This ${kind} has ${max} streams open. Close one, or use GET /v1/events.`),
  headers: { 'Retry-After': '10' },
});
