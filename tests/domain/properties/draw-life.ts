import type { Origination } from '../../../src/domain/license/issue/issue-commands.ts';
import type { Target } from '../../../src/domain/license/tiers/tier-events.ts';
import { around, type Draw, duration, entitlement, known, limits, policy, schedule, target, term } from './draw.ts';
import type { Kinds } from './kinds.ts';
import { limitsBeside } from './overrides.ts';
import { isWrong } from './record.ts';

/** Draws commands about the life of a license: issue, term, suspension, end. */
export const lifeKinds: Kinds<
  | 'IssueLicense'
  | 'ImportLicense'
  | 'StartTerm'
  | 'Suspend'
  | 'Reinstate'
  | 'EndSuspension'
  | 'Renew'
  | 'ChangeExpiry'
  | 'ChangeMaintenance'
  | 'SetRenewal'
  | 'CancelScheduled'
  | 'CarryOutScheduled'
  | 'Expire'
  | 'EndGrace'
  | 'Remind'
  | 'EndTrial'
  | 'Revoke'
  | 'ChangeReference'
  | 'RecordReplacement'
  | 'AnnounceEnded'
> = {
  IssueLicense: { weight: 1, draw: (draw) => origination(draw) },
  ImportLicense: {
    weight: 1,
    draw: (draw) => ({
      ...origination(draw),
      source: 'elsewhere',
      sourceRef: 'ref_1',
      historyFrom: '2020-01-01T00:00:00.000Z',
    }),
  },
  StartTerm: {
    weight: 8,
    draw: ({ chance }) => ({ trigger: chance.one(['FIRST_ACTIVATION', 'FIRST_VALIDATION']) }),
  },
  Suspend: {
    weight: 12,
    draw: (draw) => ({
      reasonCode: draw.chance.one(['PAYMENT', 'PAYMENT', 'FRAUD', 'ADMIN']),
      until: draw.chance.percent(50) ? null : someEnd(draw),
      ...schedule(draw),
    }),
  },
  Reinstate: { weight: 16, draw: ({ chance }) => (chance.percent(30) ? { reasonCode: 'PAYMENT' } : {}) },
  EndSuspension: { weight: 10, draw: (draw) => ({ until: known(draw, draw.ends) }) },
  Renew: {
    weight: 16,
    draw: (draw) => {
      const payment = {
        reasonCode: draw.chance.one([null, 'PAYMENT']),
        ...(draw.chance.percent(40) && { billingRef: draw.chance.one(['in_1', 'in_2', 'in_3']) }),
      };
      return draw.chance.percent(20)
        ? { expiresAt: around(draw), ...payment }
        : {
            ...(draw.chance.percent(75) && { duration: duration(draw) }),
            ...(draw.chance.percent(75) && {
              basis: draw.chance.one(['FROM_EXPIRY', 'FROM_NOW', 'FROM_NOW_IF_EXPIRED']),
            }),
            ...(draw.chance.percent(50) && { policyDuration: 'P1W' }),
            ...payment,
          };
    },
  },
  ChangeExpiry: {
    weight: 8,
    draw: (draw) => ({ to: draw.chance.percent(15) ? null : around(draw), reasonCode: 'GOODWILL' }),
  },
  ChangeMaintenance: {
    weight: 4,
    draw: (draw) => ({ to: draw.chance.percent(20) ? null : around(draw), reasonCode: 'MAINTENANCE_SOLD' }),
  },
  SetRenewal: {
    weight: 8,
    draw: (draw) => ({ to: draw.chance.one(['auto', 'manual', 'cancelAtPeriodEnd']), ...schedule(draw) }),
  },
  CancelScheduled: { weight: 8, draw: (draw) => ({ eventId: known(draw, draw.announced) }) },
  CarryOutScheduled: { weight: 10, draw: (draw) => ({ eventId: known(draw, draw.announced) }) },
  Expire: { weight: 16, draw: (draw) => termNumber(draw) },
  EndGrace: { weight: 10, draw: (draw) => termNumber(draw) },
  Remind: {
    weight: 8,
    draw: (draw) => ({ ...termNumber(draw), offset: draw.chance.one(['P1D', 'PT1H', 'PT1H', 'P30D']) }),
  },
  EndTrial: { weight: 8, draw: (draw) => termNumber(draw) },
  Revoke: { weight: 1, draw: () => ({ reasonCode: 'CHARGEBACK' }) },
  ChangeReference: { weight: 3, draw: ({ chance }) => ({ to: chance.one([null, 'sub_1', 'sub_2']) }) },
  RecordReplacement: { weight: 2, draw: () => ({ by: 'lic_2' }) },
  AnnounceEnded: { weight: 10, draw: () => ({}) },
};

const origination = (draw: Draw): Origination => {
  const all = limits(draw);
  const products = draw.chance.one([['local_cli', 'cloud_ide'], ['local_cli']]);
  const beside = { limits: limitsBeside(draw, all), products: { added: products.slice(1), removed: [] } };
  return {
    licenseId: 'lic_1',
    issuerOrgId: 'org_1',
    ...draw.chance.one<Pick<Origination, 'holderOrgId' | 'offerTo'>>([
      { holderOrgId: null },
      { holderOrgId: 'org_2' },
      { holderOrgId: null, offerTo: 'org_2' },
    ]),
    policy: policy(draw),
    products,
    term: term(draw),
    limits: all,
    ...(draw.chance.percent(50) && { overrides: beside }),
    entitlements: draw.chance.percent(50) ? [] : [entitlement(draw)],
    externalRef: null,
    ...(draw.chance.percent(80) && { afterTrial: afterTrial(draw) }),
    key: { keyHash: 'ab12', secretId: 's1', hint: 'SYQV9' },
  };
};

const someEnd = (draw: Draw): string => {
  const until = around(draw);
  draw.ends.push(until);
  return until;
};

const afterTrial = (draw: Draw): Target => {
  const { policy: downgraded, limits: lower, ...rest } = target(draw);
  // The catalog has no invalid limits.
  const valid = lower === null || isWrong(lower) ? null : lower;
  return { ...rest, limits: valid, policy: { ...downgraded, policyId: 'pol_free', tier: 'FREE', type: 'PERPETUAL' } };
};

const termNumber = ({ chance }: Draw) => ({ termNumber: chance.one([0, 1, 1, 1, 2, 2, 3, 4, 5]) });
