// Creates the secrets of docker-compose.yml, once: what exists stays. The first argument is the directory.
// Plain JavaScript without dependencies. The files are readable by their owner and its group only.
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const directory = process.argv[2];
if (directory === undefined) {
  console.error('Name the directory of the secrets: node deploy/make-secrets.js <directory>');
  process.exit(2);
}

/** Writes a file that is complete as soon as it exists. Returns the text of the one that was there first. */
const writeOnce = (name, text) => {
  const file = path.join(directory, name);
  const unfinished = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(unfinished, `${text}\n`, { mode: 0o640, flag: 'wx' });
    linkSync(unfinished, file);
    console.log(`Created ${file}.`);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    console.log(`Kept ${file}.`);
  } finally {
    rmSync(unfinished, { force: true });
  }
  return readFileSync(file, 'utf8').trim();
};

/** A password that needs no escape in a URL. */
const newPassword = () => randomBytes(24).toString('base64url');

writeOnce('ledger-secret', randomBytes(32).toString('base64'));
const postgres = writeOnce('postgres-password', newPassword());
writeOnce('database-url', `postgres://ledger:${postgres}@postgres:5432/ledger`);
const redis = writeOnce('redis-password', newPassword());
writeOnce('redis-url', `redis://:${redis}@redis:6379`);
