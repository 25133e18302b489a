import { type Instant, plusSeconds } from '../../time.ts';
import { isVersionEntitled, releasesUntil } from '../validation/app-versions.ts';
import { checksIn, startsTerm } from '../validation/validation-effects.ts';
import { validate } from '../validation/validity.ts';
import type { Candidate } from './candidate.ts';
import { send } from './repair-device.ts';
import { afterCommand, afterWait, type Situation, viewIn } from './situation.ts';

// What repairs the license itself, and what a request names of it.

/** Ends the suspension. */
export const reinstate: Candidate = {
  step: { action: 'REINSTATE' },
  apply: (situation) => afterCommand(situation, { type: 'Reinstate', at: situation.at, data: {} }),
};

/** Renews the license, as its policy says (null) or for a duration from now on. */
export const renew = (duration: string | null): Candidate => ({
  step: { action: 'RENEW', duration },
  apply: (situation) => {
    const terms = duration === null ? {} : { duration, basis: 'FROM_NOW' as const };
    return afterCommand(situation, { type: 'Renew', at: situation.at, data: { ...terms, reasonCode: null } });
  },
});

/** Waits for the start of the term, or for the end of the period of a meter. */
export const wait = (until: Instant): Candidate => ({
  step: { action: 'WAIT', until },
  apply: (situation) => afterWait(situation, until),
});

/** Lets the application validate, which starts the term that waits for it. */
export const startByValidation: Candidate = {
  step: { action: 'VALIDATE' },
  apply: (situation) => {
    const { license, scope, at } = situation;
    if (!startsTerm(license.facts, validate(viewIn(situation), scope, at))) return null;
    return afterCommand(situation, { type: 'StartTerm', at, data: { trigger: 'FIRST_VALIDATION' } });
  },
};

/** Lets the application validate, which checks the license in. */
export const checkIn: Candidate = {
  step: { action: 'VALIDATE' },
  apply: (situation) => {
    const { license, scope, at } = situation;
    const checked = checksIn(license.facts, validate(viewIn(situation), scope, at));
    return checked ? { ...situation, lastCheckInAt: at } : null;
  },
};

/** Returns what adds the requested product, if its issuer sells it. */
export const addProduct = ({ scope: { product }, isProductSold }: Situation): readonly Candidate[] =>
  product === null || !isProductSold
    ? []
    : [
        {
          step: { action: 'ADD_PRODUCT', product },
          apply: (situation) => afterCommand(situation, { type: 'AddProduct', at: situation.at, data: { product } }),
        },
      ];

/** Returns what names a product that the license covers. */
export const sendProduct = ({ license }: Situation): readonly Candidate[] => {
  const { products } = license.facts;
  const [product] = products;
  return product === undefined ? [] : [send({ product: products }, { product })];
};

/** Returns what sends a version that the license covers: the newest one of the catalog, else any within the bounds. */
export const sendVersion = ({ license: { facts }, release }: Situation): readonly Candidate[] => {
  const { from = null, below = null } = facts.policy.versions ?? {};
  const releasedBefore = releasesUntil(facts);
  const releasedAt = plusSeconds(releasedBefore ?? facts.createdAt, -1);
  // The least version of all, for a policy without a lower bound.
  const version = release ?? { number: from ?? '0.0.0-0', releasedAt };
  if (!isVersionEntitled(facts, version)) return [];
  const { number, releasedAt: known } = release ?? { number: null, releasedAt: null };
  return [send({ version: { from, below, releasedBefore, number, releasedAt: known } }, { version })];
};

/** Returns what extends the maintenance beyond the release of the requested version. */
export const extendMaintenance = ({ scope: { version = null } }: Situation): readonly Candidate[] => {
  const releasedAt = version?.releasedAt ?? null;
  if (releasedAt === null) return [];
  const to = plusSeconds(releasedAt, 1);
  return [
    {
      step: { action: 'EXTEND_MAINTENANCE', to },
      apply: (situation) =>
        afterCommand(situation, { type: 'ChangeMaintenance', at: situation.at, data: { to, reasonCode: 'REPAIR' } }),
    },
  ];
};

/** Assigns the requested user. */
export const assignUser: Candidate = {
  step: { action: 'ASSIGN_USER' },
  apply: (situation) => {
    const { user = null } = situation.scope;
    return user === null
      ? null
      : afterCommand(situation, { type: 'AssignUser', at: situation.at, data: { userRef: user } });
  },
};

/** Grants an entitlement without an end. */
export const grant = (entitlement: string): Candidate => ({
  step: { action: 'GRANT_ENTITLEMENT', entitlement },
  apply: (situation) =>
    afterCommand(situation, {
      type: 'GrantEntitlement',
      at: situation.at,
      data: { code: entitlement, value: null, limit: null, until: null, source: 'grant' },
    }),
});
