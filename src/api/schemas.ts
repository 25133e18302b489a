import { z } from 'zod';
import { type IdPrefix, idPattern } from '../domain/ids.ts';
import { productCodePattern } from '../domain/names.ts';
import { parseInstant } from '../domain/time.ts';
import { must } from './http/plain-messages.ts';

/** Returns the schema of a typed id. */
export const idOf = (prefix: IdPrefix, example: string) =>
  z.string().regex(idPattern(prefix), `must be ${prefix}_ and 26 characters`).meta({ example });

/** Returns the schema of a text without NUL and half surrogate pairs, which cannot be stored. */
export const text = (charactersMax: number) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .refine((value) => !value.includes('\0') && !/\p{Surrogate}/u.test(value), 'must not contain NUL');

/** Any JSON value. It has a name in the document, because it refers to itself. */
export const jsonValue = z.json().register(z.globalRegistry, { id: 'JsonValue', description: 'Any JSON value.' });

const instantOf = (rule: string) =>
  z
    .string({ error: ({ input }) => must(input, rule) })
    .max(40)
    .transform((value, context) => {
      const instant = parseInstant(value);
      if (instant !== null) return instant;
      context.issues.push({ code: 'custom', input: value, message: `must ${rule}` });
      return z.NEVER;
    })
    .meta({ format: 'date-time', example: '2027-01-31T00:00:00.000Z' });

const dateTime = 'be a date-time with a zone and at most milliseconds, such as 2027-01-31T00:00:00.000Z';

/** An ISO 8601 date-time with a zone. The result is in UTC with milliseconds. */
export const instantIn = instantOf(dateTime);

/** An instant as `instantIn` reads it, or null. */
export const instantOrNull = instantOf(`${dateTime}, or null`).nullable();

/** An instant in an answer, in UTC with milliseconds. */
export const instantOut = z.string().meta({ format: 'date-time', example: '2027-01-31T00:00:00.000Z' });

/** An ISO 8601 duration. The domain sets the maximum. */
export const duration = z.string().min(2).max(40).meta({ example: 'P1Y' });

/** The immutable code of a product. Codes are compared exactly. */
export const productCode = z
  .string()
  .regex(productCodePattern, 'must be 2 to 40 of a-z, 0-9, _ and -, beginning with a letter')
  .meta({ example: 'local_cli' });

/** A code of a reason that the caller is free to choose. */
export const reasonCode = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,49}$/, 'must be 1 to 50 of A-Z, 0-9 and _, beginning with a letter')
  .meta({ example: 'CUSTOMER_REQUEST' });

/** Returns the schema of a reason. Its text is stored outside of events, so that it can be erased. */
export const reasonOf = <Code extends z.ZodType>(code: Code) => z.strictObject({ code, text: text(1000).optional() });

/** The path of an operation on one license. */
export const licensePath = z.strictObject({ licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q') });

/** A parameter that is true or false. Document it with `readAs({ type: 'boolean' })`. */
export const booleanText = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Documents a parameter by the type that its text is parsed to, without the pattern of the text. */
export const readAs =
  (type: z.core.JSONSchema.BaseSchema) =>
  ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
    delete jsonSchema.pattern;
    delete jsonSchema.enum;
    Object.assign(jsonSchema, type);
  };

/** The number of entries on a page, as digits in a query. */
export const pageLimit = z
  .string()
  .regex(/^[1-9][0-9]{0,2}$/, 'must be a number from 1 to 100')
  .transform(Number)
  .refine((limit) => limit <= 100, 'must be a number from 1 to 100')
  .meta({ override: readAs({ type: 'integer', minimum: 1, maximum: 100, default: 50 }), example: 50 });

/** The number of entries on a page by default. */
export const pageLimitDefault = 50;

/** The place where a page begins, from the nextCursor of an earlier answer. */
export const cursor = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[A-Za-z0-9_-]+$/, 'must be a nextCursor of an earlier answer');

/** Returns the schema of one page of a list. */
export const pageOf = <Entry extends z.ZodType>(entry: Entry) =>
  z.strictObject({ data: z.array(entry), nextCursor: z.string().nullable(), hasMore: z.boolean() });
