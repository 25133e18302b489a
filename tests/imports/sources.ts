import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import type { Source } from './check.ts';

/** Reads every file of src and of the other packages. */
export const readSources = (): readonly Source[] => ['src', 'packages/client/src'].flatMap(sourcesBelow);

const sourcesBelow = (folder: string): readonly Source[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .map((file) => ({ path: posix.relative('src', file), text: readFileSync(file, 'utf8') }));
