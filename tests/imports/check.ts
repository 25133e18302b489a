import { posix } from 'node:path';
import type { Allowed } from './allowed.ts';

/** A source file: `path` is relative to src. */
export type Source = { readonly path: string; readonly text: string };

/** Returns a sentence for each import that the table does not allow, and for each circle of imports. */
export const faultsOf = (sources: readonly Source[], table: Readonly<Record<string, Allowed>>): readonly string[] => {
  const unlisted = sources.filter(({ path }) => table[placeOf(path)] === undefined);
  const unused = Object.keys(table).filter((place) => !sources.some(({ path }) => placeOf(path) === place));
  return [
    ...unlisted.map(
      ({ path }) => `${fromRoot(path)}: ${placeOf(path)} is not in the table of tests/imports/allowed.ts.`,
    ),
    ...unused.map((place) => `${fromRoot(place)} is in the table of tests/imports/allowed.ts and has no file.`),
    ...sources.flatMap((source) => refusedImports(source, table[placeOf(source.path)])),
    ...circlesOf(sources).map(
      (circle) => `These files import each other in a circle: ${circle.map(fromRoot).join(', ')}.`,
    ),
  ];
};

/** Returns the imports of a file: of values and types, static and dynamic. */
export const importsOf = (text: string): readonly string[] => {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const statics = code.matchAll(/^(?:import|export)\b[^;'"`]*?\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]/gm);
  const dynamics = code.matchAll(/\bimport\(\s*(?:['"]([^'"]+)['"]|([^)]*))/g);
  return [...statics, ...dynamics].map(([, first, second]) => first ?? second ?? '');
};

/** Returns the groups of files that import each other in a circle. */
export const circlesOf = (sources: readonly Source[]): readonly (readonly string[])[] => {
  const next = new Map(
    sources.map(({ path, text }) => [
      path,
      importsOf(text)
        .filter(isOurs)
        .map((name) => targetOf(path, name)),
    ]),
  );
  const reach = new Map([...next.keys()].map((path) => [path, reachableFrom(path, next)]));
  const isCircular = (path: string, other: string) =>
    reach.get(path)?.has(other) === true && reach.get(other)?.has(path) === true;
  const circles = [...next.keys()].map((path) => [...next.keys()].filter((other) => isCircular(path, other)).sort());
  return circles.filter((circle, place) => circle[0] === [...next.keys()][place]);
};

/** Returns the table as Markdown, as in CONTRIBUTING.md. */
export const markdownOf = (table: Readonly<Record<string, Allowed>>): string => {
  const list = (names: readonly string[] | 'everything') =>
    names === 'everything' ? names : names.length === 0 ? 'nothing' : names.map((name) => `\`${name}\``).join(', ');
  const lines = Object.entries(table).map(
    ([place, { holds, ours, packages }]) => `| \`${fromRoot(place)}\` | ${holds} | ${list(ours)} | ${list(packages)} |`,
  );
  return ['| folder | holds | may import of ours | and of packages |', '|---|---|---|---|', ...lines].join('\n');
};

const refusedImports = ({ path, text }: Source, allowed: Allowed | undefined): readonly string[] =>
  importsOf(text)
    .filter((name) => allowed !== undefined && !isAllowed(path, name, allowed))
    .map((name) => `${fromRoot(path)} may not import ${name}: see the table of tests/imports/allowed.ts.`);

const isAllowed = (path: string, name: string, { ours, packages }: Allowed): boolean => {
  if (!isOurs(name)) return packages === 'everything' || packages.some((entry) => isNamed(name, entry));
  const target = targetOf(path, name);
  if (placeOf(target) === placeOf(path)) return true;
  if (target.startsWith('..')) return false;
  if (ours === 'everything') return true;
  return ours.includes(placeOf(target)) || ours.includes(target);
};

const isNamed = (name: string, entry: string): boolean =>
  entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry;

const isOurs = (name: string): boolean => name.startsWith('.');

/**
 * Returns the folder of src that contains the file, or the file itself when it is directly in src. Another package, such
 * as `../packages/client/src`, is one place.
 */
const placeOf = (path: string): string => /^\.\.\/packages\/[^/]+\/src|^[^/]*/.exec(path)?.[0] ?? path;

/** Returns a path from the root of the project. */
const fromRoot = (path: string): string => posix.join('src', path);

const targetOf = (path: string, name: string): string => posix.join(posix.dirname(path), name);

const reachableFrom = (start: string, next: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> => {
  const reached = new Set<string>();
  const open = [...(next.get(start) ?? [])];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    open.push(...(next.get(path) ?? []));
  }
  return reached;
};
