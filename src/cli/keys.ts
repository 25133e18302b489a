import { loadConfig } from '../config.ts';
import { readKeyFiles } from '../identity/key-files.ts';
import { rotateKeys } from '../identity/make-keys.ts';
import { exitCodes, NothingToCheck, RefusedByPolicy } from './exit-codes.ts';
import { printResult } from './output/print-result.ts';
import { table } from './table.ts';

/**
 * `ledger keys rotate`: adds a key that signs from now on. Exits with 5 and changes nothing when that would end tokens
 * that are in use, and with 6 where no server has created a key.
 */
export const keysRotateCommand = async ({ force, json }: { force: boolean; json: boolean }): Promise<void> => {
  const { jwtKeysDir, accessTokenSeconds, clockOffsetSeconds } = loadConfig();
  const { keys, faults } = await readKeyFiles(jwtKeysDir);
  if (keys.length + faults.length === 0) throw noKey(jwtKeysDir);
  const now = () => new Date(Date.now() + clockOffsetSeconds * 1_000);
  const rotation = await rotateKeys({ directory: jwtKeysDir, accessTokenSeconds, now, force });
  if ('refused' in rotation) throw new RefusedByPolicy(rotation.refused);
  const removed = rotation.removed.map(({ kid }) => kid);
  printResult(json, { created: rotation.created.kid, removed }, [
    `${rotation.created.kid} signs from now on.`,
    ...removed.map((kid) => `${kid} was removed. Its tokens no longer work.`),
  ]);
};

/** `ledger keys list`: prints the keys, the newest first. Exits with 1 when a file cannot be used, and with 6 without a key. */
export const keysListCommand = async ({ json }: { json: boolean }): Promise<void> => {
  const { jwtKeysDir } = loadConfig();
  const { keys, faults } = await readKeyFiles(jwtKeysDir);
  const rows = keys.map(({ kid, createdAt }, index) => ({
    kid,
    createdAt: createdAt.toISOString(),
    signs: index === 0,
    verifies: true,
  }));
  const cells = rows.map(({ kid, createdAt, signs }) => [kid, createdAt, signs ? 'signs, verifies' : 'verifies']);
  if (json) console.log(JSON.stringify(rows, null, 2));
  else if (rows.length > 0) console.log(table(['kid', 'created', 'use'], cells));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = exitCodes.failed;
  else if (rows.length === 0) throw noKey(jwtKeysDir);
};

const noKey = (directory: string): NothingToCheck =>
  new NothingToCheck(
    `There is no key in ${directory}. The first start creates one. Set JWT_KEYS_DIR or LEDGER_DATA_DIR to the directory of your server.`,
  );
