import { packFiles, packPlaces } from '../../src/packs/pack-files.ts';
import { formatManifest, type Manifest, parseManifest } from '../../src/packs/pack-manifest.ts';
import { readZip, sourceOfBytes } from '../../src/packs/zip/read-zip.ts';
import { newZipWriter, type WrittenFile } from '../../src/packs/zip/write-zip.ts';
import { growing } from './pack-in-memory.ts';

/** The texts of the files of a pack by their names, without the manifest. */
type Texts = Readonly<Record<string, string>>;

/** What a forger changes. `texts` returns the files that the pack then has. */
export type Forgery = {
  readonly texts?: (texts: Texts) => Texts;
  readonly manifest?: (manifest: Manifest) => Manifest;
};

/** Returns the pack with changed files whose CRC-32, SHA-256 and digests are computed again, as a forger does. */
export const rebuild = async (pack: Uint8Array, { texts, manifest: changed }: Forgery): Promise<Uint8Array> => {
  const files = await readZip(sourceOfBytes(pack), packPlaces);
  const all = await Promise.all(
    files.map(async ({ name, size, read }) => [name, new TextDecoder().decode(await read(0, size))] as const),
  );
  const { [packFiles.manifest]: manifestText = '', ...others } = Object.fromEntries(all);
  const sink = growing();
  const zip = newZipWriter(sink.writeAt);
  const written: WrittenFile[] = [];
  for (const [name, text] of Object.entries(texts === undefined ? others : texts(others)))
    written.push(await zip.add(name, [new TextEncoder().encode(text)]));
  const manifest = { ...parseManifest(manifestText), files: written };
  const forged = formatManifest(changed === undefined ? manifest : changed(manifest));
  await zip.add(packFiles.manifest, [new TextEncoder().encode(forged)]);
  return sink.bytes(await zip.end());
};

/** Returns the forgery that changes the text of one file. */
export const inFile = (name: string, change: (text: string) => string): Forgery => ({
  texts: (texts) => ({ ...texts, [name]: change(texts[name] ?? '') }),
});
