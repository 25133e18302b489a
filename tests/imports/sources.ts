import { readdirSync, readFileSync } from 'node:fs';
import type { Source } from './check.ts';

/** Reads every file of src. */
export const readSources = (): readonly Source[] =>
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(`src/${path}`, 'utf8') }));
