// The licenses of the packages that are part of dist ask to go with every copy of their code, and scanners for known
// weaknesses cannot see these packages in node_modules.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Returns the packages that files belong to, by name. `texts` are the files with the license. A package
 * without one gets the standard text when it is in `withoutText`. Throws for any other package without one.
 */
export const packagesIn = (root, files) => {
  const folders = files.flatMap((file) => packageFolder(file) ?? []);
  return [...new Set(folders)].sort().map((folder) => readPackage(root, path.join(root, folder)));
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

const readPackage = (root, folder) => {
  const { name, version, license, author } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const texts = files.map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
  if (texts.length === 0) texts.push(standardText(root, { name, version, license, author }));
  return { name, version, license, texts };
};

// Packages that name their license and have no text of it. Somebody has read that their repository has this license.
const withoutText = {
  '@bomb.sh/tab': 'MIT',
  '@eventstore/db-client': 'Apache-2.0',
  'pg-copy-streams': 'MIT',
  'pg-types': 'MIT',
  pgpass: 'MIT',
};

const standardText = (root, { name, version, license, author }) => {
  const holder = (author?.name ?? author ?? '').replace(/ *[<(].*/, '');
  if (license === undefined || withoutText[name] !== license || holder === '')
    throw new Error(
      `${name} ${version} has no file with its license (${license}). Read its license, and add it to build/notices.js.`,
    );
  // The product has the same license. What follows the terms there is about the product.
  const terms = /^[\s\S]*END OF TERMS AND CONDITIONS/;
  const text = license === 'MIT' ? mit : terms.exec(readFileSync(path.join(root, 'LICENSE'), 'utf8'))?.[0];
  return `Copyright (c) ${holder}\n\n${text}`;
};

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files
(the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge,
publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR
ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH
THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
