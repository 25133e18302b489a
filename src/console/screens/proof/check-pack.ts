// Before the schemas of the packs.
import './no-eval.ts';
import { packFiles, packPlaces } from '../../../packs/pack-files.ts';
import { type PackTrust, verifyPack } from '../../../packs/verify-pack.ts';
import { type ByteSource, readZip } from '../../../packs/zip/read-zip.ts';
import type { Report } from '../../../proof/reports.ts';

/**
 * Checks an evidence pack, as `verifyPack` does, in a page that allows no code from texts. Accepts a pack without leaves,
 * from which events may be left out, and says so with `lacksLeaves`.
 */
export const checkPack = async (
  pack: ByteSource,
  trust: Omit<PackTrust, 'proofsOnly'>,
): Promise<Report & { readonly lacksLeaves: boolean }> => {
  const report = await verifyPack(pack, { ...trust, proofsOnly: true });
  const files = await readZip(pack, packPlaces);
  return { ...report, lacksLeaves: !files.some(({ name }) => name === packFiles.leaves) };
};
