import { foldVersions } from '../aggregates/fold-versions.ts';
import { newSha256 } from '../proof/hashing/sha256.ts';
import { mustBe } from '../proof/invalid.ts';
import { type Checkpoint, openCheckpoint } from '../proof/notes/checkpoints.ts';
import { parseOrigin } from '../proof/notes/log-origins.ts';
import { formatVerifierKey, parseVerifierKey } from '../proof/notes/verifier-keys.ts';
import { openTrusted, type Report, type TrustedKeys } from '../proof/reports.ts';
import { fileLengthMax, hexOf, textOf } from '../proof/text/bytes.ts';
import { checkHistories, licensesOf, placesByLeaves, placesByProofs } from './check-histories.ts';
import { checkLeaves } from './check-leaves.ts';
import { packFiles, packPlaces } from './pack-files.ts';
import { type Manifest, parseManifest } from './pack-manifest.ts';
import { type CheckedPack, reportOnPack } from './pack-report.ts';
import { formatReadMe } from './read-me.ts';
import { crc32 } from './zip/crc32.ts';
import { type ByteSource, readZip, type ZipFile } from './zip/read-zip.ts';

/**
 * What the reader of a pack trusts and demands. `older`: notes of checkpoints that the reader has, which the log of the
 * pack must continue. `licenses`: those that the pack must have, exactly; absent: any. `proofsOnly`: true accepts a pack
 * without leaves, which does not prove that a history is complete.
 */
export type PackTrust = TrustedKeys & {
  readonly older?: readonly string[];
  readonly licenses?: readonly string[];
  readonly proofsOnly?: boolean;
};

/**
 * Checks an evidence pack: its files, events, hash chains and places in the log, the signatures, and its states, which
 * it folds again. It reads the pack in parts. Throws InvalidProof, which names the first wrong thing.
 */
export const verifyPack = async (pack: ByteSource, trust: PackTrust): Promise<Report> => {
  const files = await openFiles(pack);
  const manifest = parseManifest(await textOfFile(files(packFiles.manifest)));
  await checkFiles(manifest, files);
  mustBe(
    manifest.software.fold === foldVersions.license,
    `The states of the pack are those of the fold ${manifest.software.fold}, and this verifier has ${foldVersions.license}. Take the verifier of the release ${manifest.software.version}.`,
  );
  const checkpoint = openTrusted(await textOfFile(files(packFiles.checkpoint)), trust);
  const { organizationId } = parseOrigin(checkpoint.origin);
  mustBe(organizationId === manifest.organizationId, 'The checkpoint is of the log of another organization.');
  const isComplete = hasLeaves(manifest);
  mustBe(
    isComplete || trust.proofsOnly === true,
    'This pack has no leaves, so events may be left out of it. The option --proofs-only accepts such a pack.',
  );
  await checkTexts(files, { manifest, checkpoint, isComplete });
  const older = (trust.older ?? []).map((note) => olderCheckpoint(note, checkpoint, trust));
  const licenses = await licensesOf(files(packFiles.states));
  checkLicenses(licenses, manifest, trust.licenses);
  const opening = { manifest, checkpoint, older, licenses, isComplete };
  return reportOnPack({ ...opening, ...(await checkAll(files, opening)) });
};

/** Checks the files that nothing else needs, so that a pack tells its reader nothing that this program does not write. */
const checkTexts = async (
  files: Files,
  { manifest, checkpoint: { origin, size }, isComplete }: Pick<Opening, 'manifest' | 'checkpoint' | 'isComplete'>,
): Promise<void> => {
  const readMe = formatReadMe({ ...manifest, origin, size, isComplete });
  const { readMe: name, keys: keysName } = packFiles;
  mustBe((await textOfFile(files(name))) === readMe, `${name} is not the text that this program writes for the pack.`);
  const text = await textOfFile(files(keysName));
  const keys = text.trimEnd().split('\n').map(parseVerifierKey);
  mustBe(
    keys.every((key) => key.name === origin && key.kind === 'LOG'),
    `${keysName} has a key that is not of the log ${origin}.`,
  );
  mustBe(
    text === keys.map((key) => `${formatVerifierKey(key)}\n`).join(''),
    `${keysName} does not have one key on each line.`,
  );
};

/** Returns the file with a name. */
type Files = (name: string) => ZipFile;

