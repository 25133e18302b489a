import { permissions } from '../../../src/domain/permissions.ts';
import type { Ledger } from '../../support/ledger.ts';
import { testId } from '../../support/license-fixtures.ts';
import type { Credential } from '../authorization/credentials.ts';
import { type Made, onceOnly } from '../authorization/subject.ts';
import { nameOf, type Position, positionsOf, withValue } from './positions.ts';
import { type Sent, send } from './send.ts';
import { type Attacker, type Case, canariesIn, casesOf, type Tenant } from './tenant.ts';
import { type Draw, malformed, ownedBy, unlike } from './values.ts';

/** A place of an operation that somebody of a tenant may put another's value into. */
export type Target = { readonly of: Case; readonly caller: Credential; readonly position: Position };

/** Puts values of other tenants, of nobody and of no form into places, and notes what came of it that must not. */
export type Attack = {
  readonly targets: readonly Target[];
  /** A value of a victim, and one like it that nobody has: the answers must be the same. */
  readonly foreign: (target: Target, victim: Tenant) => Promise<void>;
  /** A text that a victim has set somewhere, and one like it: both must be taken, or refused, in the same way. */
  readonly taken: (target: Target, victim: Tenant) => Promise<void>;
  readonly unknown: (target: Target) => Promise<void>;
  readonly malformed: (target: Target) => Promise<void>;
  /** How many requests were sent. */
  readonly requests: () => number;
  /** What must not be, a sentence each. */
  readonly faults: ReadonlySet<string>;
};

type Options = {
  readonly attacker: Attacker;
  readonly victims: readonly Tenant[];
  readonly draw: Draw;
  /** Places, as `operation part steps`, where one may name another organization, and so learns that it is one. */
  readonly mayName: ReadonlySet<string>;
};

/** Everything that `attacker` may try on `victims`. */
export const createAttack = (ledger: Ledger, { attacker, victims, draw, mayName }: Options): Attack => {
  const faults = new Set<string>();
  // Who holds what is no secret between the two: an organization names others in what it sets.
  const theirs = new Set(
    victims.flatMap(({ ids }) => [...ids].flatMap(([prefix, each]) => (prefix === 'org' ? [] : [...each]))),
  );
  // The tests act as this key for all organizations alike.
  theirs.delete(testId('key', 'tests'));
  const sentBefore = new Set<string>();
  let requests = 0;

  const ask = async ({ of: { name, route }, caller, position }: Target, base: Made, value: string): Promise<Sent> => {
    requests += 1;
    const sent = await send(ledger, route, withValue(route, base, position, value), caller);
    const told = `${sent.text}\n${[...sent.headers].join('\n')}`;
    const place = `${name} ${nameOf(position)}`;
    if (sent.status >= 500 && sent.status !== 503) faults.add(`${place} = ${value}: ${sent.status}`);
    for (const { mark } of victims)
      for (const canary of canariesIn(told, mark))
        if (!value.includes(canary) && !sentBefore.has(canary.toLowerCase()))
          faults.add(`${place} = ${value}: tells ${canary}`);
    for (const [id] of told.matchAll(/\b[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}\b/g))
      if (theirs.has(id) && !value.includes(id)) faults.add(`${place} = ${value}: tells ${id}`);
    return sent;
  };

  const bases = createBases(attacker);
  return {
    targets: targetsOf(ledger, attacker),
    requests: () => requests,
    faults,
    taken: async (target, victim) => {
      const { of, position, caller } = target;
      const value = ownedBy(victim, position, draw);
      if (value === null || canariesIn(value, victim.mark).length === 0) return;
      // From now on it is the attacker's own text, too.
      for (const canary of canariesIn(value, victim.mark)) sentBefore.add(canary.toLowerCase());
      const [found, missed] = [
        await ask(target, await bases.fresh(target), value),
        await ask(target, await bases.fresh(target), unlike(value)),
      ];
      if (found.status !== missed.status)
        faults.add(
          `${of.name} ${nameOf(position)}, by ${caller.name}: ${found.status} and ${missed.status}: ${found.text}`,
        );
    },
    foreign: async (target, victim) => {
      const { of, position } = target;
      const value = ownedBy(victim, position, draw);
      const place = `${of.route.operationId} ${nameOf(position)}`;
      if (value === null) {
        faults.add(`${place}: ${victim.mark} has nothing to put there`);
        return;
      }
      const base = await bases.good(target);
      const found = await ask(target, base, value);
      const isId = position.prefixes.length > 0;
      // An instant is nobody's: one asks for a state before the license, another one for one after.
      const isInstant = /^\d{4}-\d\d-\d\dT/.test(value);
      if ((!isId && (found.status !== 404 || isInstant)) || mayName.has(place)) return;
      const other = unlike(value);
      const missed = await ask(target, base, other);
      const difference = differenceOf([found, value], [missed, other], position);
      if (difference !== null) faults.add(`${of.name} ${nameOf(position)}, by ${target.caller.name}: ${difference}`);
    },
    unknown: async (target) => {
      const [victim] = victims;
      const value = (victim && ownedBy(victim, target.position, draw)) ?? 'nobody has this';
      await ask(target, await bases.good(target), unlike(value));
    },
    malformed: async (target) => {
      await ask(target, await bases.good(target), draw(malformed) ?? '');
    },
  };
};

