import type { RotationCause } from '../../../src/domain/license/keys/key-events.ts';
import type { LimitStrategy } from '../../../src/domain/license/policy.ts';
import type { ConversionTerm } from '../../../src/domain/license/tiers/tier-commands.ts';
import { around, type Draw, duration, entitlement, limits, product, schedule, target } from './draw.ts';
import type { Kinds } from './kinds.ts';
import { limitsBeside, withBeside } from './overrides.ts';

/** Draws commands about grants, keys and holders. */
export const grantKinds: Kinds<
  | 'ChangeLimits'
  | 'GrantEntitlement'
  | 'RevokeEntitlement'
  | 'EndEntitlements'
  | 'AddProduct'
  | 'RemoveProduct'
  | 'ChangeTier'
  | 'ChangePolicy'
  | 'ConvertTrial'
  | 'RotateKey'
  | 'RetireKey'
  | 'EndKeyOverlap'
  | 'Transfer'
  | 'OfferLicense'
  | 'AcceptOffer'
  | 'DeclineOffer'
> = {
  ChangeLimits: {
    weight: 8,
    draw: (draw) => {
      const changed = limits(draw);
      const beside = draw.chance.percent(70) && { overrides: limitsBeside(draw, changed) };
      return { limits: changed, ...beside, ...strategy(draw) };
    },
  },
  GrantEntitlement: { weight: 5, draw: (draw) => entitlement(draw) },
  RevokeEntitlement: {
    weight: 4,
    draw: (draw) => {
      const { code, source } = entitlement(draw);
      return { code, source };
    },
  },
  EndEntitlements: { weight: 6, draw: (draw) => ({ until: around(draw) }) },
  AddProduct: { weight: 5, draw: (draw) => ({ product: product(draw) }) },
  RemoveProduct: { weight: 5, draw: (draw) => ({ product: product(draw) }) },
  ChangeTier: {
    weight: 6,
    draw: (draw) => ({ target: withBeside(draw, target(draw)), ...schedule(draw), ...paid(draw) }),
  },
  ChangePolicy: {
    weight: 4,
    draw: (draw) => ({ target: withBeside(draw, target(draw)), ...schedule(draw), ...paid(draw) }),
  },
  ConvertTrial: {
    weight: 6,
    draw: (draw) => {
      const { policy, ...rest } = withBeside(draw, target(draw));
      const type = draw.chance.percent(95) ? 'SUBSCRIPTION' : 'TRIAL';
      return {
        target: { ...rest, policy: { ...policy, tier: 'PRO', type } },
        term: paidTerm(draw),
        billingRef: draw.chance.one([null, 'in_1', 'in_2']),
      };
    },
  },
  RotateKey: {
    weight: 6,
    draw: (draw) => ({
      keyHash: `hash-${draw.index}`,
      secretId: 's1',
      hint: 'SYQV9',
      overlapSeconds: draw.chance.one([0, 0, 3600, 3600, -1]),
      cause: draw.chance.one<RotationCause>(['ROUTINE', 'ROUTINE', 'ADMIN', 'LEAKED', 'LOST']),
    }),
  },
  EndKeyOverlap: {
    weight: 4,
    draw: ({ chance }) => chance.one([{}, {}, { keyVersion: 1 + chance.below(4) }]),
  },
  RetireKey: { weight: 6, draw: ({ chance }) => ({ keyVersion: 1 + chance.below(4) }) },
  Transfer: {
    weight: 5,
    draw: (draw) => ({
      toHolderOrgId: draw.chance.one([null, 'org_2', 'org_3']),
      accepted: draw.chance.percent(85),
      expiry: draw.chance.one(['KEEP', 'RESET']),
      activations: draw.chance.one(['KEEP', 'RELEASE']),
      ...newKey(draw),
    }),
  },
  OfferLicense: {
    weight: 5,
    draw: ({ chance }) => ({
      toHolderOrgId: chance.one(['org_2', 'org_3']),
      expiry: chance.one(['KEEP', 'RESET']),
      activations: chance.one(['KEEP', 'RELEASE']),
    }),
  },
  AcceptOffer: { weight: 5, draw: (draw) => ({ holderOrgId: draw.chance.one(['org_2', 'org_3']), ...newKey(draw) }) },
  DeclineOffer: { weight: 3, draw: ({ chance }) => ({ holderOrgId: chance.one(['org_2', 'org_3']) }) },
};

const newKey = ({ chance, index }: Draw) =>
  chance.percent(70) ? { newKey: { keyHash: `hash-${index}`, secretId: 's1', hint: 'ZV3MP' } } : {};

const strategy = ({ chance }: Draw) =>
  chance.percent(30) ? { strategy: chance.one<LimitStrategy>(['ALLOW_OVER', 'REJECT', 'EVICT_OLDEST']) } : {};

const paidTerm = (draw: Draw) =>
  draw.chance.one<ConversionTerm>([
    { kind: 'duration', duration: duration(draw) },
    { kind: 'fixed', expiresAt: around(draw) },
    { kind: 'perpetual' },
  ]);

const paid = (draw: Draw) =>
  draw.chance.percent(35) && {
    term: paidTerm(draw),
    ...(draw.chance.percent(60) && { billingRef: draw.chance.one(['in_1', 'in_2', 'in_3']) }),
  };
