import { parseAst } from 'vitest/node';

/** A name that a file declares for a value: a variable, a parameter, or a part of a destructured value. */
export type DeclaredName = { readonly name: string; readonly line: number };

/** A function of a file, with the number of its parameters. */
export type DeclaredFunction = { readonly parameters: number; readonly line: number };

/** Returns the names and functions that the text of a TypeScript file declares. Types declare none. */
export const declarationsOf = (
  text: string,
): { readonly names: readonly DeclaredName[]; readonly functions: readonly DeclaredFunction[] } => {
  const names: DeclaredName[] = [];
  const functions: DeclaredFunction[] = [];
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length;
  visit(parseAst(text, { lang: 'ts' }), (node) => {
    const { params } = node;
    if (isFunction(node) && Array.isArray(params))
      functions.push({ parameters: params.length, line: lineOf(node.start) });
    const patterns = isFunction(node) ? [node.id, params] : [node.type === 'VariableDeclarator' ? node.id : undefined];
    for (const { name, start } of namesIn(patterns)) names.push({ name, line: lineOf(start) });
  });
  return { names, functions };
};

type Node = { readonly type: string; readonly start: number } & Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

const isFunction = ({ type }: Node): boolean =>
  type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression';

const visit = (value: unknown, see: (node: Node) => void): void => {
  if (Array.isArray(value)) for (const entry of value) visit(entry, see);
  if (!isNode(value)) return;
  see(value);
  for (const member of Object.values(value)) if (typeof member === 'object') visit(member, see);
};

/** Returns the names that a pattern binds. A default value binds none. */
const namesIn = (pattern: unknown): readonly { readonly name: string; readonly start: number }[] => {
  if (Array.isArray(pattern)) return pattern.flatMap(namesIn);
  if (!isNode(pattern)) return [];
  switch (pattern.type) {
    case 'Identifier':
      return [{ name: String(pattern.name), start: pattern.start }];
    case 'ObjectPattern':
      return namesIn(pattern.properties);
    case 'ArrayPattern':
      return namesIn(pattern.elements);
    case 'Property':
      return namesIn(pattern.value);
    case 'AssignmentPattern':
      return namesIn(pattern.left);
    case 'RestElement':
      return namesIn(pattern.argument);
    default:
      return [];
  }
};