const openFiles = async (pack: ByteSource): Promise<Files> => {
  const all = new Map((await readZip(pack, packPlaces)).map((file) => [file.name, file]));
  return (name) => {
    const file = all.get(name);
    mustBe(file !== undefined, `The pack lacks the file ${name}.`);
    return file;
  };
};

const hasLeaves = ({ files }: Manifest): boolean => files.some(({ name }) => name === packFiles.leaves);

/** Checks size, CRC-32 and SHA-256 of each file that the manifest lists, which are all others. */
const checkFiles = async ({ files }: Manifest, fileOf: Files): Promise<void> => {
  const places = packPlaces.slice(0, -1);
  const isListed = files.length === places.length && places.every((names, at) => names.includes(files[at]?.name ?? ''));
  mustBe(isListed, 'manifest.json does not list the files of the pack in their order.');
  for (const { name, bytes, sha256 } of files) {
    const file = fileOf(name);
    mustBe(file.size === bytes, `${name} has ${file.size} bytes, and manifest.json says ${bytes}.`);
    const { hash, crc } = await digestsOf(file);
    mustBe(hash === sha256, `${name} does not have the SHA-256 that manifest.json names: it was changed.`);
    mustBe(crc === file.crc, `${name} does not have the CRC-32 that the zip names.`);
  }
  const manifest = fileOf(packFiles.manifest);
  mustBe(
    (await digestsOf(manifest)).crc === manifest.crc,
    'manifest.json does not have the CRC-32 that the zip names.',
  );
};

const digestsOf = async (file: ZipFile): Promise<{ readonly hash: string; readonly crc: number }> => {
  const sha256 = newSha256();
  let crc = 0;
  for (let at = 0; at < file.size; at += partBytes) {
    const part = await file.read(at, at + partBytes);
    sha256.update(part);
    crc = crc32(crc, part);
  }
  return { hash: hexOf(sha256.digest()), crc };
};

const partBytes = 1_000_000;

const textOfFile = async (file: ZipFile): Promise<string> =>
  textOf(await file.read(0, Math.min(file.size, fileLengthMax + 1)), file.name);

const olderCheckpoint = (note: string, { origin, size }: Checkpoint, { logs }: TrustedKeys): Checkpoint => {
  const older = openCheckpoint(note, logs);
  mustBe(older.origin === origin, `The checkpoints are of two logs, ${older.origin} and ${origin}.`);
  mustBe(older.size <= size, `Your older checkpoint has ${older.size} events, and that of the pack has ${size}.`);
  return older;
};

const checkLicenses = (licenses: readonly string[], manifest: Manifest, demanded: PackTrust['licenses']): void => {
  const lists = [manifest.query.licenses, demanded ?? null];
  for (const list of lists) {
    if (list === null) continue;
    const [packed, listed] = [new Set(licenses), new Set(list)];
    const missing = list.find((id) => !packed.has(id));
    mustBe(missing === undefined, `The pack lacks the license ${missing}.`);
    const further = licenses.find((id) => !listed.has(id));
    mustBe(further === undefined, `The pack has the license ${further}, which nobody asked for.`);
  }
};

type Opening = Omit<CheckedPack, 'checked' | 'lastAt'>;

const checkAll = async (files: Files, opening: Opening): Promise<Pick<CheckedPack, 'checked' | 'lastAt'>> => {
  const { manifest, checkpoint, older, licenses, isComplete } = opening;
  mustBe(
    isComplete || older.length === 0,
    'This pack has no leaves, so it cannot be compared with an older checkpoint. Check a consistency proof instead.',
  );
  const streams = new Set(licenses.map((id) => `license-${id}`));
  const leaves = isComplete ? await checkLeaves(files(packFiles.leaves), { checkpoint, older }, streams) : null;
  const checked = await checkHistories({
    events: files(packFiles.events),
    states: files(packFiles.states),
    instants: manifest.query,
    organizationId: manifest.organizationId,
    leaves,
    places: leaves === null ? placesByProofs(files(packFiles.proofs), checkpoint) : placesByLeaves(leaves),
  });
  const { counts } = manifest;
  const isCounted = counts.licenses === checked.licenses && counts.events === checked.events;
  mustBe(isCounted && counts.leaves === (isComplete ? checkpoint.size : 0), 'manifest.json has wrong counts.');
  return { checked, lastAt: leaves?.lastAt ?? null };
};
