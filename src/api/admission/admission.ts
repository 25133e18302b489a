import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Tier } from '../../domain/license/policy.ts';
import { limitedAs } from '../http/client-ip.ts';
import { type Problem, problem, problemForNow } from '../problems/problems.ts';
import type { Call } from '../route.ts';
import { createCrowds } from './crowds.ts';
import { createKnownTiers } from './known-tiers.ts';
import { type Share, shares, strangerShare, type Work } from './shares.ts';
import { createTurn, type TurnMs, turnMsMax } from './turn.ts';

/** Gives each tenant its share of the process: turns to work, and requests that it may have in the process. */
export type Admission = { readonly visit: (call: VisitingCall) => Visit };

/** A request with the address of its client. */
type VisitingCall = Pick<Call, 'signal' | 'limits'> & { readonly address: string };

/** One request on its way through the process. */
export type Visit = {
  /**
   * Takes a turn for the tenant. An earlier turn of the request ends. Returns the refusal of a tenant that has its most
   * requests in the process, or whose turn does not come in time. The turn ends by itself when the request waits for
   * something else for long.
   */
  readonly takeTurn: (tenant: string, work: Work) => Promise<Problem | null>;
  /** Gives the turn to other requests, because this one waits for something else than work of this process. */
  readonly endTurn: () => void;
  /**
   * Returns the tenant of the request's credential when it has worked before, else null. `credential` may be a secret.
   */
  readonly recognize: (credential: string) => string | null;
  /** Returns the tenant of a request whose credential is not recognized: the address of the client. */
  readonly stranger: () => string;
  /** Notes the tenant of the credential, so that `recognize` returns it next time. */
  readonly belongsTo: (tenant: string) => void;
  /** Forgets the tenant of the credential that was recognized, because it no longer works. */
  readonly forget: () => void;
  /** Removes the request after its answer, or when its stream begins. */
  readonly leave: () => void;
};

type Needs = {
  /** Returns the tier of an organization, which decides its share. */
  readonly tierOf: (organizationId: string) => Promise<Tier>;
  /** Counts a request that was refused. */
  readonly onRefused: () => void;
  /** Returns elapsed milliseconds. */
  readonly elapsedMs?: () => number;
  /** Tests set other times. */
  readonly turnMs?: TurnMs;
};

// Every tenant is a stranger until its credential has worked once.
const strangerPrefix = 'address ';
const credentialsMax = 20_000;

/** Returns the admission of a process. It stores only hashes of credentials. */
export const createAdmission = ({ tierOf, onRefused, elapsedMs, turnMs = turnMsMax }: Needs): Admission => {
  const crowds = createCrowds(elapsedMs);
  const tierNow = createKnownTiers(tierOf);
  const tenants = new LRUCache<string, string>({ max: credentialsMax });
  const isStranger = (tenant: string) => tenant.startsWith(strangerPrefix);
  const shareOf = (tenant: string): Share =>
    isStranger(tenant) ? strangerShare : shares[tenant.startsWith('org_') ? tierNow(tenant) : 'FREE'];

  return {
    visit: (call) => {
      const turn = createTurn(call.signal, turnMs);
      let digest: string | null = null;
      let known: string | null = null;
      const refuse = (refusal: Problem): Problem => {
        onRefused();
        return refusal;
      };
      return {
        takeTurn: async (tenant, work) => {
          const share = shareOf(tenant);
          const taken = await turn.take(isStranger(tenant) ? crowds.strangers : crowds.known, tenant, { share, work });
          switch (taken) {
            case 'begun':
              return null;
            case 'tenant_full':
              return refuse(tooMany(share, call.limits.headers()));
            // Nobody reads the answer of a client that has left.
            case 'left':
              return busy;
            case 'all_full':
            case 'expired':
              return refuse(busy);
          }
        },
        endTurn: turn.end,
        recognize: (credential) => {
          digest = hash('sha256', credential, 'base64url');
          known = tenants.get(digest) ?? null;
          return known;
        },
        stranger: () => `${strangerPrefix}${limitedAs(call.address)}`,
        belongsTo: (tenant) => {
          if (digest !== null && known !== tenant) tenants.set(digest, tenant);
        },
        forget: () => {
          if (digest !== null) tenants.delete(digest);
        },
        leave: turn.leave,
      };
    },
  };
};

/** Admits every request at once, for servers that only the operator reaches. */
export const noAdmission: Admission = {
  visit: () => ({
    takeTurn: async () => null,
    endTurn: () => undefined,
    recognize: () => null,
    stranger: () => '',
    belongsTo: () => undefined,
    forget: () => undefined,
    leave: () => undefined,
  }),
};

const busy = problemForNow('UNAVAILABLE', 'The server has too many requests. Nothing was done. Try again.', 1);

/** Returns the refusal of a request beyond the share. `counted`: the headers of the limits that the request met. */
const tooMany = (share: Share, counted: Readonly<Record<string, string>>): Problem => {
  const { presentMax } = share;
  const whose =
    share === strangerShare
      ? `This server has ${presentMax} requests from this address in progress, which is the most.`
      : `You have ${presentMax} requests in progress on this server, which is the most of your tier.`;
  const joined = (name: string, item: string) => (counted[name] === undefined ? item : `${counted[name]}, ${item}`);
  return {
    ...problem('RATE_LIMITED', `${whose} Wait for answers before you send more.`),
    headers: {
      'Retry-After': '1',
      'RateLimit-Policy': joined('RateLimit-Policy', `"share";q=${presentMax};qu="concurrent-requests"`),
      RateLimit: joined('RateLimit', '"share";r=0;t=1'),
    },
  };
};
