import { z } from 'zod';
import { instantOut } from '../../schemas.ts';
import { licenseShape } from '../license-shape.ts';

/** A UTC day in an answer. */
export const dayOut = z.string().meta({ format: 'date', example: '2027-01-31' });

/** The validations of a license on a day. */
export const dayOfValidations = z
  .strictObject({
    day: dayOut.meta({ description: 'The UTC day.' }),
    product: z.string().nullable().meta({
      description: 'The product that the validations named. Null when they named none of the license.',
    }),
    validations: z.int().meta({ description: 'How many times applications validated the license, with any verdict.' }),
    denied: z.int().meta({ description: 'How many of them had a verdict that is not valid.' }),
  })
  .meta({ id: 'DayOfValidations' });

/** A license with its recent validations. */
export const licenseWithUse = licenseShape
  .extend({
    lastValidatedAt: instantOut.nullable().meta({
      description:
        'When an application last validated the license, with any verdict. Null when it did not in the last 400 days, and with asOf.',
    }),
    recentValidations: z.array(dayOfValidations).meta({
      description: 'The validations of the last 7 UTC days by day and product, the oldest first. Empty with asOf.',
    }),
  })
  .meta({ id: 'LicenseWithUse' });
