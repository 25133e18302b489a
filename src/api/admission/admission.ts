import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Tier } from '../../domain/license/policy.ts';
import { limitedAs } from '../http/client-ip.ts';
import { type Problem, problem, problemForNow } from '../problems/problems.ts';
import type { Call } from '../route.ts';
import { createCrowds, waitMsMax } from './crowds.ts';
import type { Full, Turn as Waited } from './fair-queue.ts';
import { createKnownTiers } from './known-tiers.ts';
import { type Share, shares, strangerShare, type Work } from './shares.ts';
import { createTurn, type Ends, type Turn, type TurnMs, turnMsMax } from './turn.ts';
import { createTurnEnds } from './turn-ends.ts';

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
  readonly takeTurn: (tenant: string, work: Work) => Promise<Problem | null> | Problem | null;
  /** Gives the turn to other requests, because this one waits for something else than work of this process. */
  readonly endTurn: () => void;
  /** Waits for another turn after `endTurn`, and goes on without one when it does not come in time. */
  readonly resumeTurn: () => Promise<void>;
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
  const parts: Parts = {
    crowds,
    tenants,
    onRefused,
    ends: { command: createTurnEnds(turnMs.command), read: createTurnEnds(turnMs.read) },
    shareOf: (tenant) =>
      isStranger(tenant) ? strangerShare : shares[tenant.startsWith('org_') ? tierNow(tenant) : 'FREE'],
  };
  return { visit: (call) => new AdmittedVisit(parts, call) };
};

const isStranger = (tenant: string): boolean => tenant.startsWith(strangerPrefix);

/** The parts of an admission that its visits use. */
type Parts = Pick<Needs, 'onRefused'> & {
  readonly ends: Ends;
  readonly crowds: ReturnType<typeof createCrowds>;
  /** The tenants by the hashes of their credentials. */
  readonly tenants: LRUCache<string, string>;
  readonly shareOf: (tenant: string) => Share;
};

// A class, because the functions of each request would take more time than its turn.
class AdmittedVisit implements Visit {
  readonly #parts: Parts;
  readonly #call: VisitingCall;
  readonly #turn: Turn;
  #digest: string | null = null;
  #known: string | null = null;

  constructor(parts: Parts, call: VisitingCall) {
    this.#parts = parts;
    this.#call = call;
    this.#turn = createTurn(call.signal, parts.ends);
  }

  takeTurn(tenant: string, work: Work): Promise<Problem | null> | Problem | null {
    const { crowds, shareOf } = this.#parts;
    const share = shareOf(tenant);
    const taken = this.#turn.take(isStranger(tenant) ? crowds.strangers : crowds.known, tenant, { share, work });
    if (taken === 'begun') return null;
    return taken instanceof Promise
      ? taken.then((later) => this.#problemOf(later, share))
      : this.#problemOf(taken, share);
  }

  endTurn(): void {
    this.#turn.end();
  }

  resumeTurn(): Promise<void> {
    return this.#turn.resume();
  }

  recognize(credential: string): string | null {
    this.#digest = hash('sha256', credential, 'base64url');
    this.#known = this.#parts.tenants.get(this.#digest) ?? null;
    return this.#known;
  }

  stranger(): string {
    return `${strangerPrefix}${limitedAs(this.#call.address)}`;
  }

  belongsTo(tenant: string): void {
    if (this.#digest !== null && this.#known !== tenant) this.#parts.tenants.set(this.#digest, tenant);
  }

  forget(): void {
    if (this.#digest !== null) this.#parts.tenants.delete(this.#digest);
  }

  leave(): void {
    this.#turn.leave();
  }

  #problemOf(taken: Waited | Full, share: Share): Problem | null {
    if (taken === 'begun') return null;
    // Nobody reads the answer of a client that has left.
    if (taken === 'left') return busy;
    this.#parts.onRefused();
    if (taken === 'expired') return late;
    return taken === 'tenant_full' ? tooMany(share, this.#call.limits.headers()) : busy;
  }
}

/** Admits every request at once, for servers that only the operator reaches. */
export const noAdmission: Admission = {
  visit: () => ({
    takeTurn: async () => null,
    endTurn: () => undefined,
    resumeTurn: async () => undefined,
    recognize: () => null,
    stranger: () => '',
    belongsTo: () => undefined,
    forget: () => undefined,
    leave: () => undefined,
  }),
};

const busy = problemForNow(
  'UNAVAILABLE',
  'The server has too many requests. Nothing was done. Try again.',
  1,
  'REQUESTS_WAITING',
);
const late = problemForNow(
  'UNAVAILABLE',
  `The request has waited ${waitMsMax / 1_000} seconds for its turn. Nothing was done. Send fewer requests at a time, or try again.`,
  1,
  'TURN',
);

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
