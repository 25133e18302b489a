import { z } from 'zod';

/** An index in the log of an issuer as text: 16 decimal digits, so that text order is the order of the log. */
export const sequenceShape = z
  .string()
  .regex(/^[0-9]{16}$/)
  .meta({
    description:
      'The number of the event in the log of its issuer, from 0 and without a gap: 16 decimal digits with leading zeros. Only the issuer reads it.',
    example: '0000000000008812',
  });

/** Returns an index as `sequenceShape` describes it. */
export const sequenceOf = (index: bigint): string => String(index).padStart(16, '0');
