// The licenses of the packages that are part of dist ask to go with every copy of their code.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Returns one text with name, version and license of every package in a bundle. `metafile` is what `bundle` returns. Throws
 * when a package has no license text and names no license.
 */
export const noticesOf = (root, metafile) => {
  const folders = Object.keys(metafile.inputs).flatMap((input) => packageFolder(input) ?? []);
  return [...new Set(folders)]
    .sort()
    .map((folder) => noticeOf(path.join(root, folder)))
    .join(`\n${'-'.repeat(80)}\n\n`);
};

/** Returns the folder of the package that a file belongs to, or undefined for a file of src. */
const packageFolder = (file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];

const noticeOf = (folder) => {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  if (texts.length === 0 && !license) throw new Error(`${name} ${version} names no license.`);
  const read = (file) => readFileSync(path.join(folder, file), 'utf8').trim();
  return [`${name} ${version} (${license ?? 'see below'})`, ...texts.map(read)].join('\n\n').concat('\n');
};
