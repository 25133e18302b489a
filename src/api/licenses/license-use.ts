import { z } from 'zod';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { resetsAt, usageAt } from '../../domain/license/usage/term-counters.ts';
import type { Instant } from '../../domain/time.ts';
import { instantOut } from '../schemas.ts';
import { countsOut } from './grant-schemas.ts';
import { periodsOf, periodsOut } from './meter-schemas.ts';

/** The usage of a license as the API shows it. */
export const useOut = z
  .strictObject({
    ...countsOut,
    meters: z.record(z.string(), z.int()),
    resetsAt: instantOut.nullable().meta({
      description:
        'When the meters that count for the term begin at 0: the start of the next renewed term. Null when no renewed term starts later.',
    }),
    periods: periodsOut.optional(),
  })
  .meta({ description: 'The usage. Meters count in the running term, or in a period of their own.' });

/** Returns the usage of a license at `at` as the API shows it. */
export const useBody = (facts: LicenseFacts, at: Instant): z.output<typeof useOut> => {
  const periods = periodsOf(facts, at);
  const use = { ...usageAt(facts, at), resetsAt: resetsAt(facts, at) };
  return periods === undefined ? use : { ...use, periods };
};