const targetsOf = (ledger: Ledger, { owner, apiKey }: Attacker): readonly Target[] =>
  casesOf(ledger).flatMap((of) =>
    callersOf(of, owner, apiKey).flatMap((caller) =>
      positionsOf(of.route).map((position) => ({ of, caller, position })),
    ),
  );

const callersOf = ({ route: { access } }: Case, owner: Credential, apiKey: Credential): readonly Credential[] => {
  switch (access.kind) {
    case 'anybody':
      return [{ name: 'nobody', is: { kind: 'nobody' }, authorization: null, person: null }];
    case 'user':
      return [owner];
    case 'license':
      return [owner, apiKey, { name: 'a license key', is: { kind: 'license key' }, authorization: null, person: null }];
    case 'organization': {
      const { own } = permissions[access.permission];
      return own.scopes.length > 0 ? [owner, apiKey] : [owner];
    }
  }
};

// A good request is used again and again, but where it would end what it is about.
const createBases = ({ subject }: Attacker) => {
  const known = new Map<string, { made: Made; uses: number }>();
  const fresh = async ({ of: { name, make }, caller }: Target): Promise<Made> => {
    const id = `${name} ${caller.name}`;
    const before = known.get(id);
    // Some can only be made while the catalog is not open yet.
    const made = await Promise.resolve(make(onceOnly(subject), caller)).catch((error: unknown) => {
      if (before === undefined) throw error;
      return before.made;
    });
    known.set(id, { made, uses: 0 });
    return made;
  };
  const good = async (target: Target): Promise<Made> => {
    const { name, route } = target.of;
    const before = known.get(`${name} ${target.caller.name}`);
    const ends = route.method === 'delete' || /logout|password|refresh|accept/.test(route.path);
    if (before === undefined || before.uses >= (ends ? 1 : 50)) return fresh(target);
    before.uses += 1;
    return before.made;
  };
  return { fresh, good };
};

/** What tells a value that somebody has from one that nobody has; null: nothing does. */
const differenceOf = (
  [found, value]: [Sent, string],
  [missed, other]: [Sent, string],
  { part, prefixes }: Position,
): string | null => {
  if (found.status !== missed.status) return `${found.status} and ${missed.status}: ${found.text} and ${missed.text}`;
  const plain = ({ text }: Sent, sent: string) =>
    // A refusal repeats no id of a thing that is not there. It may repeat a code or a version, and the id of the request.
    found.status === 404 && part !== 'header' && prefixes.length > 0
      ? text
      : text.replaceAll(sent, '…').replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, 'then');
  const [ours, unknown] = [plain(found, value), plain(missed, other)];
  if (ours !== unknown) return `${ours} and ${unknown}`;
  const [names, otherNames] = [headersOf(found).replaceAll(value, '…'), headersOf(missed).replaceAll(other, '…')];
  return names === otherNames ? null : `${names} and ${otherNames}`;
};

const headersOf = ({ headers }: Sent): string =>
  JSON.stringify(
    [...headers].filter(([name]) => !['date', 'content-length', 'etag', 'ledger-position'].includes(name)),
  );
