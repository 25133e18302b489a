import { z } from 'zod';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Dropped, LimitOverrides } from '../../domain/license/overrides/overrides.ts';
import { productCode } from '../schemas.ts';
import { meterName } from './grant-schemas.ts';
import { limitOut, overriddenMeter, overriddenMeters } from './meter-schemas.ts';

const limit = limitOut.optional();

/** What a license has in addition to its policy, and what was removed from it. */
export const overridesOut = z
  .strictObject({
    limits: z
      .strictObject({
        activations: limit,
        seats: limit,
        users: limit,
        meters: z.record(meterName, overriddenMeter).optional(),
      })
      .meta({
        description:
          'The limits that the issuer set. Null when it removed the meter. The others are those of the policy.',
      }),
    products: z
      .strictObject({ added: z.array(productCode), removed: z.array(productCode) })
      .meta({ description: 'The products that the issuer added to those of the policy, and removed from them.' }),
    entitlements: z.array(z.string()).meta({
      description: 'The codes that the issuer granted or withheld, with the source grant, ended ones included.',
    }),
  })
  .meta({ id: 'Overrides' });

/** Returns the codes that the issuer granted or withheld, ended ones included. */
export const grantsOf = ({ entitlements }: Pick<LicenseFacts, 'entitlements'>): string[] =>
  entitlements.filter(({ source }) => source === 'grant').map(({ code }) => code);

/** Returns overrides as the API shows them. */
export const overridesBody = ({ limits, products, entitlements = [] }: Dropped): z.output<typeof overridesOut> => ({
  limits: limits === undefined ? {} : limitsBody(limits),
  products: { added: [...(products?.added ?? [])], removed: [...(products?.removed ?? [])] },
  entitlements: [...entitlements],
});

const limitsBody = (limits: LimitOverrides) => {
  const { meters: _, meterRules: __, ...counts } = limits;
  const meters = overriddenMeters(limits);
  return { ...counts, ...(Object.keys(meters).length === 0 ? {} : { meters }) };
};
