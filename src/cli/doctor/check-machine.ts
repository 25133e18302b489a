import { satisfies } from 'semver';
import { freeBytesMin } from '../health/check-disk.ts';
import { counted } from '../output/counted.ts';
import { type Finding, note, ok, todo, unknown } from './finding.ts';

/** A port that the configuration names, and who has it. */
export type PortFacts = {
  readonly variable: 'PORT' | 'MANAGEMENT_PORT';
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly state: 'free' | 'ours' | 'taken' | 'forbidden' | 'not_here';
};

/** A secret file that exists, with the permission bits of its mode. */
export type FileFacts = { readonly path: string; readonly mode: number; readonly isOurs: boolean };

/**
 * A directory of the notary. `isDefault`: it is in LEDGER_DATA_DIR. `fault`: why it cannot hold files, as a part of a
 * sentence; null: nothing is known against it.
 */
export type DirectoryFacts = {
  readonly variable: string;
  readonly directory: string;
  readonly isDefault: boolean;
  readonly fault: string | null;
};

/** What a check of this machine reads. `requiredNode` is the range of package.json. */
export type MachineFacts = {
  readonly node: string;
  readonly requiredNode: string;
  /** Null: npm was not found. */
  readonly npm: string | null;
  readonly ports: readonly PortFacts[];
  readonly dataDir: string;
  readonly freeBytes: number | null;
  readonly files: readonly FileFacts[];
  readonly keyFaults: readonly string[];
  readonly logDirectories: readonly DirectoryFacts[];
};

/** Checks the machine: versions, ports, disk and secret files. */
export const checkMachine = (facts: MachineFacts): readonly Finding[] => [
  checkNode(facts),
  facts.npm === null
    ? note('npm', 'npm was not found.', 'It is needed only to install the product.')
    : ok('npm', `npm ${facts.npm}.`),
  ...facts.ports.map(checkPort),
  checkSpace(facts),
  ...checkFiles(facts.files),
  ...facts.keyFaults.map((fault) => todo('keys', fault, 'Repair the file, or remove it.')),
  ...facts.logDirectories.map(checkLogDirectory),
];

const checkNode = ({ node, requiredNode }: MachineFacts): Finding =>
  satisfies(node, requiredNode)
    ? ok('node', `Node ${node}.`)
    : todo('node', `Node ${node} is not supported.`, `Install a version of ${requiredNode}.`);

const checkPort = ({ variable, host, port, state }: PortFacts): Finding => {
  const check = variable.toLowerCase().replace('_', ' ');
  const place = `${host}:${port}`;
  if (port === 0) return ok(check, 'Any free port is taken.');
  if (state === 'free') return ok(check, `${place} is free.`);
  if (state === 'ours') return ok(check, `${place} belongs to a running ledger.`);
  if (state === 'not_here')
    return todo(check, `${host} is not an address of this machine.`, 'Set HOST or MANAGEMENT_HOST.');
  if (state === 'forbidden')
    return todo(check, `This user may not listen on ${place}.`, `Set ${variable} to 1024 or more.`);
  return todo(check, `${place} belongs to another program.`, `Stop it, or set ${variable} to another port.`);
};

const checkSpace = ({ dataDir, freeBytes }: MachineFacts): Finding => {
  if (freeBytes === null) return unknown('disk', `The free space for ${dataDir} cannot be read.`);
  const free = `${Math.floor(freeBytes / 1024 / 1024)} MiB are free for ${dataDir}.`;
  return freeBytes < freeBytesMin ? todo('disk', free, 'Free space on this disk.') : ok('disk', free);
};

const checkFiles = (files: readonly FileFacts[]): readonly Finding[] => {
  const open = files.filter(({ mode, isOurs }) => (mode & (isOurs ? 0o077 : 0o002)) !== 0);
  const readable = files.filter(({ mode, isOurs }) => !isOurs && (mode & 0o006) === 0o004);
  if (open.length === 0 && readable.length === 0)
    return [ok('secret files', `${counted(files.length, 'file')}, only for the owner.`)];
  return [
    ...open.map(({ path, mode }) =>
      todo('secret files', `Others may open ${path} (mode ${octal(mode)}).`, `Run chmod 600 ${path}.`),
    ),
    ...readable.map(({ path, mode }) =>
      note(
        'secret files',
        `Every user of this machine may read ${path} (mode ${octal(mode)}).`,
        'In a container of its own this is usual.',
      ),
    ),
  ];
};

const checkLogDirectory = ({ variable, directory, isDefault, fault }: DirectoryFacts): Finding => {
  if (fault === null) return ok('log directories', `${variable} is ${directory}.`);
  const detail = `The directory ${directory} of ${variable} cannot be used: ${fault}.`;
  const action = `A process with the role notary does not start here: set ${variable} to another one.`;
  // A machine without a notary does not need it, and nobody has named it.
  return isDefault ? note('log directories', detail, action) : todo('log directories', detail, action);
};

const octal = (mode: number): string => `0${(mode & 0o777).toString(8)}`;
