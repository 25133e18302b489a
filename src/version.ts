import { readFileSync } from 'node:fs';
import { ownFile } from './own-files.ts';

const manifest = JSON.parse(readFileSync(ownFile('package.json'), 'utf8')) as {
  version: string;
};

/** The version of this package, as in package.json. */
export const version = manifest.version;
