import { writeFileSync } from 'node:fs';
import { currentOpenApi } from './openapi.ts';

/** The file of the client's types. */
export const clientTypesFile = 'packages/client/src/generated/operations.ts';

/** `ledger client-types`: prints or writes the client's types of the API's operations. Needs no server. */
export const clientTypesCommand = ({ write }: { write: boolean }): void => {
  if (write) writeFileSync(clientTypesFile, currentClientTypes());
  else process.stdout.write(currentClientTypes());
};

/** Returns the client's types from the schemas of the OpenAPI document: every operation with its input and answer. */
export const currentClientTypes = (): string => {
  const document: Document = JSON.parse(currentOpenApi());
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) => `export type ${typeName(name)} = ${typeOf(schema)};`,
  );
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  );
  const called = operations.filter((operation) => answerOf(operation) !== null);
  return [
    '// Generated from the routes by `ledger client-types --write`.',
    ...schemas,
    '/** The input and the answer of every operation. */',
    'export type Operations = {',
    ...called.map((operation) => `  ${operation.operationId}: ${signatureOf(operation)};`),
    '};',
    '/** The method and path of every operation. `repeats` is true when it accepts an Idempotency-Key. */',
    'export const operations = {',
    ...called.map((operation) => `  ${operation.operationId}: ${placeOf(operation)},`),
    '} as const satisfies Record<keyof Operations, { method: string; path: string; repeats: boolean }>;',
    '',
  ].join('\n');
};

type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
};
type Parameter = { readonly in: string; readonly name: string; readonly required?: boolean; readonly schema: Schema };
type Content = { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> };
type Operation = {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content & { readonly required?: boolean };
  readonly responses: Readonly<Record<string, Content>>;
};
type Placed = Operation & { readonly path: string; readonly method: string };
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

const signatureOf = (operation: Placed): string => {
  const parts = [
    parametersOf('path', 'params', operation),
    parametersOf('query', 'query', operation),
    bodyOf(operation),
    `answer: ${answerOf(operation) ?? 'undefined'}`,
  ];
  return `{ ${parts.filter((part) => part !== '').join('; ')} }`;
};

const parametersOf = (place: string, name: string, { parameters = [] }: Placed): string => {
  const here = parameters.filter((parameter) => parameter.in === place);
  if (here.length === 0) return '';
  const fields = here.map(({ name: field, required, schema }) => {
    // A query is text, and the client converts numbers.
    const type = place === 'query' && schema.type === 'integer' ? 'number' : typeOf(schema);
    return `${quoted(field)}${required === true ? '' : '?'}: ${type}`;
  });
  const isOptional = here.every(({ required }) => required !== true);
  return `${name}${isOptional ? '?' : ''}: { ${fields.join('; ')} }`;
};

const bodyOf = ({ requestBody }: Placed): string => {
  const schema = requestBody?.content?.['application/json']?.schema;
  return schema === undefined ? '' : `body${requestBody?.required === true ? '' : '?'}: ${typeOf(schema)}`;
};

/**
 * Returns the type of a success: `undefined` without a body, and null for an answer that is not JSON, which the client
 * does not call.
 */
const answerOf = ({ responses }: Operation): string | null => {
  const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  const types = successes.map(([, { content }]) => {
    if (content === undefined) return 'undefined';
    const schema = content['application/json']?.schema;
    return schema === undefined ? null : typeOf(schema);
  });
  return types.includes(null) ? null : [...new Set(types)].join(' | ');
};

const placeOf = ({ method, path, parameters = [] }: Placed): string => {
  const repeats = parameters.some(({ name }) => name === 'Idempotency-Key');
  return `{ method: '${method.toUpperCase()}', path: '${path}', repeats: ${repeats} }`;
};

const typeOf = (schema: Schema): string => {
  const { $ref, type, anyOf, oneOf, allOf } = schema;
  if ($ref !== undefined) return typeName($ref.slice($ref.lastIndexOf('/') + 1));
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const either = anyOf ?? oneOf;
  // A plain `string` in a union would hide the known texts.
  const isOpen = either?.some(({ $ref: known }) => known !== undefined) === true;
  if (either !== undefined)
    return either.map((option) => (isOpen && option.type === 'string' ? '(string & {})' : typeOf(option))).join(' | ');
  if (allOf !== undefined) return allOf.map((part) => `(${typeOf(part)})`).join(' & ');
  if (Array.isArray(type)) return type.map((name) => typeOf({ ...schema, type: name })).join(' | ');
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `(${typeOf(schema.items ?? {})})[]`;
    case 'object':
      return objectOf(schema);
    default:
      return 'unknown';
  }
};

const objectOf = ({ properties = {}, required = [], additionalProperties }: Schema): string => {
  const fields = Object.entries(properties).map(
    ([name, schema]) => `${quoted(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`,
  );
  // A Record type may not refer to itself.
  const values = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown';
  const others = fields.length > 0 ? '[name: string]: unknown' : `[name: string]: ${values}`;
  const isOpen = fields.length === 0 || typeof additionalProperties === 'object';
  if (fields.length === 0 && additionalProperties === false) return 'Record<string, never>';
  return `{ ${[...fields, ...(isOpen ? [others] : [])].join('; ')} }`;
};

const typeName = (name: string): string => name;
const quoted = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));
