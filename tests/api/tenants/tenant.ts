import { randomUUID } from 'node:crypto';
import type { Route } from '../../../src/api/route.ts';
import type { Ledger } from '../../support/ledger.ts';
import type { Credential } from '../authorization/credentials.ts';
import { requests } from '../authorization/requests.ts';
import { type Made, type MakeRequest, onceOnly, type Subject, subjectOn } from '../authorization/subject.ts';
import { nameOf, type Position, positionsOf, withValue } from './positions.ts';
import { type Sent, send } from './send.ts';

/** One way to call an operation, as the tests of authorization have it. */
export type Case = { readonly name: string; readonly route: Route; readonly make: MakeRequest };

/** Every operation in every way there is a good request for. Throws for one without. */
export const casesOf = ({ routes }: Ledger): readonly Case[] =>
  routes.flatMap((route) => {
    const named = Object.entries(requests).filter(([name]) => name.split(':')[0] === route.operationId);
    if (named.length === 0)
      throw new Error(`There is no request for ${route.operationId}: see tests/api/authorization.`);
    return named.map(([name, make]) => ({ name, route, make }));
  });

/** An organization, who calls for it, and what it has. */
export type Tenant = {
  readonly mark: string;
  readonly subject: Subject;
  readonly owner: Credential;
  readonly apiKey: Credential;
  /** Typed ids that it was told, by their prefix; its own organization's is not among them. */
  readonly ids: ReadonlyMap<string, ReadonlySet<string>>;
  /** Other texts that it was told or has set, by the name of the field, parameter or header. */
  readonly texts: ReadonlyMap<string, ReadonlySet<string>>;
  /** The places that took a text of it, as `operation part steps`, and those that did not. */
  readonly planted: ReadonlySet<string>;
  readonly unplanted: ReadonlySet<string>;
  /** Its canaries that it was shown. */
  readonly shown: ReadonlySet<string>;
};

/** The canaries of a tenant in a text, whatever is done to their case and separators. */
export const canariesIn = (text: string, mark: string): readonly string[] =>
  text.match(new RegExp(`cnry[^a-z0-9]?${mark}[^a-z0-9]?\\d{4}`, 'gi')) ?? [];

/** An organization and who calls for it. */
export type Attacker = Pick<Tenant, 'mark' | 'subject' | 'owner' | 'apiKey'>;

/** A new organization that has nothing. */
export const createAttacker = async (ledger: Ledger, mark: string): Promise<Attacker> => {
  const organization = await ledger.createVendor(`Vendor ${mark}`);
  const member = await ledger.createMember(organization.organizationId, 'OWNER');
  return {
    mark,
    subject: subjectOn(ledger, { organization, issuer: ledger.b, side: 'own' }),
    owner: {
      name: `the OWNER of ${mark}`,
      is: { kind: 'role', role: 'OWNER' },
      person: member,
      authorization: `Bearer ${member.accessToken}`,
    },
    apiKey: {
      name: `an API key of ${mark}`,
      is: { kind: 'scope', scope: 'licenses:read' },
      person: null,
      authorization: `Bearer ${organization.apiKey}`,
    },
  };
};

/**
 * An organization with something of everything, a text of its own in every place that takes one, and what it is shown of
 * that. The texts that a place may ask for: anything, a code in lower case or upper case, an address. `isTried` may leave
 * places out, to save time.
 */
export const createTenant = async (
  ledger: Ledger,
  mark: string,
  isTried: () => boolean = () => true,
): Promise<Tenant> => {
  const { subject, owner, apiKey } = await createAttacker(ledger, mark);
  const { organization } = subject;
  const ids = new Map<string, Set<string>>();
  const texts = new Map<string, Set<string>>();
  const [planted, unplanted, shown] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const note = (into: Map<string, Set<string>>, name: string, value: string) =>
    into.set(name, (into.get(name) ?? new Set()).add(value));

  const learn = ({ text, headers }: Sent): void => {
    for (const canary of canariesIn(text, mark)) shown.add(canary);
    for (const [id, prefix = ''] of text.matchAll(/\b([a-z]{3})_[0-7][0-9a-hjkmnp-tv-z]{25}\b/g))
      if (id !== organization.organizationId) note(ids, prefix, id);
    const named: readonly (readonly [string, string | null])[] = [
      ...['if-match', 'if-none-match'].map((name) => [name, headers.get('etag')] as const),
      ['ledger-min-position', headers.get('ledger-position')],
      ...['cursor', 'last-event-id'].map((name) => [name, /"nextCursor":"([^"]+)"/.exec(text)?.[1] ?? null] as const),
    ];
    for (const [name, value] of named) if (value !== null) note(texts, name, value);
    for (const [, name = '', value = ''] of text.matchAll(/"(\w+)":"([^"\\]{1,300})"/g)) note(texts, name, value);
  };

  let count = 0;
  const forms = (): readonly string[] => {
    count += 1;
    const number = String(count).padStart(4, '0');
    const code = `cnry_${mark}_${number}`;
    return [`Cnry ${mark} ${number}`, code, code.toUpperCase(), `${code}@canary.example`, `["${code}"]`];
  };
  const plant = async ({ route, make }: Case, shared: Subject, position: Position): Promise<boolean> => {
    for (const form of forms()) {
      for (const base of [shared, subject]) {
        const key = `idempotency-${mark}-${randomUUID()}`;
        const made = withValue(route, await make(base, owner), position, form);
        const headers = { ...made.headers, 'idempotency-key': key };
        const sent = await send(ledger, route, { ...made, headers }, owner);
        learn(sent);
        if (sent.status < 300) {
          note(texts, 'idempotency-key', key);
          note(texts, String(position.at.findLast((step) => typeof step === 'string')), form);
          return true;
        }
        // What is malformed is so for any license.
        if (sent.status === 400) break;
      }
    }
    return false;
  };

  const cases = casesOf(ledger).filter(({ route }) => route.access.kind !== 'anybody');
  for (const each of cases) {
    // What one operation needs is made once; others would spoil it.
    const shared = onceOnly(subject);
    for (const position of positionsOf(each.route).filter(({ part, isFree }) => part === 'body' && isFree)) {
      const name = `${each.route.operationId} ${nameOf(position)}`;
      if (planted.has(name) || !isTried()) continue;
      if (await plant(each, shared, position)) planted.add(name);
      else unplanted.add(name);
    }
    if (each.route.method === 'post') learn(await send(ledger, each.route, await each.make(subject, owner), owner));
  }
  for (const name of planted) unplanted.delete(name);

  const shared = onceOnly(subject);
  for (const { route, make } of cases.filter(({ route: { method } }) => method === 'get'))
    for (const caller of [owner, apiKey]) {
      const made: Made = await make(shared, caller);
      learn(await send(ledger, route, made, caller));
      const isPaged = positionsOf(route).some(({ part, at }) => part === 'query' && at[0] === 'limit');
      if (isPaged) learn(await send(ledger, route, { ...made, path: `${made.path}?limit=1` }, caller));
    }
  return { mark, subject, owner, apiKey, ids, texts, planted, unplanted, shown };
};
