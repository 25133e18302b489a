import fc from 'fast-check';
import { z } from 'zod';
import { type Chance, oneOf } from '../chance.ts';

/** What values are drawn from: chance, and what the field's name or the kind of its id (`lic`) makes likely to be right. */
export type Source = {
  readonly chance: Chance;
  /** Undefined: nothing is known of such a field. */
  readonly known: (name: string, idPrefix: string | null) => unknown;
};

type Schema = z.core.$ZodType;

/**
 * A value that the schema takes, as JSON has it; undefined for something optional that is left out. Throws where none was found:
 * then this file knows too little of the schema.
 */
export const drawValue = (schema: Schema, source: Source, name = ''): unknown => {
  const { chance } = source;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional || schema instanceof z.ZodDefault)
    return chance.percent(45) ? drawValue(schema.unwrap(), source, name) : undefined;
  if (schema instanceof z.ZodNullable) return chance.percent(20) ? null : drawValue(schema.unwrap(), source, name);
  for (let tries = 0; tries < triesMax; tries++) {
    const value = candidate(schema, source, name, tries);
    if (z.safeParse(schema, value).success) return value;
  }
  throw new Error(
    `No value was found for ${name || 'the whole'}: ${JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))}`,
  );
};

const triesMax = 400;

const candidate = (schema: Schema, source: Source, name: string, tries: number): unknown => {
  const { chance } = source;
  if (schema instanceof z.ZodObject) return drawObject(schema, source);
  if (schema instanceof z.ZodArray) return drawArray(schema, source, name);
  if (schema instanceof z.ZodUnion) return drawValue(oneOf(schema.options, chance), source, name);
  if (schema instanceof z.ZodRecord) return drawRecord(schema, source);
  if (schema instanceof z.ZodLiteral) return oneOf([...schema.values], chance);
  if (schema instanceof z.ZodEnum) return oneOf(schema.options, chance);
  if (schema instanceof z.ZodBoolean) return chance.percent(50);
  if (schema instanceof z.ZodLazy || schema instanceof z.ZodUnknown) return drawJson(chance, 3);

  if (schema instanceof z.ZodPipe && !(schema.in instanceof z.ZodString))
    return candidate(schema.in, source, name, tries);

  const known = source.known(name, idPrefixOf(schema));
  if (known !== undefined && chance.percent(80)) return known;
  const { example, format } = z.globalRegistry.get(schema) ?? {};
  if (example !== undefined && tries > triesMax / 2) return example;
  if (schema instanceof z.ZodNumber) return drawNumber(schema, chance);
  if (format === 'date-time') return drawInstant(chance);
  return drawText(schema instanceof z.ZodPipe ? schema.in : schema, chance);
};

const drawObject = (schema: z.ZodObject, source: Source): unknown => {
  const fields = Object.entries(schema.shape).map(([name, field]) => [name, drawValue(field, source, name)] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
};

const drawArray = (schema: z.ZodArray, source: Source, name: string): unknown => {
  const length = source.chance.below(4);
  return Array.from({ length }, () => drawValue(schema.element, source, name));
};

const drawRecord = (schema: z.ZodRecord, source: Source): unknown => {
  const names = Array.from({ length: source.chance.below(4) }, () => String(drawValue(schema.keyType, source)));
  const safe = names.filter((name) => name !== '__proto__');
  return Object.fromEntries(safe.map((name) => [name, drawValue(schema.valueType, source)]));
};

const drawNumber = ({ minValue, maxValue }: z.ZodNumber, chance: Chance): number => {
  const [least, most] = [minValue ?? 0, maxValue ?? Number.MAX_SAFE_INTEGER];
  const small = Math.max(least, 0) + chance.below(20);
  return chance.one([small, small, small, least, most, Math.min(most, chance.below(1_000_000))]);
};

const drawInstant = (chance: Chance): string => {
  const year = chance.one(['0001', '2000', '2026', '2027', '2030', '9998']);
  const zone = chance.one(['Z', '.250Z', '+02:00', '-11:30']);
  return `${year}-0${1 + chance.below(9)}-1${chance.below(10)}T0${chance.below(10)}:30:00${zone}`;
};

const drawText = (schema: Schema, chance: Chance): string => {
  const patterns = patternsOf(schema);
  if (patterns[0] !== undefined) return oneOf(poolOf(patterns[0]), chance);
  if (schema instanceof z.ZodEmail) return `${letters(1 + chance.below(9), chance)}@fuzz.example`;
  const { minLength, maxLength } = schema instanceof z.ZodString ? schema : { minLength: 0, maxLength: 20 };
  const [least, most] = [minLength ?? 0, maxLength ?? 60];
  const length = chance.percent(10)
    ? most
    : chance.percent(10)
      ? least
      : least + chance.below(Math.min(most - least + 1, 40));
  return letters(length, chance);
};

const letters = (length: number, chance: Chance): string => {
  let text = '';
  while (text.length < length) text += oneOf(alphabet, chance);
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, 'x');
};

const alphabet = [
  ...'abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 _-.:/,"\'\\<>&%?#=äßéøłжעשيक你好한😀',
  '\n',
  '\u202e',
  'e\u0301',
];

/** A few texts of each pattern, drawn once: making them is slow. */
const poolOf = (pattern: RegExp): readonly string[] => {
  const known = pools.get(pattern.source) ?? fc.sample(fc.stringMatching(pattern), { numRuns: 100, seed: 1 });
  pools.set(pattern.source, known);
  return known;
};
const pools = new Map<string, readonly string[]>();

const patternsOf = (schema: Schema): readonly RegExp[] =>
  (schema._zod.def.checks ?? []).flatMap(({ _zod: { def } }) =>
    'pattern' in def && def.pattern instanceof RegExp ? [def.pattern] : [],
  );

const idPrefixOf = (schema: Schema): string | null =>
  patternsOf(schema).flatMap(({ source }) => /^\^([a-z]{3})_\[/.exec(source)?.[1] ?? [])[0] ?? null;

/** Any small JSON. */
export const drawJson = (chance: Chance, depth: number): unknown => {
  const scalar = () => chance.one<unknown>([null, true, 0, 1.5, -7, '', 'text', '你好', 2 ** 40]);
  if (depth === 0 || chance.percent(60)) return scalar();
  const length = chance.below(4);
  if (chance.percent(50)) return Array.from({ length }, () => drawJson(chance, depth - 1));
  return Object.fromEntries(Array.from({ length }, (_, n) => [`k${n}`, drawJson(chance, depth - 1)]));
};
