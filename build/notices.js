// The licenses of the packages that are part of dist ask to go with every copy of their code, and scanners for known
// weaknesses cannot see these packages in node_modules.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Returns the packages in a bundle, by name. `metafile` is what `bundle` returns. `texts` are the files with the license.
 * Throws when a package has no license text and names no license.
 */
export const packagesIn = (root, metafile) => {
  const folders = Object.keys(metafile.inputs).flatMap((input) => packageFolder(input) ?? []);
  return [...new Set(folders)].sort().map((folder) => readPackage(path.join(root, folder)));
};

/** Returns one text with name, version and license of every package. */
export const noticesOf = (packages) =>
  packages
    .map(({ name, version, license, texts }) =>
      [`${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n').concat('\n'),
    )
    .join(`\n${'-'.repeat(80)}\n\n`);

/** Returns the list of the packages in the format CycloneDX 1.5, which scanners read. */
export const bomOf = (product, packages) => {
  const component = ({ name, version, license }, type) => ({
    type,
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
  });
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: component(product, 'application') },
    components: packages.map((one) => component(one, 'library')),
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
};

/** Returns the folder of the package that a file belongs to, or undefined for a file of src. */
const packageFolder = (file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];

const readPackage = (folder) => {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  if (files.length === 0 && !license) throw new Error(`${name} ${version} names no license.`);
  const texts = files.map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
  return { name, version, license, texts };
};
